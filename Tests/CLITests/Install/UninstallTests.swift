import Kubernetes
import Runtimes
import PrepullAPI
import Documents
import Foundation
import TestKit
import Testing
import VirtualCluster

@testable import CLI

/// `prepull install | kubectl apply -f -`, and away with it again.
@Suite("uninstall", .serialized, .timeLimit(.minutes(10)))
struct UninstallTests {
  /// Everything that installing and using the operator could leave behind.
  private static let kinds = [
    "namespaces", "customresourcedefinitions", "clusterroles", "clusterrolebindings", "nodes", "pods", "configmaps",
    "secrets", "serviceaccounts", "services", "roles", "rolebindings", "leases", "deployments", "replicasets",
    "poddisruptionbudgets", "networkpolicies", "daemonsets", "validatingadmissionpolicies",
    "validatingadmissionpolicybindings",
  ]

  @Test(
    "Nothing is left behind, whether the operator is there or gone, and a second time is no error",
    arguments: [true, false])
  func clean(isThere: Bool) async throws {
    try await withCluster { cluster in
      let before = try await inventory(cluster)
      try await install(cluster)
      try await use(cluster)
      if !isThere { _ = try await kubectl(cluster, "delete", "namespace", "prepull-system") }
      #expect(try await inventory(cluster) != before)

      let refused = try await cluster.prepull("uninstall")
      #expect(refused.exitCode == 1)
      #expect(refused.errors.contains("--yes"))
      let plan = try await cluster.prepull("uninstall", "--dry-run")
      #expect(plan.exitCode == 0)
      #expect(plan.output.contains("the taint prepull.dev/cold of the node node-1"))
      #expect(plan.output.contains("prepulls.prepull.dev/web in default"))

      let outcome = try await cluster.prepull("uninstall", "--yes")
      #expect(outcome.exitCode == 0, "\(outcome.output)\(outcome.errors)")
      #expect(outcome.output.hasSuffix("the cluster holds nothing of Prepull's operator any more\n"))
      #expect(outcome.errors.contains("prepull.dev/cold"))
      #expect(try await inventory(cluster) == before)

      let again = try await cluster.prepull("uninstall", "--yes")
      #expect(again.exitCode == 0)
      #expect(again.output == "nothing of Prepull's operator is in the cluster\n")
    }
  }

  @Test("A signal ends the question at once, and in the middle of the work it is said that some is left")
  func interrupted() async throws {
    try await withCluster { cluster in
      try await install(cluster)
      try await withTemporaryFolder { folder in
        let (process, said) = try Self.uninstallOnTerminal(cluster, errors: folder + "/errors")
        try await eventually("the question") { try said().hasSuffix("Remove all this? [y/N] ") }
        process.interrupt()
        try await eventually("the end") { !process.isRunning }
        #expect(process.terminationStatus == 130 && process.terminationReason == .exit)
        let words = try said()
        #expect(words.hasSuffix("[y/N] \nnothing was removed\n"), "\(words)")
      }
      try await apply(
        cluster,
        """
        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: prepull-held
          namespace: default
          finalizers: [example.com/held]
          labels: {app.kubernetes.io/managed-by: prepull, prepull.dev/prepull: some-uid}
        """)
      let sandbox = cluster.sandbox
      let cut = try await cluster.prepull("uninstall", "--yes", signal: SIGINT) {
        sandbox.objects("deployments", group: "apps").isEmpty
      }
      #expect(cut.exitCode == 130, "\(cut)")
      #expect(cut.errors.hasSuffix("left in the cluster; run it again: prepull uninstall\n"), "\(cut.errors)")
    }
  }

  /// Runs it without `--yes`, where nobody answers.
  ///
  /// - Returns: the process, and what tells what it wrote to standard error until now.
  private static func uninstallOnTerminal(
    _ cluster: ClusterCase, errors file: String
  ) throws -> (Process, @Sendable () throws -> String) {
    // The other end stays open, as a terminal whose person thinks.
    var (person, terminal): (Int32, Int32) = (-1, -1)
    try #require(openpty(&person, &terminal, nil, nil, nil) == 0)
    try Data().write(to: URL(filePath: file))
    let process = Process()
    process.executableURL = URL(filePath: try PrepullProgram.path)
    process.arguments = ["uninstall"]
    process.environment = ProcessInfo.processInfo.environment.merging(["KUBECONFIG": cluster.kubeconfig]) { $1 }
    process.standardInput = FileHandle(fileDescriptor: terminal, closeOnDealloc: true)
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle(forWritingAtPath: file)
    try process.run()
    return (process, { try String(contentsOfFile: file, encoding: .utf8) })
  }

