import KubeAPIServer
import TestKit
import Documents
import Kubernetes
import Testing

@testable import VirtualCluster

@Suite(.serialized, .timeLimit(.minutes(10))) struct NodeTests {
  @Test func registersAsAKubeletDoes() async throws {
    var template = NodeTemplate("worker", architecture: "arm64")
    template.labels = ["pool": "gpu"]
    template.taints = [.init(key: "dedicated", value: "gpu", effect: "NoSchedule")]
    try await Cluster.with(Cluster.options([template])) { sandbox in
      let node = try #require(sandbox.store.get(.nodes, name: "worker"))
      #expect(node[path: "metadata", "labels", "kubernetes.io/hostname"] == "worker")
      #expect(node[path: "metadata", "labels", "kubernetes.io/arch"] == "arm64")
      #expect(node[path: "metadata", "labels", "kubernetes.io/os"] == "linux")
      #expect(node[path: "metadata", "labels", "pool"] == "gpu")
      #expect(node[path: "spec", "taints"]?.array?.first?["key"] == "dedicated")
      #expect(node[path: "status", "nodeInfo", "architecture"] == "arm64")
      #expect(node[path: "status", "allocatable", "pods"] == "110")
      #expect(node.condition("Ready") == "True")
      #expect(node.condition("DiskPressure") == "False")
      let lease = try #require(sandbox.store.get(.leases, namespace: "kube-node-lease", name: "worker"))
      #expect(lease[path: "spec", "renewTime"]?.string?.count == 27)
    }
  }

  @Test func showsItsImagesAfterAWhile() async throws {
    try await Cluster.with { sandbox in
      try sandbox.run("warm", Array(sandbox.sampleImages.prefix(3)), node: "node-1")
      _ = try await sandbox.pod("warm", in: "Succeeded")
      let images = try await eventually("images in the node's status") {
        let images = sandbox.store.get(.nodes, name: "node-1")?[path: "status", "images"]?.array ?? []
        return images.count == 3 ? images : .none
      }
      let sizes = images.compactMap { $0["sizeBytes"]?.integer }
      #expect(sizes == sizes.sorted(by: >))
      #expect(images[0]["names"]?.array?.first?.string?.contains("/sample/database@sha256:") == true)
      #expect(images[0]["names"]?.array?.last?.string == sandbox.sampleImages[2])
    }
  }

  @Test func refusesWhatDoesNotFitWhenTheSchedulerIsBypassed() async throws {
    var template = NodeTemplate("small")
    template.maxPods = 1
    try await Cluster.with(Cluster.options([template])) { sandbox in
      let hold = ["/prepull/touch", "hold"]
      try sandbox.run("first", [sandbox.sampleImages[3]], program: hold, node: "small")
      _ = try await sandbox.pod("first", in: "Running")
      try sandbox.run("second", [sandbox.sampleImages[3]], program: hold, node: "small")
      let second = try await sandbox.pod("second", in: "Failed")
      #expect(second[path: "status", "reason"] == "OutOfpods")
      #expect(
        second[path: "status", "message"]?.string
          == "Pod was rejected: Node didn't have enough resource: pods, requested: 1, used: 1, capacity: 1")
      // One that goes through the scheduler waits.
      try sandbox.run("third", [sandbox.sampleImages[3]], program: hold)
      _ = try await eventually("the third to be left") {
        sandbox.messages("third").contains { $0.hasPrefix("0/1 nodes are available: 1 Too many pods. preemption: ") }
          ? true : nil
      }
      #expect(sandbox.pod("third")?.phase == "Pending")
      #expect(sandbox.pod("third")?.condition("PodScheduled") == "False")
      try sandbox.store.delete(.pods, namespace: "default", name: "first")
      _ = try await sandbox.pod("third", in: "Running")
    }
  }

  @Test func collectsImagesThatNobodyUsesWhenTheDiskFills() async throws {
    var template = NodeTemplate("tight")
    // Room for one big image and a little more.
    template.diskBytes = 5_000_000
    try await Cluster.with(Cluster.options([template], speed: 100)) { sandbox in
      let (web, database) = (sandbox.sampleImages[0], sandbox.sampleImages[2])
      try sandbox.run("old", [web])
      _ = try await sandbox.pod("old", in: "Succeeded")
      #expect(try await sandbox.image(web, on: "tight") != nil)
      try sandbox.store.delete(.pods, namespace: "default", name: "old")
      try await sandbox.podIsGone("old")
      try sandbox.run("new", [database], program: ["/prepull/touch", "hold"])
      _ = try await sandbox.pod("new", in: "Running")
      _ = try await eventually("the old image to go") { try await sandbox.image(web, on: "tight") == nil ? true : nil }
      #expect(try await sandbox.image(database, on: "tight") != nil)
    }
  }

  @Test func aFullDiskFailsPullsEvictsAndTaints() async throws {
    var template = NodeTemplate("full")
    template.diskBytes = 50_000_000
    try await Cluster.with(Cluster.options([template], speed: 100)) { sandbox in
      try sandbox.run("hold", [sandbox.sampleImages[3]], program: ["/prepull/touch", "hold"])
      _ = try await sandbox.pod("hold", in: "Running")
      try await sandbox.fillDisk("full", leaving: 1000)
      let evicted = try await sandbox.pod("hold", in: "Failed")
      #expect(evicted[path: "status", "reason"] == "Evicted")
      let node = try await eventually("the taint") {
        sandbox.store.get(.nodes, name: "full").flatMap { NodeMatch.taints($0).isEmpty ? .none : $0 }
      }
      #expect(node.condition("DiskPressure") == "True")
      #expect(NodeMatch.taints(node).first?["key"] == "node.kubernetes.io/disk-pressure")
      #expect(sandbox.reasons("full").contains("FreeDiskSpaceFailed"))
      try await sandbox.emptyDisk("full")
      _ = try await eventually("the pressure to end") {
        sandbox.store.get(.nodes, name: "full").flatMap { NodeMatch.taints($0).isEmpty ? true : nil }
      }
    }
  }

  @Test func aPullThatDoesNotFitSaysSo() async throws {
    var template = NodeTemplate("full")
    template.diskBytes = 1_000_000
    try await Cluster.with(Cluster.options([template])) { sandbox in
      try sandbox.run("warm", [sandbox.sampleImages[2]])
      let pod = try await sandbox.pod("warm", when: "to fail") { $0.waiting("c0") == "ImagePullBackOff" }
      #expect(pod.waitingMessage("c0")?.contains("no space left on device") == true)
    }
  }

  @Test func aReplacedNodeHasAnotherUidAndNoImages() async throws {
    try await Cluster.with { sandbox in
      try sandbox.run("warm", [sandbox.sampleImages[3]], node: "node-1")
      _ = try await sandbox.pod("warm", in: "Succeeded")
      let before = sandbox.store.get(.nodes, name: "node-1")?.uid
      try await sandbox.replaceNode("node-1")
      #expect(sandbox.store.get(.nodes, name: "node-1")?.uid != before)
      #expect(try await sandbox.image(sandbox.sampleImages[3], on: "node-1") == nil)
      #expect(try await sandbox.images(on: "node-1").isEmpty)
    }
  }

  @Test func aKubeletThatComesBackGoesOn() async throws {
    try await Cluster.with { sandbox in
      try sandbox.stopKubelet("node-1")
      try sandbox.run("warm", [sandbox.sampleImages[3]], node: "node-1")
      try await Task.sleep(for: .milliseconds(100))
      #expect(sandbox.pod("warm")?.phase == "Pending")
      try await sandbox.startKubelet("node-1")
      _ = try await sandbox.pod("warm", in: "Succeeded")
    }
  }
}
