import Foundation
import ImageModel
import Kubernetes
import Testing
import Warming

/// The machine alone, without an API server and with virtual time: what an event costs does not grow with the cluster.
@Suite("Fleet machine at scale", .serialized, .timeLimit(.minutes(60)))
struct FleetScaleTests {
  private static let web = PrepullID.named("web")

  /// A cluster in which everything that is asked for succeeds at once.
  private struct Cluster {
    var machine = FleetMachine()
    var now = Duration.seconds(1_000_000_000)
    private(set) var inputs = 0
    private(set) var actions = 0

    /// Warms so many nodes.
    init(nodes: Int, images: Int, seeds: Int = 0) {
      let references = (0..<images).map { "r\($0 % 5).io/team/app-\($0):1.0" }
      feed(
        .prepull(
          FleetScaleTests.web,
          .of(references) {
            $0.parallelism = .percent(10)
            $0.seeds = seeds
          }))
      for number in 0..<nodes { feed(.node(Self.node(number))) }
      feed(.synced)
      now += .seconds(1)
      feed(.tick)
    }

    mutating func feed(_ input: FleetMachine.Input) {
      var waiting = [input]
      var next = 0
      while next < waiting.count {
        let answers = machine.handle(waiting[next], at: now)
        next += 1
        actions += answers.count
        for action in answers {
          switch action {
          case .create(let order): waiting.append(.pod(pod(order)))
          case .delete(let id, let uid): waiting.append(.podGone(id, uid: uid))
          case .record(let node, let serial, _): waiting.append(.recorded(node: node, serial: serial))
          case .wishes, .summary, .openGate, .mark, .cleared, .report, .rollout: break
          }
        }
      }
      inputs += next
    }

    private func pod(_ order: PodOrder) -> FleetPod {
      let images = order.images.map { FleetPod.Image(reference: $0.reference, policy: $0.policy, report: .held(nil)) }
      var pod = FleetPod(
        id: order.id, uid: "pod of \(order.id.node)", purpose: order.purpose, createdAt: now, images: images)
      pod.isScheduled = true
      pod.phase = .succeeded
      return pod
    }

    static func node(_ number: Int, round: String = "0") -> FleetNode {
      let name = "node-\(1_000_000 + number)"
      var facts = NodeFacts(name: name, uid: "uid-\(name)")
      facts.labels["round"] = round
      return FleetNode(facts: facts, createdAt: .seconds(999_000_000))
    }

    /// Changes so many nodes, evenly spread.
    mutating func change(_ count: Int, of nodes: Int) {
      for number in 0..<count { feed(.node(Self.node(number * nodes / count, round: "1"))) }
    }

    /// A further node that comes, is warmed, and goes.
    mutating func replace(_ number: Int) {
      feed(.node(Self.node(number)))
      feed(.nodeGone(Self.node(number).facts.name))
    }

    var counts: Counts { Counts(inputs: inputs, actions: actions, reconciliations: machine.reconciliations) }
  }

  private struct Counts: Hashable {
    var inputs: Int
    var actions: Int
    var reconciliations: Int

    static func - (one: Self, other: Self) -> Self {
      Self(
        inputs: one.inputs - other.inputs, actions: one.actions - other.actions,
        reconciliations: one.reconciliations - other.reconciliations)
    }
  }

  /// What 50 nodes that change and 50 that come and go cost in a warm cluster.
  private func cost(nodes: Int, images: Int, seeds: Int) -> Counts {
    var cluster = Cluster(nodes: nodes, images: images, seeds: seeds)
    #expect(cluster.machine.summary(of: Self.web)?.nodes.warm == nodes)
    let before = cluster.counts
    cluster.change(50, of: nodes)
    for number in nodes..<(nodes + 50) { cluster.replace(number) }
    #expect(cluster.machine.summary(of: Self.web)?.nodes.warm == nodes)
    return cluster.counts - before
  }

  @Test("An event makes as much work in a cluster of 800 nodes as in one of 100, with seeds too", arguments: [0, 2])
  func costs(seeds: Int) {
    let (small, large) = (cost(nodes: 100, images: 10, seeds: seeds), cost(nodes: 800, images: 10, seeds: seeds))
    #expect(small == large)
    // A node that changes is looked at once; one that comes is so for the node, its pod, its record and its end.
    #expect(large.reconciliations <= 10 * large.inputs, "\(large)")
  }

  /// Takes figures, and judges none.
  @Test(
    "Figures: nodes x 50 images",
    .enabled(
      if: ProcessInfo.processInfo.environment["PREPULL_SCALE_TEST"] == "1",
      "it takes minutes: set PREPULL_SCALE_TEST=1, or run Benchmarks/machine"),
    arguments: [1000, 5000, 65_000])
  func figures(nodes: Int) {
    let before = Self.residentMegabytes
    let clock = ContinuousClock()
    var cluster = Cluster(nodes: 0, images: 50)
    let warming = clock.measure { cluster = Cluster(nodes: nodes, images: 50) }
    #expect(cluster.machine.summary(of: Self.web)?.nodes.warm == nodes)
    let inputs = cluster.inputs
    let changing = clock.measure { cluster.change(1000, of: nodes) }
    print(
      "\(nodes) nodes: \(inputs) events to warm, \(warming / inputs) each, \(changing / 1000) for a node that changes, "
        + "\(Self.residentMegabytes - before) MB")
  }

  /// Of this process, as Linux tells it.
  private static var residentMegabytes: Int {
    let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
    return (line?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) / 1024
  }
}
