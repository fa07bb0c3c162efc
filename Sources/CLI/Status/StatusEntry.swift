import Warming
import PrepullAPI
import Foundation
import Kubernetes
import Terminal

/// One thing that warms nodes, as `prepull status` shows it: what is kept, a run, or a Prepull of the operator.
struct StatusEntry: Sendable {
  struct Row: Sendable {
    var image: String
    /// `3/4`.
    var warm: String
    var state: String
    var tone: Style.Role?
  }

  var namespace: String
  var name: String
  var kind: String
  var created: String?
  var rows: [Row]

  /// - Parameter isShared: whether other runs have its name too; it is then shown with what tells it apart.
  init(_ item: ClusterStatus.Item, isShared: Bool) {
    namespace = item.namespace
    name = item.name + (isShared ? item.run.map { " (\($0))" } ?? "" : "")
    kind = item.kind.rawValue
    created = item.created
    rows = item.coverage.images.enumerated().map { index, image in
      let counts = item.coverage.counts(image: index)
      let (state, tone) = Self.state(counts)
      return Row(image: image, warm: "\(counts[.warm])/\(counts.wanted)", state: state, tone: tone)
    }
  }

  private static func state(_ counts: Coverage.Counts) -> (String, Style.Role?) {
    if counts.wanted == 0 { return ("no nodes", .warning) }
    if counts.isWarm { return ("warm", .good) }
    let states: [Coverage.State] = [.failed, .stale, .pulling, .pending]
    let text = states.filter { counts[$0] > 0 }.map { "\(counts[$0]) \($0.rawValue)" }.joined(separator: ", ")
    return (text, counts[.failed] > 0 ? .bad : nil)
  }
}

// MARK: Prepulls

extension StatusEntry {
  init(_ prepull: Prepull) {
    namespace = prepull.metadata.namespace ?? "default"
    name = prepull.metadata.name ?? ""
    kind = "prepull"
    created = prepull.metadata.creationTimestamp
    rows = (prepull.status?.images ?? []).map { image in
      let wanted = prepull.wanted(image)
      let (state, tone) = prepull.state(of: image)
      return Row(image: image.image, warm: "\(image.warm)/\(wanted)", state: state, tone: tone)
    }
    if prepull.metadata.deletionTimestamp != nil {
      rows = rows.map { Row(image: $0.image, warm: $0.warm, state: "being deleted", tone: .warning) }
    }
    if rows.isEmpty {
      let (state, tone) = prepull.stateWithoutImages
      rows = [Row(image: "-", warm: "-", state: state, tone: tone)]
    }
  }
}

extension Prepull {
  /// Whether the operator has seen the latest version.
  var isCurrent: Bool {
    metadata.generation.map { (status?.observedGeneration ?? 0) >= Int64($0) } ?? (status?.observedGeneration != nil)
  }

  var isWarm: Bool { isCurrent && (status?.conditions?["Ready"]?.isTrue ?? false) }

  /// Nodes that can hold an image: of all that are chosen, also those that no image has anything for, without those that
  /// this one has nothing for.
  func wanted(_ image: ImageStatus) -> Int {
    max(0, (status?.nodes?.desired ?? 0) + (status?.nodes?.unsupported ?? 0) - (image.unsupported ?? 0))
  }

  fileprivate func state(of image: ImageStatus) -> (String, Style.Role?) {
    let wanted = wanted(image)
    let missing = wanted - image.warm - image.failed
    var parts: [String] = []
    if image.failed > 0 { parts.append("\(image.failed) failed") }
    if missing > 0 { parts.append("\(missing) \(spec.suspend == true ? "suspended" : "pending")") }
    if parts.isEmpty {
      if let reason = image.reason { return (reason, .bad) }
      return wanted == 0 ? ("no nodes", .warning) : ("warm", .good)
    }
    return (parts.joined(separator: ", "), image.failed > 0 ? .bad : nil)
  }

  fileprivate var stateWithoutImages: (String, Style.Role?) {
    guard isCurrent else { return ("not seen by the operator yet", .warning) }
    if spec.suspend == true { return ("suspended", .warning) }
    return (status?.conditions?["Ready"]?.reason ?? "no images", .warning)
  }

  /// What nodes wait for where seeds go first, in whole sentences.
  var seeding: String? {
    guard isCurrent, let progress = status?.conditions?["Progressing"], progress.isTrue, progress.reason == "Seeding"
    else {
      return nil
    }
    return progress.message
  }

  /// What is wrong, in whole sentences: of images, else of the whole.
  var problems: [String] {
    let ofImages = (status?.images ?? []).compactMap { image in image.message.map { "\(image.image): \($0)" } }
    let ofSources = (status?.sources ?? []).compactMap { one in one.message.map { "\(one.source): \($0)" } }
    if !ofImages.isEmpty || !ofSources.isEmpty { return ofImages + ofSources }
    let conditions = status?.conditions ?? []
    if let degraded = conditions["Degraded"], degraded.isTrue { return [degraded.message] }
    if let progress = conditions["Progressing"], progress.reason == "WindowClosed" { return [progress.message] }
    guard status?.images?.isEmpty != false, let ready = conditions["Ready"], !ready.isTrue else { return [] }
    return [ready.message]
  }
}
