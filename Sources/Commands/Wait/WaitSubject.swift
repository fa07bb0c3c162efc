import Documents
import Kubernetes
import PrepullAPI
import Workloads

/// Images, and the nodes that shall hold them before the waiting ends.
struct WaitSubject: Sendable {
  /// `deployment/web`, `prepull/shop`.
  let name: String
  /// As pods write them.
  var images: [String]
  var nodes: NodeChoice
  /// Why it is not known yet which images and nodes these are, or why they cannot become warm.
  var obstacle: Obstacle?

  struct Obstacle: Hashable, Sendable {
    let text: String
    /// Whether waiting is of no use.
    let isFinal: Bool
  }

  /// A workload that is whole.
  init(_ workload: WorkloadSet, name: String, narrowing choice: NodeChoice) throws {
    self.name = name
    images = try workload.references()
    nodes = choice
    nodes.narrow(to: workload)
  }

  /// What a Prepull wants now.
  ///
  /// - Parameter choice: which of its nodes count.
  init(_ prepull: Prepull, narrowing choice: NodeChoice) {
    name = "prepull/\(prepull.metadata.name ?? "")"
    images = []
    nodes = choice
    let status = prepull.status
    let generation = prepull.metadata.generation ?? 0
    let settings: PrepullSettings
    do {
      settings = try PrepullSettings(prepull.spec)
    } catch {
      obstacle = Obstacle(text: "\(name) cannot be carried out: \(error)", isFinal: false)
      return
    }
    nodes.selector += settings.nodes.selector
    nodes.tolerations += settings.nodes.tolerations
    guard let status, (status.observedGeneration ?? 0) >= generation else {
      obstacle = Obstacle(text: "the operator has not taken in \(name) yet", isFinal: false)
      return
    }
    images = (status.images ?? []).map(\.image)
    let state = status.conditions?["Ready"]
    if let state, !state.isTrue, state.reason == "SourcesPending" || images.isEmpty {
      obstacle = Obstacle(text: "\(name) is not ready: \(ForeignText.clause(state.message))", isFinal: false)
    } else if state == nil, images.isEmpty {
      obstacle = Obstacle(text: "\(name) wants no image", isFinal: false)
    }
    // It is over, and nothing will be tried any more.
    guard let complete = status.conditions?["Complete"], complete.isTrue,
      let ready = status.conditions?["Ready"], !ready.isTrue
    else { return }
    obstacle = Obstacle(text: "\(name) is over, and not all nodes are warm: \(complete.message)", isFinal: true)
  }
}