  @Test("A namespace that others use is kept")
  func sharedNamespace() async throws {
    try await withCluster { cluster in
      try await install(cluster)
      try await apply(
        cluster,
        """
        apiVersion: v1
        kind: Pod
        metadata: {name: theirs, namespace: prepull-system}
        spec:
          securityContext: {runAsNonRoot: true, runAsUser: 1000, seccompProfile: {type: RuntimeDefault}}
          containers:
          - name: app
            image: \(cluster.web)
            securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
        """)
      // Of a Prepull that is gone.
      _ = try await kubectl(cluster, "taint", "nodes", "node-1", "prepull.dev/other=:NoSchedule")
      let outcome = try await cluster.prepull("uninstall", "--yes")
      #expect(outcome.exitCode == 0, "\(outcome.output)\(outcome.errors)")
      #expect(outcome.output.contains("removed the taint prepull.dev/other from the node node-1"))
      #expect(outcome.output.contains("kept the namespace prepull-system: it has 1 pod of others, pods/theirs first"))
      #expect(try await kubectl(cluster, "get", "pods", "-n", "prepull-system", "-o", "name") == "pod/theirs\n")
      #expect(try await cluster.prepull("uninstall", "--yes").output.hasPrefix("nothing of Prepull's operator"))
    }
  }

  @Test("Agents release their pins before they go, and nodes where that cannot be done are named")
  func pins() async throws {
    try await withCluster { cluster in
      try await install(cluster)
      // In place of an agent: a pod that is ready, and what follows does as one.
      try await apply(
        cluster,
        """
        apiVersion: apps/v1
        kind: DaemonSet
        metadata:
          name: double
          namespace: default
          labels: {app.kubernetes.io/name: prepull, app.kubernetes.io/component: agent}
        spec:
          selector: {matchLabels: {is: double}}
          template:
            metadata: {labels: {is: double, app.kubernetes.io/name: prepull, app.kubernetes.io/component: agent}}
            spec:
              nodeSelector: {kubernetes.io/hostname: node-1}
              containers: [{name: double, image: "\(cluster.web)"}]
        """)
      _ = try await kubectl(cluster, "rollout", "status", "daemonset/double", "--timeout=60s")
      for node in ["node-1", "node-2"] {
        try await apply(
          cluster,
          """
          apiVersion: prepull.dev/v1alpha1
          kind: WarmNode
          metadata: {name: \(node)}
          spec: {images: [{image: "\(cluster.web)", prepulls: [default/web]}]}
          """)
        try await say(
          #"{"pins": 1, "images": [{"image": "\#(cluster.web)", "state": "Warm", "isPinned": true}]}"#, of: node,
          cluster)
      }
      async let release: Void = release("node-1", cluster)
      let outcome = try await cluster.prepull("uninstall", "--yes")
      try await release
      #expect(outcome.exitCode == 0, "\(outcome.output)\(outcome.errors)")
      #expect(outcome.output.contains("agents released what they had pinned on 1 node\n"))
      #expect(outcome.errors.contains("  node-2: no agent that is ready runs there\n"))
      #expect(!outcome.errors.contains("node-1:"))
    }
  }

