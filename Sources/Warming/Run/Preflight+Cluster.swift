import ImageModel
import Documents
import Kubernetes

/// What the cluster allows.
extension Preflight {
  private typealias Permission = PreflightReport.Permission

  /// Everything that a run asks of the API server.
  private var needed: [Permission] {
    func permission(
      _ verb: String, _ resource: String, cluster: Bool = false, without: String? = nil
    ) -> Permission {
      Permission(
        verb: verb, resource: resource, group: "", namespace: cluster ? nil : request.namespace, without: without)
    }
    return [
      permission("list", "nodes", cluster: true), permission("watch", "nodes", cluster: true),
      permission("create", "pods"), permission("get", "pods"), permission("list", "pods"),
      permission("watch", "pods"), permission("delete", "pods"),
      permission("deletecollection", "pods", without: "pods are deleted one by one"),
      permission("create", "configmaps"), permission("get", "configmaps"), permission("patch", "configmaps"),
      permission("delete", "configmaps"),
      permission("list", "configmaps", without: "what killed runs left behind is not found"),
      permission("list", "events", without: "there is no progress to show"),
      permission("watch", "events", without: "there is no progress to show"),
    ]
  }

  func missingPermissions() async throws -> ([PreflightReport.Permission], Findings) {
    var findings = Findings()
    let missing: [Permission]
    do {
      missing = try await withThrowingTaskGroup(of: (Int, Bool).self) { group in
        for (index, permission) in needed.enumerated() {
          group.addTask { (index, try await isAllowed(permission)) }
        }
        var refused: [Int] = []
        for try await (index, isAllowed) in group where !isAllowed { refused.append(index) }
        return refused.sorted().map { needed[$0] }
      }
    } catch let error as APIError where error.code == .forbidden {
      findings.remark(
        "permissionsUnknown", "permissions could not be checked: \(error.detail)", "The run says what it lacks.")
      return ([], findings)
    }
    let vital = missing.filter { $0.without == nil }
    if !vital.isEmpty {
      findings.block(
        "forbidden", "you may not \(Self.grouped(vital))", "Ask who runs the cluster for a role with these verbs.")
    }
    for permission in missing {
      guard let without = permission.without else { continue }
      findings.remark("forbidden", "you may not \(permission): \(without)", "Ask for this permission.")
    }
    return (missing, findings)
  }

  /// `create, delete pods and create configmaps in namespace web; list nodes`.
  private static func grouped(_ permissions: [PreflightReport.Permission]) -> String {
    var groups: [(place: String, verbs: [String])] = []
    for permission in permissions {
      let place = "\(permission.resource)" + (permission.namespace.map { " in namespace \($0)" } ?? "")
      if let index = groups.firstIndex(where: { $0.place == place }) {
        groups[index].verbs.append(permission.verb)
      } else {
        groups.append((place, [permission.verb]))
      }
    }
    return groups.map { "\($0.verbs.joined(separator: ", ")) \($0.place)" }.joined(separator: "; ")
  }

  private func isAllowed(_ permission: PreflightReport.Permission) async throws -> Bool {
    let review = SelfSubjectAccessReview(
      asking: SelfSubjectAccessReview.ResourceAttributes(
        verb: permission.verb, group: permission.group, resource: permission.resource,
        namespace: permission.namespace))
    return try await client.create(review).status?.allowed ?? false
  }

  func namespaceFindings() async throws -> Findings {
    var findings = Findings()
    do {
      let namespace = try await client.get(Namespace.self, request.namespace)
      if namespace.status?.phase == "Terminating" || namespace.metadata.deletionTimestamp != nil {
        findings.block(
          "namespaceTerminating", "the namespace \(request.namespace) is being deleted",
          "Wait until it is gone and create it again, or choose another with --namespace.")
      }
    } catch let error as APIError where error.code == .notFound {
      findings.block(
        "noNamespace", "there is no namespace \(request.namespace)",
        "Create it (kubectl create namespace \(request.namespace)), or choose another with --namespace.")
    } catch let error as APIError where error.code == .forbidden {
      // Nothing is lost: creating the first object tells the same.
    }
    return findings
  }

  func secretFindings() async throws -> Findings {
    var findings = Findings()
    for name in request.pullSecrets {
      do {
        _ = try await client.metadata(of: DynamicResource(Secret.self), name, in: request.namespace)
      } catch let error as APIError where error.code == .notFound {
        findings.block(
          "noSecret", "there is no secret \(name) in the namespace \(request.namespace)",
          "Create it there (kubectl create secret docker-registry \(name) -n \(request.namespace) …), or leave it out.")
      } catch let error as APIError where error.code == .forbidden {
        findings.remark(
          "secretUnknown", "whether the secret \(name) is there cannot be checked: you may not get secrets",
          "The kubelets use it if it is there; Prepull never reads it.")
      }
    }
    return findings
  }

  func priorityFindings() async throws -> Findings {
    var findings = Findings()
    guard let name = request.priorityClass else { return findings }
    let kind = DynamicResource(apiVersion: "scheduling.k8s.io/v1", plural: "priorityclasses", isNamespaced: false)
    do {
      let found = try await client.object(kind, name)
      if found["preemptionPolicy"]?.string != "Never" {
        findings.remark(
          "preemption", "pods of the priority class \(name) may push out others with a lower priority",
          "Choose a class with preemptionPolicy: Never.")
      }
    } catch let error as APIError where error.code == .notFound {
      findings.block(
        "noPriorityClass", "there is no priority class \(name)", "kubectl get priorityclasses shows which there are.")
    } catch let error as APIError where error.code == .forbidden {
      // Creating the first pod tells the same.
    }
    return findings
  }

  /// Offers a pod to the API server as a dry run: Pod Security, quotas, limits and webhooks say what they think of it.
  func admissionFindings(on node: NodeFacts?) async throws -> Findings {
    var findings = Findings()
    guard let node else { return findings }
    let objects = RunObjects(request)
    var owner = objects.configMap(expires: "")
    // Only its form is looked at.
    owner.metadata.uid = "00000000-0000-0000-0000-000000000000"
    let images = Array(request.images.indices.prefix(RunPlan.limits.imagesPerPod))
    let pod = objects.pod(
      FleetPod.ID(prepull: objects.owner, node: node.name, nodeUID: node.uid, serial: 1), images: images,
      architecture: TouchProgram.Architecture(of: node), owner: owner)
    do {
      _ = try await client.create(pod, dryRun: true)
    } catch let error as APIError {
      let failure = WarmFailure(refusal: error, of: .options)
      switch error.code {
      case .podSecurity, .quotaExceeded, .quotaDemands, .limitRange, .webhookDenied, .invalid, .forbidden:
        findings.block(
          failure.code, error.code == .invalid ? failure.detail : error.detail, failure.remedy)
      case .badRequest, .serverError:
        findings.remark(
          "dryRun", "whether the cluster admits these pods could not be tried: \(error.detail)",
          "The run will show.")
      default: break
      }
    }
    return findings
  }
}
