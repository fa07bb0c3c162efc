import Documents
import Foundation
import KubeAPIServer
package import Kubernetes
package import VirtualCluster

/// What agents and the operator have in a cluster when credentials are given: accounts, pods, secrets, Prepulls and
/// WarmNodes.
package struct AgentCluster: Sendable {
  package static let namespace = "prepull-agent"

  package let sandbox: Sandbox
  package let client: KubernetesClient

  package init(_ sandbox: Sandbox, _ client: KubernetesClient) {
    (self.sandbox, self.client) = (sandbox, client)
  }

  /// Makes a pod of an account and returns a token that is bound to it.
  ///
  /// - Parameter node: where it is; nil for nowhere yet.
  package func token(
    of account: String = "prepull-agent", on node: String?, audience: String? = "prepull",
    lifetime: Duration = .seconds(3600)
  ) async throws -> String {
    let name = "agent-\(UInt32.random(in: 0 ... .max))"
    try await apply(
      "v1", "Namespace", "namespaces", isNamespaced: false, ["metadata": ["name": .string(Self.namespace)]])
    let account: JSON = ["metadata": ["name": .string(account), "namespace": .string(Self.namespace)]]
    try await apply("v1", "ServiceAccount", "serviceaccounts", account)
    var spec: JSON = [
      "serviceAccountName": account[path: "metadata", "name"] ?? "",
      "containers": [["name": "agent", "image": "registry.invalid/agent:v1"]],
    ]
    if let node { spec["nodeName"] = .string(node) } else { spec["nodeSelector"] = ["no": "node"] }
    try await apply(
      "v1", "Pod", "pods",
      ["metadata": ["name": .string(name), "namespace": .string(Self.namespace)], "spec": spec])
    func object(_ plural: String, _ name: JSON?) -> JSON {
      sandbox.objects(plural, namespace: Self.namespace).first { $0[path: "metadata", "name"] == name } ?? [:]
    }
    guard
      let token = sandbox.server.token(
        for: object("serviceaccounts", account[path: "metadata", "name"]), pod: object("pods", .string(name)),
        lifetime: lifetime, audience: audience)
    else { throw NeverHappened(description: "there is no token") }
    return token
  }

  /// A pull secret of the namespace `default`, with a login for a host or the beginning of a repository.
  package func secret(_ name: String, for place: String, username: String, password: String) async throws {
    let config: JSON = ["auths": .object([place: ["username": .string(username), "password": .string(password)]])]
    try await apply(
      "v1", "Secret", "secrets",
      [
        "metadata": ["name": .string(name), "namespace": "default"], "type": "kubernetes.io/dockerconfigjson",
        "data": [".dockerconfigjson": .string(Data(config.bytes()).base64EncodedString())],
      ])
  }

  /// A Prepull of the namespace `default`, by an agent.
  package func prepull(
    _ name: String, _ image: String, secrets: [String], allowsPasswords: Bool = false
  ) async throws {
    try await apply(
      "prepull.dev/v1alpha1", "Prepull", "prepulls",
      [
        "metadata": ["name": .string(name), "namespace": "default"],
        "spec": [
          "images": [["image": .string(image)]], "engine": "Agent", "allowPasswords": .bool(allowsPasswords),
          "imagePullSecrets": .array(secrets.map { ["name": .string($0)] }),
        ],
      ])
  }

  /// What a node shall hold: images, and the names of the Prepulls that want them.
  package func wish(_ images: [(image: String, prepulls: [String])], on node: String) async throws {
    let wishes = images.map { wish -> JSON in
      ["image": .string(wish.image), "prepulls": .array(wish.prepulls.map { .string("default/\($0)") })]
    }
    try await apply(
      "prepull.dev/v1alpha1", "WarmNode", "warmnodes", isNamespaced: false,
      ["metadata": ["name": .string(node)], "spec": ["images": .array(wishes)]])
  }

  private func apply(
    _ apiVersion: String, _ kind: String, _ plural: String, isNamespaced: Bool = true, _ object: JSON
  ) async throws {
    var object = object
    object["apiVersion"] = .string(apiVersion)
    object["kind"] = .string(kind)
    _ = try await client.apply(
      object, as: DynamicResource(apiVersion: apiVersion, plural: plural, isNamespaced: isNamespaced))
  }
}
