import Documents
import Foundation
import Installation
import KubeAPIServer
import Kubernetes
import PrepullAPI
import TestKit
import VirtualCluster

/// What is in the cluster of a ``ClusterPageLab``. All that is of the namespace `bank` bears that word.
enum ClusterPageContent {
  static let shopImage = "registry.invalid/shop/web:1"
  static let bankImage = "registry.invalid/bank/vault:1"

  private static let plurals = [
    "ServiceAccount": "serviceaccounts", "ClusterRole": "clusterroles", "ClusterRoleBinding": "clusterrolebindings",
    "Service": "services", "NetworkPolicy": "networkpolicies", "Namespace": "namespaces",
    "CustomResourceDefinition": "customresourcedefinitions", "RoleBinding": "rolebindings", "Pod": "pods",
    "Deployment": "deployments", "Event": "events",
  ]

  static func fill(_ sandbox: Sandbox, _ client: KubernetesClient, isBound: Bool) async throws {
    var installation = Installation(image: "registry.invalid/prepull:1")
    installation.dashboard = DashboardInstallation()
    // The process of the page is the test's; what the operator needs is not.
    let kinds: Set = ["Namespace", "CustomResourceDefinition", "ServiceAccount", "ClusterRole", "ClusterRoleBinding"]
    for object in installation.objects where kinds.contains(object["kind"]?.string ?? "") {
      if !isBound, object["kind"] == "ClusterRoleBinding" { continue }
      try await apply(object, client)
    }
    for namespace in ["shop", "bank", "people"] {
      try await apply(["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": .string(namespace)]], client)
    }
    try await accounts(client)
    for (namespace, image) in [("shop", shopImage), ("bank", bankImage)] {
      try await work(in: namespace, image, client)
    }
    for node in ["node-1", "node-2"] { try await record(of: node, client) }
  }

  // MARK: Who may what

  /// `chief` sees all, `clerk` nodes and `shop`, `stranger` `shop` and no nodes, `guest` nodes alone.
  private static func accounts(_ client: KubernetesClient) async throws {
    for name in ["chief", "clerk", "stranger", "guest"] {
      try await apply(
        [
          "apiVersion": "v1", "kind": "ServiceAccount",
          "metadata": ["name": .string(name), "namespace": "people"],
        ], client)
    }
    for name in ["chief", "clerk"] { try await bind(name, to: "prepull-dashboard-viewer", client) }
    try await bind("chief", to: "view", client)
    for name in ["clerk", "stranger"] { try await bind(name, to: "view", in: "shop", client) }
    try await apply(
      [
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": ["name": "nodes-alone"],
        "rules": [["apiGroups": [""], "resources": ["nodes"], "verbs": ["list"]]],
      ], client)
    try await bind("guest", to: "nodes-alone", client)
  }

  static func bindingName(_ account: String, _ role: String) -> String { "\(account)-\(role)" }

  static func bind(
    _ account: String, to role: String, in namespace: String? = nil, _ client: KubernetesClient
  ) async throws {
    var metadata: JSON = ["name": .string(bindingName(account, role))]
    if let namespace { metadata["namespace"] = .string(namespace) }
    try await apply(
      [
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": .string(namespace == nil ? "ClusterRoleBinding" : "RoleBinding"), "metadata": metadata,
        "roleRef": ["apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": .string(role)],
        "subjects": [["kind": "ServiceAccount", "name": .string(account), "namespace": "people"]],
      ], client)
  }

  // MARK: What is there

  /// A Prepull, a pod of a run on node-1, and a workload of others with its pod and the event of a pull.
  private static func work(in namespace: String, _ image: String, _ client: KubernetesClient) async throws {
    var prepull = Prepull(
      metadata: ObjectMeta(name: "\(namespace)-images", namespace: namespace), spec: Prepull.Spec())
    prepull.spec.images = [Prepull.Image(image: image)]
    _ = try await client.apply(prepull)
    var status = Prepull.ImageStatus(image: image)
    status.digest = "sha256:" + String(repeating: namespace == "bank" ? "bb" : "aa", count: 32)
    status.sizeBytes = namespace == "bank" ? 9_000_000_000 : 1_000_000_000
    prepull.status = Prepull.Status()
    prepull.status?.images = [status]
    _ = try await client.apply(prepull, subresource: "status")
    try await apply(
      [
        "apiVersion": "v1", "kind": "Pod",
        "metadata": [
          "name": .string("\(namespace)-run-1"), "namespace": .string(namespace),
          "labels": [
            "app.kubernetes.io/managed-by": "prepull", "app.kubernetes.io/instance": .string("\(namespace)-run"),
            "prepull.dev/run": .string("\(namespace)r"),
          ],
        ],
        "spec": ["nodeName": "node-1", "containers": [["name": "image", "image": .string("\(image)-run")]]],
      ], client)
    let labels: JSON = ["app": .string("\(namespace)-app")]
    try await apply(
      [
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": ["name": .string("\(namespace)-front"), "namespace": .string(namespace)],
        "spec": [
          "replicas": 1, "selector": ["matchLabels": labels],
          "template": [
            "metadata": ["labels": labels],
            "spec": ["containers": [["name": "app", "image": .string("\(image)-app")]]],
          ],
        ],
      ], client)
    let now = Timestamp.seconds(Date())
    try await apply(
      [
        "apiVersion": "v1", "kind": "Event",
        "metadata": ["name": .string("\(namespace)-app.1"), "namespace": .string(namespace)],
        "involvedObject": [
          "kind": "Pod", "namespace": .string(namespace), "name": .string("\(namespace)-app-1"),
        ], "reason": "Pulled", "type": "Normal", "count": 1, "firstTimestamp": .string(now),
        "lastTimestamp": .string(now), "source": ["component": "kubelet", "host": "node-2"],
        "message": .string(
          "Successfully pulled image \"\(image)-app\" in 2s (2s including waiting). Image size: 1000000 bytes."),
      ], client)
  }

  /// What a node holds for both namespaces, and what went wrong for `bank`.
  private static func record(of node: String, _ client: KubernetesClient) async throws {
    var record = WarmNode(metadata: ObjectMeta(name: node))
    _ = try await client.apply(record)
    var (shop, bank) = (
      WarmNode.Image(image: shopImage, state: .warm), WarmNode.Image(image: bankImage, state: .failed)
    )
    shop.wantedBy = ["shop/shop-images"]
    shop.pullSeconds = 3
    bank.wantedBy = ["bank/bank-images"]
    bank.failures = [
      WarmNode.Failure(prepull: "bank/bank-images", reason: "Denied", message: "bank refuses", tries: 2)
    ]
    var both = WarmNode.Image(image: "registry.invalid/both:1", state: .warm)
    both.wantedBy = ["bank/bank-images", "shop/shop-images"]
    var status = WarmNode.Status()
    status.images = [shop, bank, both]
    (status.desired, status.warm) = (3, 2)
    record.status = status
    _ = try await client.apply(record, subresource: "status")
  }

  static func apply(_ object: JSON, _ client: KubernetesClient) async throws {
    let kind = object["kind"]?.string ?? ""
    _ = try await client.apply(
      object,
      as: DynamicResource(
        apiVersion: object["apiVersion"]?.string ?? "", plural: plurals[kind] ?? "",
        isNamespaced: object[path: "metadata", "namespace"] != nil))
  }

  // MARK: Tokens

  static func token(
    _ account: String, in namespace: String, _ sandbox: Sandbox, lifetime: Duration = .seconds(3600),
    audience: String? = nil
  ) throws -> String {
    let accounts = sandbox.objects("serviceaccounts", namespace: namespace)
    guard let found = accounts.first(where: { $0[path: "metadata", "name"]?.string == account }) else {
      throw Browser.Failure(description: "there is no account \(account)")
    }
    let pod = sandbox.objects("pods", namespace: namespace).first { $0[path: "metadata", "name"]?.string == account }
    let holder = try pod ?? sandbox.hold(account, in: namespace)
    guard let token = sandbox.server.token(for: found, pod: holder, lifetime: lifetime, audience: audience) else {
      throw Browser.Failure(description: "there is no token")
    }
    return token
  }

  /// The cluster as an account reaches it.
  static func account(_ name: String, in namespace: String, _ sandbox: Sandbox) throws -> ClusterConfiguration {
    var configuration = sandbox.configuration
    // A certificate would count for more than the token.
    (configuration.tls.clientCertificate, configuration.tls.clientKey) = (nil, nil)
    configuration.authentication = .token(try token(name, in: namespace, sandbox))
    configuration.namespace = namespace
    return configuration
  }
}

extension Sandbox {
  /// A pod that goes nowhere and that tokens of an account are bound to.
  fileprivate func hold(_ account: String, in namespace: String) throws -> JSON {
    try store.create(
      [
        "metadata": ["name": .string(account), "namespace": .string(namespace)],
        "spec": [
          "serviceAccountName": .string(account), "nodeSelector": ["no": "node"],
          "securityContext": [
            "runAsNonRoot": true, "runAsUser": 65532, "seccompProfile": ["type": "RuntimeDefault"],
          ],
          "containers": [
            [
              "name": "main", "image": "registry.invalid/none:1",
              "securityContext": ["allowPrivilegeEscalation": false, "capabilities": ["drop": ["ALL"]]],
            ]
          ],
        ],
      ], as: .pods)
    return objects("pods", namespace: namespace).first { $0[path: "metadata", "name"]?.string == account } ?? [:]
  }
}
