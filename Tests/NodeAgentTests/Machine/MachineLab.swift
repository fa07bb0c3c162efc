import ImageModel
import PrepullAPI
import Runtimes
import VirtualCluster

@testable import NodeAgent

/// A machine with a node, of which the actions are looked at.
struct MachineLab {
  static let wanted = Digest(bytes: Array(repeating: 1, count: 32))
  static let other = Digest(bytes: Array(repeating: 2, count: 32))

  var machine: AgentMachine
  var now = Duration.seconds(1000)
  /// Whether each write succeeds at once.
  var writes = true
  /// Whether each sweep of pins succeeds at once.
  var sweeps = true

  init(_ change: (inout AgentSettings) -> Void = { _ in }, memory: PullMemory = PullMemory()) {
    var settings = AgentSettings()
    change(&settings)
    machine = AgentMachine(settings: settings, memory: memory)
    tell(.clock(.seconds(1_700_000_000)))
    tell(.node(AgentNode(uid: "node")))
    tell(.runtime(name: "fake 1", pinning: .supported))
  }

  @discardableResult
  mutating func tell(_ input: AgentInput, after wait: Duration = .zero) -> [AgentAction] {
    now += wait
    var actions = machine.event(input, at: now)
    if sweeps, actions.contains(where: \.isSweep) { actions += machine.event(.swept(succeeded: true), at: now) }
    guard writes, !actions.written.isEmpty else { return actions }
    return actions + machine.event(.written(succeeded: true), at: now)
  }

  static func wish(
    _ image: String, order: String? = "1", refreshes: Bool? = nil, removal: String? = nil, digest: Digest? = wanted
  ) -> WarmNode.Wish {
    var wish = WarmNode.Wish(image: image, prepulls: ["default/web"])
    (wish.order, wish.refreshes, wish.removal) = (order, refreshes, removal)
    wish.digests = digest.map { [$0.description] }
    return wish
  }

  @discardableResult
  mutating func want(_ wishes: [WarmNode.Wish], owner: String = "node") -> [AgentAction] {
    tell(.record(AgentRecord(uid: "record", nodeUID: owner, wishes: wishes)))
  }

  static func held(_ image: String, _ digest: Digest = wanted) -> RuntimeImage {
    let reference = (try? Reference(parsing: image)) ?? Reference(registry: "", repository: "", tag: nil, digest: nil)
    return RuntimeImage(
      id: "id of \(image)", references: [reference.description, reference.at(digest).description], digests: [digest],
      sizeBytes: 100)
  }

  @discardableResult
  mutating func hold(_ images: [String], after wait: Duration = .zero) -> [AgentAction] {
    tell(.images(images.map { Self.held($0) }), after: wait)
  }

  static func warm(_ digest: Digest = wanted) -> PullOutcome {
    .warm(.init(digest: digest.description, isPulled: true))
  }

  static func name(_ image: String) -> String { (try? Reference(parsing: image))?.description ?? image }

  func state(_ image: String) -> ImageEntry.State? { machine.entries[image]?.state }
}

extension AgentAction {
  var isSweep: Bool { if case .releaseAll = self { true } else { false } }
}

extension [AgentAction] {
  var pulls: [String] { compactMap { if case .pull(let task) = $0 { task.image } else { nil } } }
  var cancelled: [String] { compactMap { if case .cancel(let image) = $0 { image } else { nil } } }
  var pinned: [String] { compactMap { if case .pin(let image, _, true) = $0 { image } else { nil } } }
  var released: [String] { compactMap { if case .pin(let image, _, false) = $0 { image } else { nil } } }
  var removed: [String] { compactMap { if case .remove(let image, _) = $0 { image } else { nil } } }
  var written: [WarmNode.Agent] { compactMap { if case .write(let agent, _) = $0 { agent } else { nil } } }
  var asksUsed: Bool { contains(.askUsed) }
}
