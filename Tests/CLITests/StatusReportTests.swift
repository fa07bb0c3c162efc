@testable import Warming
import PrepullAPI
import Documents
import Foundation
import Kubernetes
import Terminal
import Testing

@testable import CLI

@Suite("What status prints", .timeLimit(.minutes(10)))
struct StatusReportTests {
  private var item: ClusterStatus.Item {
    var coverage = Coverage(images: ["nginx:1.27", "redis:9"], nodes: ["node-1", "node-2", "node-3"])
    coverage[image: 0, node: 0] = .warm(RunStory.digest)
    coverage[image: 1, node: 0] = .failed(RunStory.missing)
    coverage[image: 0, node: 1] = .pulling
    for image in 0..<2 { coverage[image: image, node: 2] = .unsupported("there is no DaemonSet for linux/s390x") }
    return ClusterStatus.Item(
      kind: .kept, namespace: "web", name: "prepull-nginx", created: "2027-01-15T08:00:00Z", coverage: coverage,
      skipped: [.init(node: "node-4", reason: .cordoned)], isCurrent: true)
  }

  @Test func table() {
    let report = StatusReport(items: [item], namespace: "web")
    #expect(
      report.lines(isWide: false, style: .plain, now: Date()) == [
        "NAME            KIND   IMAGE        WARM   STATE", "prepull-nginx   kept   nginx:1.27    1/2   1 pulling",
        "                       redis:9       0/2   1 failed, 1 pending",
        "redis:9 on node-1: there is no tag '9' of redis", "  Check the name of the repository and the tag.",
      ])
  }

  @Test("A line as wide as the terminal loses nothing where it is watched", arguments: 40...100)
  func watched(columns: Int) {
    let report = StatusReport(items: [item], namespace: "web")
    let lines = report.liveLines(isWide: false, style: .plain, columns: columns, now: Date())
    var region = LiveRegion()
    let drawn = region.update(lines, columns: columns, rows: 40).replacing("\u{1B}[2K", with: "")
    let words = drawn.split { $0 == "\n" || $0 == " " || $0 == "\r" }.joined(separator: " ")
    #expect(words.contains("there is no tag '9' of redis") && words.contains("the repository and the tag."), "\(drawn)")
  }

  @Test func wide() {
    let report = StatusReport(items: [item], namespace: nil)
    let lines = report.lines(isWide: true, style: .plain, now: Date(timeIntervalSince1970: 1_800_000_000 + 90))
    #expect(lines[0].hasPrefix("NAMESPACE   NAME") && lines[0].hasSuffix("AGE"))
    #expect(lines[1].hasPrefix("web ") && lines[1].hasSuffix("1m30s"))
    #expect(
      lines[3..<9].map(\.self) == [
        "", "NODE     NAME            WARM   NOT WARM", "node-1   prepull-nginx    1/2   redis:9 failed",
        "node-2   prepull-nginx    0/2   nginx:1.27 pulling, redis:9 pending",
        "node-3   prepull-nginx      -   unsupported", "node-4   prepull-nginx      -   left out: cordoned",
      ])
  }

  @Test func nothing() {
    #expect(
      StatusReport(items: [], namespace: "web").lines(isWide: false, style: .plain, now: Date())
        == ["nothing is kept and no run is in progress in the namespace web"])
    #expect(
      StatusReport(items: [], namespace: nil).lines(isWide: true, style: .plain, now: Date())
        == ["nothing is kept and no run is in progress in any namespace"])
  }

  @Test func jsonAndYAML() throws {
    let report = StatusReport(items: [item], namespace: "web")
    let json = try #require(report.json["items"]?.array?.first)
    #expect(json["ok"] == false)
    #expect(json["images"]?.array?.first?["nodes"]?["warm"] == 1)
    #expect(json["nodes"]?.array?.first?["images"]?.array?.last?["code"] == "notFound")
    #expect(try YAMLDocuments.parse(try report.yaml()).map(\.json) == [report.json], "the same in YAML")
  }

  /// An image without a platform for some nodes, of which none counts as desired.
  @Test func unsupportedNodes() throws {
    var foreign = Prepull(metadata: ObjectMeta(name: "web", namespace: "web"), spec: Prepull.Spec())
    var status = Prepull.Status()
    var nodes = Prepull.NodeCounts()
    (nodes.desired, nodes.warm, nodes.unsupported) = (2, 2, 2)
    status.nodes = nodes
    var image = Prepull.ImageStatus(image: "iis:1")
    (image.warm, image.unsupported) = (2, 2)
    status.images = [image]
    status.observedGeneration = 1
    foreign.status = status
    let report = StatusReport(items: [], prepulls: [foreign], namespace: "web")
    let line = try #require(report.lines(isWide: false, style: .plain, now: Date()).dropFirst().first)
    #expect(line.contains("2/2   warm"), "\(line)")
  }

  private var prepull: Prepull {
    var metadata = ObjectMeta(name: "shop", namespace: "web")
    metadata.generation = 2
    var prepull = Prepull(metadata: metadata, spec: Prepull.Spec())
    var status = Prepull.Status()
    status.observedGeneration = 2
    var nodes = Prepull.NodeCounts()
    nodes.desired = 4
    status.nodes = nodes
    var good = Prepull.ImageStatus(image: "nginx:1.27")
    good.warm = 4
    var bad = Prepull.ImageStatus(image: "redis:9")
    bad.warm = 1
    bad.failed = 2
    bad.reason = "NotFound"
    bad.message = "there is no tag '9' of redis"
    status.images = [good, bad]
    prepull.status = status
    return prepull
  }

  @Test("Who waits for seeds is said in one line")
  func seeding() {
    var seeded = prepull
    let message = "3 nodes wait for seeds: web:2.0 is on 1 node, and 1 pulls it; nodes pulling: 1, pending: 3"
    seeded.status?.conditions = []
    seeded.status?.conditions?.set(
      "Progressing", .yes, reason: "Seeding", message: message, observedGeneration: 2, at: "2027-01-15T08:00:00Z")
    let report = StatusReport(items: [], prepulls: [seeded], namespace: "web")
    #expect(report.lines(isWide: false, style: .plain, now: Date()).filter { $0 == "shop: \(message)" }.count == 1)
    seeded.metadata.generation = 3
    let edited = StatusReport(items: [], prepulls: [seeded], namespace: "web")
    #expect(!edited.lines(isWide: false, style: .plain, now: Date()).contains { $0.contains("seeds") })
  }

  @Test("Prepulls stand beside what is kept")
  func prepulls() throws {
    let report = StatusReport(items: [item], prepulls: [prepull], namespace: "web")
    let lines = report.lines(isWide: false, style: .plain, now: Date())
    #expect(
      lines == [
        "NAME            KIND      IMAGE        WARM   STATE",
        "prepull-nginx   kept      nginx:1.27    1/2   1 pulling",
        "                          redis:9       0/2   1 failed, 1 pending",
        "shop            prepull   nginx:1.27    4/4   warm",
        "                          redis:9       1/4   2 failed, 1 pending",
        "redis:9 on node-1: there is no tag '9' of redis", "  Check the name of the repository and the tag.",
        "shop: redis:9: there is no tag '9' of redis",
      ])
    let json = try #require(report.json["items"]?.array?.last)
    #expect(json["kind"] == "prepull")
    #expect(json["images"]?.array?.last?["nodes"]?["failed"] == 2)
    var going = prepull
    going.metadata.deletionTimestamp = "2027-01-15T08:00:00Z"
    let leaving = StatusReport(items: [], prepulls: [going], namespace: "web")
    #expect(
      leaving.lines(isWide: false, style: .plain, now: Date())[1...2].allSatisfy { $0.hasSuffix("being deleted") })
    var new = prepull
    new.status = nil
    let unseen = StatusReport(items: [], prepulls: [new], namespace: "web")
    #expect(
      unseen.lines(isWide: false, style: .plain, now: Date()).last?.hasSuffix("not seen by the operator yet") == true)
  }

  @Test("Runs that share a name are told apart, and why pods are refused is said")
  func sharedNames() {
    var coverage = Coverage(images: ["nginx:1.27"], nodes: ["node-1"])
    coverage[image: 0, node: 0] = .pending
    var one = ClusterStatus.Item(
      kind: .run, namespace: "web", name: "prepull-nginx", run: "bcdfg", created: nil, coverage: coverage, skipped: [],
      isCurrent: true)
    var two = one
    two.run = "hjklm"
    one.obstacles = [.init(reason: "OutOfpods: the node has no room", nodes: ["node-1"])]
    let lines = StatusReport(items: [one, two], namespace: "web").lines(isWide: false, style: .plain, now: Date())
    #expect(
      lines == [
        "NAME                    KIND   IMAGE        WARM   STATE",
        "prepull-nginx (bcdfg)   run    nginx:1.27    0/1   1 pending",
        "prepull-nginx (hjklm)   run    nginx:1.27    0/1   1 pending",
        "prepull-nginx: no pod on node-1: OutOfpods: the node has no room",
      ])
  }
}
