import Documents

/// How far nodes are with the images that are waited for.
struct WaitVerdict: Hashable, Sendable {
  /// An image that a node lacks, or that cannot be judged at all.
  struct Lack: Hashable, Sendable {
    /// `deployment/web`.
    var subject: String
    /// Nil where it is about all images of the subject, and about all nodes.
    var image: String?
    var node: String?
    /// Why, in one line.
    var reason: String
  }

  var images: [String] = []
  /// Where the pods would run, those that can hold the images.
  var wanted = 0
  /// Of them, those that hold all of them.
  var warm = 0
  /// Where they would run, and the images have nothing for.
  var unsupported = 0
  var lacks: [Lack] = []
  /// Why nothing is begun for now, where that keeps nodes cold: `prepull/shop: waits until 2026-12-01 01:00 UTC: …`.
  var standstill: String?
  /// Why waiting is of no use.
  var end: String?

  var isWarm: Bool { lacks.isEmpty && end == nil }

  /// What is waited for, while it is.
  func progress(of subject: String) -> String {
    wanted == 0 && lacks.contains { $0.node == nil }
      ? lacks.first { $0.node == nil }?.reason ?? ""
      : "\(warm) of \(Quantity.count(wanted, "node")) \(wanted == 1 ? "holds" : "hold") \(what(of: subject))"
        + (standstill.map { "; \($0)" } ?? "")
  }

  /// The last line of a wait that is over well.
  func success(of subject: String) -> String {
    let others = unsupported == 0 ? "" : "; \(Quantity.count(unsupported, "node")) cannot hold any of them"
    return "\(Quantity.count(wanted, "node")) \(wanted == 1 ? "holds" : "hold") \(what(of: subject))\(others)"
  }

  private func what(of subject: String) -> String {
    images.count == 1 ? "\(images[0]) of \(subject)" : "the \(images.count) images of \(subject)"
  }

  /// Which nodes lack which images, and why, in one line; those that lack the same for the same reason together.
  var shortfall: String {
    if let end { return end }
    var order: [Lack] = []
    var nodes: [Lack: [String]] = [:]
    for lack in lacks {
      var kind = lack
      kind.node = nil
      if nodes[kind] == nil { order.append(kind) }
      nodes[kind, default: []] += lack.node.map { [$0] } ?? []
    }
    let parts = order.prefix(4).map { kind in
      let place = nodes[kind].map { $0.isEmpty ? "" : " on \(Self.names($0))" } ?? ""
      return kind.image.map { "\($0)\(place): \(kind.reason)" } ?? kind.reason
    }
    let rest = order.count - parts.count
    return parts.joined(separator: "; ") + (rest > 0 ? "; and \(Quantity.count(rest, "other reason"))" : "")
  }

  private static func names(_ all: [String]) -> String {
    let shown = all.count <= 4 ? all[...] : all.prefix(3)
    let rest = all.count - shown.count
    return shown.joined(separator: ", ") + (rest > 0 ? " and \(rest) more" : "")
  }

  func json(of subject: String) -> JSON {
    let lacking = lacks.map { lack -> JSON in
      var json: JSON = ["for": .string(lack.subject), "reason": .string(lack.reason)]
      if let image = lack.image { json["image"] = .string(image) }
      if let node = lack.node { json["node"] = .string(node) }
      return json
    }
    var json: JSON = [
      "ok": .bool(isWarm), "for": .string(subject), "images": .array(images.map(JSON.string)),
      "nodes": [
        "wanted": .integer(Int64(wanted)), "warm": .integer(Int64(warm)), "unsupported": .integer(Int64(unsupported)),
      ],
      "lacking": .array(lacking),
    ]
    if let standstill { json["standstill"] = .string(standstill) }
    if let end { json["end"] = .string(end) }
    return json
  }
}
