import Documents
package import Kubernetes

/// Reads workloads and what else of the cluster decides where their pods run and how they pull.
package struct WorkloadReader: Sendable {
  private let client: KubernetesClient

  package init(client: KubernetesClient) { self.client = client }

  /// The template of a workload of the cluster.
  package func template(of name: WorkloadName, in namespace: String) async throws -> WorkloadTemplate {
    let resource = DynamicResource(apiVersion: name.kind.apiVersion, plural: name.kind.plural)
    var object = try await client.object(resource, name.name, in: namespace)
    // The API server leaves the kind out of some answers, and a Pod is known by it.
    if name.kind == .pod { object["kind"] = "Pod" }
    guard let template = try WorkloadTemplate(object) else {
      throw WorkloadError(.noPodTemplate, "\(name) in namespace \(namespace) has no pod template")
    }
    return template
  }

  /// Adds what the cluster adds to each pod of the template: the pull secrets of its service account, and the
  /// scheduling of its runtime class.
  ///
  /// - Returns: what could not be read, and what that means.
  package func complete(_ template: inout WorkloadTemplate, in namespace: String) async throws -> [String] {
    var remarks: [String] = []
    if template.pullSecrets.isEmpty {
      let accounts = DynamicResource(apiVersion: "v1", plural: "serviceaccounts")
      do {
        let account = try await client.object(accounts, template.serviceAccount, in: namespace)
        template.pullSecrets = account["imagePullSecrets"]?.array?.compactMap { $0["name"]?.string } ?? []
      } catch let error as APIError where [.forbidden, .notFound].contains(error.code) {
        remarks.append(
          "\(template.source): its service account '\(template.serviceAccount)' cannot be read (\(error.detail)); "
            + "if it has pull secrets, name them with --pull-secret")
      }
    }
    return remarks + (try await placed(&template))
  }

  /// Adds the scheduling of its runtime class, which says where pods of the template may run.
  ///
  /// - Returns: what could not be read, and what that means.
  package func placed(_ template: inout WorkloadTemplate) async throws -> [String] {
    if let name = template.runtimeClass {
      let classes = DynamicResource(apiVersion: "node.k8s.io/v1", plural: "runtimeclasses", isNamespaced: false)
      do {
        let scheduling = try await client.object(classes, name)["scheduling"]
        let labels = try scheduling?["nodeSelector"]?.decoded(as: StringMap.self)
        template.nodeSelector = template.nodeSelector.merging(labels ?? [:])
        template.tolerations += try scheduling?["tolerations"]?.decoded(as: [Toleration].self) ?? []
      } catch let error as APIError where [.forbidden, .notFound].contains(error.code) {
        return [
          "\(template.source): its runtime class '\(name)' cannot be read (\(error.detail)); "
            + "nodes that it would rule out are warmed too"
        ]
      }
    }
    return []
  }
}
