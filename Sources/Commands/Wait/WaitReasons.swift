import Documents
import ImageModel
import Kubernetes
import PrepullAPI

/// Why images are not on nodes, where the record of the node alone does not say it: by the status of the Prepulls that
/// want them. Pure.
struct WaitReasons {
  /// Of a Prepull that wants an image.
  private struct Wish {
    let prepull: Prepull
    let image: Prepull.ImageStatus
  }

  private var wishes: [Reference: [Wish]] = [:]
  private var nodes: [String: NodeChoice] = [:]
  /// The first reason for which a Prepull begins nothing, of those that were asked for.
  private(set) var standstill: String?

  init(_ prepulls: [Prepull]) {
    var known: Set<String> = []
    for prepull in prepulls where known.insert(Self.key(prepull)).inserted {
      nodes[Self.key(prepull)] = try? PrepullSettings(prepull.spec).nodes
      for image in prepull.status?.images ?? [] {
        guard let reference = try? Reference(parsing: image.image) else { continue }
        wishes[reference, default: []].append(Wish(prepull: prepull, image: image))
      }
    }
  }

  static let waits = "it waits to be pulled"

  /// Of an image that waits to be pulled; nil where no Prepull wants it there.
  mutating func pending(_ image: String, on node: NodeFacts) -> String? {
    let wishes = wishes(for: image, on: node)
    guard !wishes.isEmpty else { return nil }
    let reasons = wishes.map { Self.standstill(of: $0.prepull) }
    // One of them that goes on is enough.
    guard let first = reasons.first ?? nil, !reasons.contains(nil) else {
      let cause = wishes.lazy.compactMap { $0.image.failed > 0 ? $0.image.message : nil }.first
      return Self.waits + (cause.map { "; elsewhere it failed: \($0)" } ?? "")
    }
    standstill = standstill ?? first
    return first
  }

  /// Of an image that no further node tries.
  func untried(_ image: String, on node: NodeFacts) -> String {
    let cause = wishes(for: image, on: node).lazy.compactMap(\.image.message).first
    return "not tried there, as no node gets it" + (cause.map { ": \($0)" } ?? "")
  }

  private func wishes(for image: String, on node: NodeFacts) -> [Wish] {
    guard let reference = try? Reference(parsing: image) else { return [] }
    return (wishes[reference] ?? []).filter { wish in
      nodes[Self.key(wish.prepull)]?.verdict(for: node) == .wanted
    }
  }

  private static func key(_ prepull: Prepull) -> String {
    "\(prepull.metadata.namespace ?? "")/\(prepull.metadata.name ?? "")"
  }

  /// Why a Prepull begins nothing for now: its windows are closed, it is suspended, too many nodes failed, its pods are
  /// refused; nil where it goes on.
  private static func standstill(of prepull: Prepull) -> String? {
    guard let progress = prepull.status?.conditions?["Progressing"], !progress.isTrue,
      !["Idle", "Complete"].contains(progress.reason), !progress.message.isEmpty
    else { return nil }
    return "prepull/\(prepull.metadata.name ?? "") \(progress.reason == "WindowClosed" ? "" : "stands still: ")"
      + progress.message
  }
}
