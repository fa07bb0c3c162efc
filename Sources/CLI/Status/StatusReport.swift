import Documents
import Engines
import Foundation
import ImageModel
import Planning
import Terminal
import Yams

/// How `prepull status` prints what it found. Pure: a status goes in, text comes out.
struct StatusReport: Sendable {
  let items: [ClusterStatus.Item]
  /// Nil when all namespaces were asked for.
  let namespace: String?

  /// A line for each image of each item; wide ones say since when, and are followed by a line for each node.
  func lines(isWide: Bool, style: Style, columns: Int? = nil, now: Date) -> [String] {
    guard !items.isEmpty else {
      return ["nothing is kept and no run goes on in \(namespace.map { "the namespace \($0)" } ?? "any namespace")"]
    }
    var table = Table(
      (namespace == nil ? [.init("NAMESPACE")] : []) + [
        .init("NAME", shrinksTo: 12), .init("KIND"), .init("IMAGE", shrinksTo: 12), .init("WARM", .right),
        .init("STATE"),
      ] + (isWide ? [.init("AGE", .right)] : []))
    for item in items {
      for (index, image) in item.coverage.images.enumerated() {
        let counts = item.coverage.counts(image: index)
        let isFirst = index == 0
        table.add(
          (namespace == nil ? [isFirst ? item.namespace : ""] : []) + [
            isFirst ? item.name : "", isFirst ? item.kind.rawValue : "", image, "\(counts[.warm])/\(counts.wanted)",
            Self.state(counts, style: style),
          ] + (isWide ? [isFirst ? Self.age(of: item, now: now) : ""] : []))
      }
    }
    return table.draw(style: style, columns: columns) + (isWide ? nodes(style: style, columns: columns) : [])
      + problems(style: style)
  }

  private static func state(_ counts: Coverage.Counts, style: Style) -> String {
    if counts.wanted == 0 { return style.paint("no nodes", .warning) }
    if counts.isWarm { return style.paint("warm", .good) }
    let states: [Coverage.State] = [.failed, .stale, .pulling, .pending]
    let text = states.filter { counts[$0] > 0 }.map { "\(counts[$0]) \($0.rawValue)" }.joined(separator: ", ")
    return counts[.failed] > 0 ? style.paint(text, .bad) : text
  }

  private static func age(of item: ClusterStatus.Item, now: Date) -> String {
    guard let created = item.created, let date = try? Date(created, strategy: .iso8601) else { return "-" }
    let seconds = max(0, now.timeIntervalSince(date))
    return seconds < 48 * 3600 ? Quantity.timeLeft(.seconds(seconds)) : "\(Int(seconds / 86400))d"
  }

  private func nodes(style: Style, columns: Int?) -> [String] {
    var table = Table([
      .init("NODE", shrinksTo: 12), .init("NAME", shrinksTo: 12), .init("WARM", .right),
      .init("NOT WARM", shrinksTo: 12),
    ])
    for item in items {
      for (index, node) in item.coverage.nodes.enumerated() {
        let counts = item.coverage.counts(node: index)
        if counts.wanted == 0 { continue }
        let missing = zip(item.coverage.images, item.coverage.column(index))
          .filter { $0.1.state != .warm }.map { "\($0.0) \($0.1.state.rawValue)" }
        table.add([node, item.name, "\(counts[.warm])/\(counts.wanted)", missing.joined(separator: ", ")])
      }
      let unsupported = item.coverage.nodes.enumerated()
        .filter { item.coverage.counts(node: $0.offset).wanted == 0 }.map(\.element)
      if !unsupported.isEmpty { table.add([FailureGroups.names(unsupported), item.name, "-", "unsupported"]) }
      for skipped in item.skipped { table.add([skipped.node, item.name, "-", "left out: \(skipped.reason)"]) }
    }
    return table.rows.isEmpty ? [] : [""] + table.draw(style: style, columns: columns)
  }

  /// What failed and what to do about it, the same on many nodes once.
  private func problems(style: Style) -> [String] {
    var groups = FailureGroups()
    for item in items {
      for (node, name) in item.coverage.nodes.enumerated() {
        for (image, cell) in zip(item.coverage.images, item.coverage.column(node)) {
          if case .failed(let failure) = cell { groups.add(failure, image: image, node: name) }
        }
      }
    }
    return groups.lines(style: style)
  }

  /// All of it: `{"items": [{"kind", "namespace", "name", "created", "current", "ok", "images", "nodes", "skipped"}]}`.
  var json: JSON { ["items": .array(items.map(\.json))] }

  func yaml() throws -> String {
    let encoder = YAMLEncoder()
    encoder.options.sortKeys = true
    encoder.options.width = -1
    return try encoder.encode(json)
  }
}

extension ClusterStatus.Item {
  var json: JSON {
    let images = coverage.images.enumerated().map { index, image in
      JSON(members: [
        ("image", .string(image)), ("nodes", coverage.counts(image: index).json),
        (
          "digests",
          .array(
            coverage.digests(image: index).map {
              ["digest": .string($0.digest.description), "nodes": .integer(Int64($0.nodes))]
            })
        ),
      ])
    }
    let nodes = coverage.nodes.enumerated().map { index, node in
      JSON(members: [
        ("node", .string(node)),
        (
          "images",
          .array(
            zip(coverage.images, coverage.column(index)).map { JSON(members: [("image", .string($0))] + $1.members) })
        ),
      ])
    }
    return JSON(members: [
      ("kind", .string(kind.rawValue)), ("namespace", .string(namespace)), ("name", .string(name)),
      ("created", created.map(JSON.string) ?? .null), ("current", .bool(isCurrent)), ("ok", .bool(coverage.isWarm)),
      ("images", .array(images)), ("nodes", .array(nodes)),
      ("skipped", .array(skipped.map { ["node": .string($0.node), "reason": .string($0.reason.description)] })),
    ])
  }
}