  /// Does as an agent: when nothing is wanted, it says that nothing is pinned.
  private func release(_ node: String, _ cluster: ClusterCase) async throws {
    try await eventually("nothing is wanted") {
      try await kubectl(cluster, "get", "warmnode", node, "-o", "jsonpath={.spec.images}") == "[]"
    }
    #expect(try await kubectl(cluster, "get", "daemonsets", "-A", "-o", "name").contains("double"))
    try await say(#"{"pins": 0, "images": []}"#, of: node, cluster)
  }

  private func say(_ agent: String, of node: String, _ cluster: ClusterCase) async throws {
    _ = try await kubectl(
      cluster, "patch", "warmnode", node, "--subresource=status", "--type=merge", "-p",
      #"{"status": {"agent": \#(agent)}}"#)
  }

  @Test("What kubectl lists after an installation is what install printed")
  func installed() async throws {
    try await withCluster { cluster in
      try await install(cluster)
      let manifest = try await cluster.prepull("install", "--agent", "--dashboard").output
      try await withTemporaryFolder { folder in
        let file = folder + "/install.yaml"
        try manifest.write(toFile: file, atomically: true, encoding: .utf8)
        // A second time changes nothing; of a budget kubectl always says otherwise, as it replaces the selector.
        let changed = try await kubectl(cluster, "apply", "-f", file).split(separator: "\n")
          .filter { !$0.hasSuffix(" unchanged") && !$0.hasPrefix("poddisruptionbudget") }
        #expect(changed.isEmpty)
      }
    }
  }

  // MARK: Steps

  private func install(_ cluster: ClusterCase) async throws {
    try await apply(
      cluster, try await cluster.prepull("install", "--agent", "--dashboard", "--grant-secrets", "default").output)
  }

  /// What a Prepull and the operator make, as it is in the middle of the work.
  private func use(_ cluster: ClusterCase) async throws {
    try await apply(
      cluster,
      """
      apiVersion: prepull.dev/v1alpha1
      kind: Prepull
      metadata: {name: web, namespace: default, finalizers: [prepull.dev/cleanup]}
      spec: {images: [{image: "\(cluster.web)"}], gate: {startupTaint: prepull.dev/cold}}
      ---
      apiVersion: v1
      kind: ConfigMap
      metadata:
        name: prepull-web
        namespace: default
        labels: {app.kubernetes.io/managed-by: prepull, prepull.dev/prepull: some-uid}
      ---
      apiVersion: v1
      kind: Pod
      metadata:
        name: web-1
        namespace: default
        labels: {app.kubernetes.io/managed-by: prepull, prepull.dev/prepull: some-uid}
      spec:
        containers: [{name: web, image: "\(cluster.missing)"}]
      ---
      apiVersion: prepull.dev/v1alpha1
      kind: WarmNode
      metadata: {name: node-1}
      ---
      apiVersion: coordination.k8s.io/v1
      kind: Lease
      metadata: {name: prepull-controller, namespace: prepull-system}
      """)
    _ = try await kubectl(cluster, "taint", "nodes", "node-1", "prepull.dev/cold=:NoSchedule")
    let condition = """
      {"status": {"conditions": [{"type": "prepull.dev/Warm", "status": "False", "reason": "x", "message": "y"}]}}
      """
    _ = try await kubectl(
      cluster, "patch", "node", "node-2", "--subresource=status", "--type=strategic", "-p", condition)
  }

  private func apply(_ cluster: ClusterCase, _ manifest: String) async throws {
    try await withTemporaryFolder { folder in
      let file = folder + "/manifest.yaml"
      try manifest.write(toFile: file, atomically: true, encoding: .utf8)
      _ = try await kubectl(cluster, "apply", "-f", file)
    }
  }

  private func kubectl(_ cluster: ClusterCase, _ arguments: String...) async throws -> String {
    try await Tool.output("kubectl", arguments, environment: ["KUBECONFIG": cluster.kubeconfig])
  }

  /// Every object by kind and name; of nodes their taints and the types of their conditions too.
  private func inventory(_ cluster: ClusterCase) async throws -> Set<String> {
    var found: Set<String> = []
    for kind in Self.kinds {
      let text = try await kubectl(cluster, "get", kind, "--all-namespaces", "-o", "json")
      for object in try JSON(parsing: text)["items"]?.array ?? [] {
        let metadata = object["metadata"]
        found.insert("\(kind) \(metadata?["namespace"]?.string ?? "-") \(metadata?["name"]?.string ?? "")")
        guard kind == "nodes" else { continue }
        let taints = object[path: "spec", "taints"]?.array?.compactMap { $0["key"]?.string } ?? []
        let conditions = object[path: "status", "conditions"]?.array?.compactMap { $0["type"]?.string } ?? []
        found.insert("\(metadata?["name"]?.string ?? "") \(taints.sorted()) \(conditions.sorted())")
      }
    }
    return found
  }
}
