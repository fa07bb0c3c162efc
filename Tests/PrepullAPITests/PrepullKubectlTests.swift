@testable import PrepullAPI
import Documents
import Foundation
import Logging
import TestKit
import Testing
import VirtualCluster

@Suite("API: used by kubectl", .timeLimit(.minutes(10))) struct PrepullKubectlTests {
  private func withShell(_ body: (ClusterShell, Sandbox) async throws -> Void) async throws {
    let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    var options = SandboxOptions(nodes: [])
    options.rules = .cel
    try await withSandbox(options, logger: quiet) { sandbox in
      try await withTemporaryFolder { folder in
        let shell = try ClusterShell(sandbox, folder: folder)
        let list: JSON = ["apiVersion": "v1", "kind": "List", "items": .array(CustomResourceDefinitions.all)]
        try shell.write(list.text, to: "crds.json")
        try shell.write(Self.good, to: "good.yaml")
        let outcome = try await shell.sh(
          """
          kubectl apply -f crds.json
          kubectl wait --for=condition=Established crd/prepulls.prepull.dev crd/warmnodes.prepull.dev --timeout=30s
          kubectl apply -f good.yaml
          """)
        #expect(outcome.isSuccess, "\(outcome.error)")
        try await body(shell, sandbox)
      }
    }
  }

  private static let good = """
    apiVersion: prepull.dev/v1alpha1
    kind: Prepull
    metadata: {name: web}
    spec:
      images:
      - image: nginx:1.27
      - image: redis:7
      nodes:
        selector: {matchLabels: {pool: gpu}}
      gate: {startupTaint: prepull.dev/cold}
    """

  /// As the controller writes it.
  private static let status = """
    {"status": {"nodes": {"desired": 4, "warm": 3, "pulling": 1, "pending": 0, "failed": 0, \
    "unreachable": 0, "unsupported": 0}, "conditions": [{"type": "Ready", "status": "STATUS", "reason": "Pulling", \
    "message": "1 of 4 nodes is being warmed", "lastTransitionTime": "2026-01-02T03:04:05Z"}]}}
    """

  @Test("Columns, short names and categories answer whether it is warm")
  func columns() async throws {
    try await withShell { shell, _ in
      try shell.write(
        """
        apiVersion: prepull.dev/v1alpha1
        kind: WarmNode
        metadata: {name: node-1}
        status:
          architecture: amd64
          desired: 2
          warm: 2
          conditions:
          - {type: Warm, status: "True", reason: AllImages, message: "all 2 images are here", lastTransitionTime: "2026-01-02T03:04:05Z"}
        """, to: "node.yaml")
      let patch = Self.status.replacing("STATUS", with: "False")
      let outcome = try await shell.sh(
        """
        kubectl create -f node.yaml >/dev/null
        kubectl apply --server-side --subresource=status --field-manager=prepull-controller -f node.yaml >/dev/null
        kubectl patch pp web --subresource=status --type=merge -p '\(patch)' >/dev/null
        kubectl get pp
        kubectl get pp -o wide
        kubectl get wn
        kubectl get prepull web -o name
        kubectl get warm -o name
        kubectl get wn -o wide
        """)
      #expect(outcome.isSuccess, "\(outcome.error)")
      let rows = outcome.output.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
      try #require(rows.count == 11)
      #expect(rows[0] == ["NAME", "DESIRED", "WARM", "READY", "REASON", "AGE"])
      #expect(rows[1].prefix(5) == ["web", "4", "3", "False", "Pulling"])
      #expect(rows[2] == rows[0] + ["MODE", "PULLING", "PENDING", "FAILED", "SOURCE", "MESSAGE"])
      #expect(rows[3].dropFirst(6).prefix(5) == ["Keep", "1", "0", "0", "1"])
      #expect(rows[4] == ["NAME", "DESIRED", "WARM", "REASON", "VERIFIED", "AGE"])
      #expect(rows[5].prefix(4) == ["node-1", "2", "2", "AllImages"])
      #expect(
        rows[6...8] == [["prepull.prepull.dev/web"], ["prepull.prepull.dev/web"], ["warmnode.prepull.dev/node-1"]])
      #expect(rows[9].suffix(3) == ["RUNTIME", "GATE", "MESSAGE"])
    }
  }

  @Test("Waits for conditions, describes, explains, edits and deletes")
  func verbs() async throws {
    try await withShell { shell, _ in
      let (cold, warm) = (
        Self.status.replacing("STATUS", with: "False"), Self.status.replacing("STATUS", with: "True")
      )
      let outcome = try await shell.sh(
        """
        kubectl patch pp web --subresource=status --type=merge -p '\(cold)' >/dev/null
        if kubectl wait --for=condition=Ready pp/web --timeout=1s 2>/dev/null; then exit 1; fi
        (sleep 1; kubectl patch pp web --subresource=status --type=merge -p '\(warm)' >/dev/null) &
        kubectl wait --for=condition=Ready pp/web --timeout=60s
        wait
        kubectl apply -f good.yaml
        kubectl patch pp web --type=merge -p '{"spec":{"priority":9}}'
        kubectl get pp web -o jsonpath='{.metadata.generation} {.spec.parallelism} {.status.nodes.warm}{"\\n"}'
        kubectl describe pp web
        kubectl explain prepull.spec.gate.deadline
        kubectl explain warmnode.status.images.failures
        kubectl delete pp web
        """)
      #expect(outcome.isSuccess, "\(outcome.error)")
      let lines = outcome.output.split(separator: "\n").map(String.init)
      #expect(
        lines.prefix(4) == [
          "prepull.prepull.dev/web condition met", "prepull.prepull.dev/web unchanged",
          "prepull.prepull.dev/web patched", "2 10% 3",
        ])
      let words = outcome.output.split(whereSeparator: \.isWhitespace).joined(separator: " ")
      #expect(words.contains("Image: nginx:1.27"))
      #expect(outcome.output.contains("FIELD: deadline <string>"))
      #expect(words.contains("so that a broken registry cannot keep a node empty"))
      #expect(outcome.output.contains("retryAfter\t<string>"))
      #expect(lines.last == "prepull.prepull.dev \"web\" deleted")
    }
  }

  @Test("Explaining a field names what holds without it")
  func defaults() async throws {
    let fields = [
      ("mode", "`Keep`"), ("engine", "`Kubelet`"), ("parallelism", "`10%`"), ("registryParallelism", "`20`"),
      ("seeds", "`0`"), ("suspend", "`false`"), ("gate.deadline", "`10m`"), ("sources.prometheus.top", "`20`"),
      ("sources.tags.newest", "`1`"), ("sources.loki.interval", "`10m`"), ("nodeTimeout", "30m, on Windows nodes 2h"),
      ("verifyInterval", "6h when"), ("refreshInterval", "Never when"), ("windows.timeZone", "UTC when"),
      ("nodes", "All nodes on which"), ("podTemplate.resources.requests", "1m of cpu and 1Mi"),
    ]
    try await withShell { shell, _ in
      let explain = fields.map { "kubectl explain prepull.spec.\($0.0); echo ---" }
      let outcome = try await shell.sh(explain.joined(separator: "\n"))
      let texts = outcome.output.components(separatedBy: "---\n")
      #expect(texts.count == fields.count + 1, "\(outcome.error)")
      for ((name, text), answer) in zip(fields, texts) {
        let words = answer.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        #expect(words.contains(text.hasPrefix("`") ? "Defaults to \(text)." : text), "\(name): \(words)")
      }
    }
  }

  @Test("A person reads what is wrong with a manifest, and where")
  func refusals() async throws {
    try await withShell { shell, _ in
      func expect(_ problem: String, after change: (String) -> String) async throws {
        try shell.write(change(Self.good), to: "bad.yaml")
        let outcome = try await shell.sh("kubectl apply -f bad.yaml")
        #expect(!outcome.isSuccess)
        #expect(outcome.error.contains(problem), "\(outcome.error)")
      }
      try await expect("spec.gate: Forbidden: needs mode: Keep") {
        $0.replacing("gate:", with: "mode: Once\n  gate:")
      }
      try await expect("must be an image as pods write it, in lower case and without spaces") {
        $0.replacing("nginx:1.27", with: "Nginx 1.27")
      }
      try await expect("spec.images[1]: Duplicate value") { $0.replacing("redis:7", with: "nginx:1.27") }
      try await expect("unknown field \"spec.gates\"") { $0.replacing("gate:", with: "gates:") }
      try await expect("must not be a taint that Kubernetes itself sets and removes") {
        $0.replacing("prepull.dev/cold", with: "node.kubernetes.io/not-ready")
      }
    }
  }
}
