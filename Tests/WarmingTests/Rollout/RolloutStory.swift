import Warming
import ImageModel

/// A machine with a clock that is set by hand, and what came of it so far.
struct RolloutStory {
  var machine: RolloutMachine
  var now = Duration.zero
  /// All actions since the last look.
  private(set) var actions: [RolloutMachine.Action] = []
  /// The last pod that was asked for, by node and part.
  private(set) var pods: [String: [Int: RolloutMachine.PodID]] = [:]

  init(images: Int = 1, _ change: (inout RolloutSettings) -> Void = { _ in }) {
    var settings = RolloutSettings()
    change(&settings)
    machine = RolloutMachine(images: (0..<images).map { "image-\($0)" }, settings: settings)
  }

  @discardableResult
  mutating func tell(_ input: RolloutMachine.Input, after wait: Duration = .zero) -> [RolloutMachine.Action] {
    now += wait
    let new = machine.handle(input, at: now)
    for action in new {
      switch action {
      case .create(let id, _), .prove(let id, _): pods[id.node, default: [:]][id.part] = id
      default: break
      }
    }
    actions += new
    return new
  }

  mutating func want(_ names: String...) {
    for name in names { tell(.nodeWanted(name: name, uid: name, unsupported: [:])) }
  }

  /// The node's pod of a part; a pod that nobody asked for when there is none.
  func pod(_ node: String, part: Int = 0) -> RolloutMachine.PodID {
    pods[node]?[part] ?? RolloutMachine.PodID(node: node, part: part, serial: -1)
  }

  @discardableResult
  mutating func image(
    _ image: Int = 0, on node: String, part: Int = 0, _ signal: RolloutMachine.ImageSignal, after wait: Duration = .zero
  ) -> [RolloutMachine.Action] {
    tell(.image(pod(node, part: part), image: image, signal), after: wait)
  }

  var created: [String] { actions.compactMap { if case .create(let id, _) = $0 { id.node } else { nil } } }
  /// The images of each pod that was asked for, in order.
  var parts: [[Int]] { actions.compactMap { if case .create(_, let images) = $0 { images } else { nil } } }
  var proofs: [[Int]] { actions.compactMap { if case .prove(_, let images) = $0 { images } else { nil } } }
  var deleted: [RolloutMachine.PodID] { actions.compactMap { if case .delete(let id) = $0 { id } else { nil } } }
  var outcomes: [String: NodeOutcome] {
    Dictionary(
      actions.compactMap { if case .nodeFinished(let node, let outcome) = $0 { (node, outcome) } else { nil } },
      uniquingKeysWith: { first, _ in first })
  }

  static let held = RolloutMachine.ImageSignal.held(Digest(bytes: [UInt8](repeating: 7, count: 32)), isStale: false)

  static func failing(
    _ code: String = "notFound", _ nature: FailureNature = .final,
    by witness: RolloutMachine.ImageSignal.Witness = .status
  ) -> RolloutMachine.ImageSignal {
    .failing(WarmFailure(code: code, detail: "it is \(code)", remedy: "mend it"), nature, by: witness)
  }
}
