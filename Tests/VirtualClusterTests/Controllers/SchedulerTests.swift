import KubeAPIServer
import TestKit
import Documents
import Kubernetes
import Testing

@testable import VirtualCluster

@Suite(.timeLimit(.minutes(10))) struct NodeMatchTests {
  private let node: JSON = [
    "metadata": ["name": "n1", "labels": ["pool": "gpu", "size": "8"]],
    "spec": ["taints": [["key": "dedicated", "value": "gpu", "effect": "NoSchedule"]]],
  ]

  private func affinity(_ terms: JSON) -> JSON {
    [
      "affinity": [
        "nodeAffinity": ["requiredDuringSchedulingIgnoredDuringExecution": ["nodeSelectorTerms": terms]]
      ]
    ]
  }

  @Test(arguments: [
    ("In", ["gpu", "cpu"], true), ("In", ["cpu"], false), ("NotIn", ["cpu"], true), ("NotIn", ["gpu"], false),
    ("Exists", [], true), ("DoesNotExist", [], false),
  ])
  func expressions(operation: String, values: [String], isMatch: Bool) {
    let requirement: JSON = [
      "key": "pool", "operator": .string(operation), "values": .array(values.map(JSON.string)),
    ]
    #expect(NodeMatch.selects(affinity([["matchExpressions": [requirement]]]), node) == isMatch)
  }

  @Test(arguments: [("Gt", "7", true), ("Gt", "8", false), ("Lt", "9", true), ("Lt", "x", false)])
  func comparisons(operation: String, bound: String, isMatch: Bool) {
    let requirement: JSON = ["key": "size", "operator": .string(operation), "values": [.string(bound)]]
    #expect(NodeMatch.selects(affinity([["matchExpressions": [requirement]]]), node) == isMatch)
  }

  @Test func termsAreAlternativesAndEmptyOnesMatchNothing() {
    let name: JSON = ["matchFields": [["key": "metadata.name", "operator": "In", "values": ["n1"]]]]
    #expect(NodeMatch.selects(affinity([name]), node))
    #expect(NodeMatch.names(affinity([name])) == ["n1"])
    #expect(!NodeMatch.selects(affinity([[:]]), node))
    #expect(NodeMatch.selects(affinity([[:], name]), node))
    #expect(NodeMatch.selects(["nodeSelector": ["pool": "gpu"]], node))
    #expect(!NodeMatch.selects(["nodeSelector": ["pool": "cpu"]], node))
    #expect(NodeMatch.names(["nodeSelector": ["pool": "cpu"]]) == nil)
  }

  @Test(
    arguments: [
      (["operator": "Exists"], true), (["key": "dedicated", "operator": "Exists"], true),
      (["key": "dedicated", "value": "gpu"], true), (["key": "dedicated", "value": "cpu"], false),
      (["key": "dedicated", "operator": "Exists", "effect": "NoExecute"], false), (["key": "other"], false),
    ] as [(JSON, Bool)])
  func tolerations(toleration: JSON, isTolerated: Bool) {
    #expect((NodeMatch.untolerated(node, [toleration], effects: ["NoSchedule"]) == nil) == isTolerated)
  }

  @Test func theReasonsAreCountedAndSorted() {
    #expect(
      Scheduler.message(["Too many pods": 1, "node(s) were unschedulable": 2], nodes: 3, never: false)
        == "0/3 nodes are available: 1 Too many pods, 2 node(s) were unschedulable. preemption: 0/3 nodes are available: "
        + "1 No preemption victims found for incoming pod, 2 Preemption is not helpful for scheduling.")
    #expect(
      Scheduler.message(["Insufficient cpu": 1], nodes: 1, never: true)
        == "0/1 nodes are available: 1 Insufficient cpu. preemption: not eligible due to preemptionPolicy=Never.")
    #expect(Scheduler.message([:], nodes: 0, never: false) == "no nodes available to schedule pods")
  }
}

@Suite(.serialized, .timeLimit(.minutes(10))) struct SchedulerTests {
  @Test func cordonsAndTaintsAndRequestsCount() async throws {
    var tainted = NodeTemplate("tainted")
    tainted.taints = [.init(key: "dedicated", value: "db", effect: "NoSchedule")]
    var cordoned = NodeTemplate("cordoned")
    cordoned.isSchedulable = false
    try await Cluster.with(Cluster.options([tainted, cordoned, NodeTemplate("small")])) { sandbox in
      try sandbox.run("greedy", [sandbox.sampleImages[3]]) { pod in
        pod[path: "spec", "containers"] = [
          [
            "name": "c0", "image": .string(sandbox.sampleImages[3]), "command": ["/prepull/touch"],
            "resources": ["requests": ["cpu": "64"]],
          ]
        ]
      }
      let text =
        "0/3 nodes are available: 1 Insufficient cpu, 1 node(s) had untolerated taint {dedicated: db}, "
        + "1 node(s) were unschedulable. preemption: "
      _ = try await eventually("the greedy pod to be left") {
        sandbox.messages("greedy").contains { $0.hasPrefix(text) } ? true : nil
      }
      try sandbox.run("modest", [sandbox.sampleImages[3]])
      #expect(try await sandbox.pod("modest", in: "Succeeded").nodeName == "small")
      try sandbox.run("tolerant", [sandbox.sampleImages[3]]) { pod in
        pod[path: "spec", "nodeSelector"] = ["kubernetes.io/hostname": "tainted"]
        pod[path: "spec", "tolerations"] = [["key": "dedicated", "operator": "Exists"]]
      }
      #expect(try await sandbox.pod("tolerant", in: "Succeeded").nodeName == "tainted")
      // A node that comes later takes what waited.
      try sandbox.run("waiting", [sandbox.sampleImages[3]]) {
        $0[path: "spec", "nodeSelector"] = ["kubernetes.io/hostname": "late"]
      }
      _ = try await eventually("the pod to be left") {
        sandbox.reasons("waiting").contains("FailedScheduling") ? true : nil
      }
      try await sandbox.addNode(NodeTemplate("late"))
      #expect(try await sandbox.pod("waiting", in: "Succeeded").nodeName == "late")
    }
  }
}
