import Warming
import PrepullAPI
import Documents
import Foundation
import ImageModel
import Kubernetes
import Terminal
import Yams

/// How `prepull status` prints what it found. Pure: a status goes in, text comes out.
struct StatusReport: Sendable {
  let items: [ClusterStatus.Item]
  /// Of the operator, where it is installed.
  var prepulls: [Prepull] = []
  /// What agents of nodes pull now.
  var pulls: [AgentPull] = []
  /// Nil when all namespaces were asked for.
  let namespace: String?

  /// A line for each image of each thing that is kept warm; wide ones say since when, and are followed by a line for each
  /// node.
  func lines(isWide: Bool, style: Style, columns: Int? = nil, now: Date) -> [String] {
    guard !items.isEmpty || !prepulls.isEmpty else {
      return [
        "nothing is kept and no run is in progress in \(namespace.map { "the namespace \($0)" } ?? "any namespace")"
      ]
    }
    var table = Table(
      (namespace == nil ? [.init("NAMESPACE")] : []) + [
        .init("NAME", shrinksTo: 12), .init("KIND"), .init("IMAGE", shrinksTo: 12), .init("WARM", .right),
        .init("STATE"),
      ] + (isWide ? [.init("AGE", .right)] : []))
    for entry in entries {
      for (index, row) in entry.rows.enumerated() {
        let isFirst = index == 0
        table.add(
          (namespace == nil ? [isFirst ? entry.namespace : ""] : []) + [
            isFirst ? entry.name : "", isFirst ? entry.kind : "", row.image, row.warm,
            row.tone.map { style.paint(row.state, $0) } ?? row.state,
          ] + (isWide ? [isFirst ? Self.age(since: entry.created, now: now) : ""] : []))
      }
    }
    return table.draw(style: style, columns: columns)
      + SourceTable.lines(prepulls, style: style, columns: columns) { Self.age(since: $0, now: now) }
      + AgentPullTable.lines(pulls, style: style, columns: columns)
      + (isWide ? nodes(style: style, columns: columns) : [])
      + prepulls.compactMap { prepull in
        prepull.seeding.map { "\(prepull.metadata.name ?? ""): \(VisibleText.sanitised($0))" }
      } + problems(style: style)
  }

  private var entries: [StatusEntry] {
    let ofItems = items.map { StatusEntry($0, isShared: isShared($0)) }
    return (ofItems + prepulls.map(StatusEntry.init)).sorted {
      ($0.namespace, $0.name, $0.kind) < ($1.namespace, $1.name, $1.kind)
    }
  }

  private func isShared(_ item: ClusterStatus.Item) -> Bool {
    items.count { $0.kind == .run && $0.name == item.name && $0.namespace == item.namespace } > 1
  }

  private static func age(since created: String?, now: Date) -> String {
    guard let created, let date = try? Date(created, strategy: .iso8601) else { return "-" }
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

  /// The same for a region that is drawn over and over: no line is wider than it shows.
  ///
  /// - Parameter columns: of the terminal.
  func liveLines(isWide: Bool, style: Style, columns: Int, now: Date) -> [String] {
    let width = LiveRegion.width(of: columns)
    return lines(isWide: isWide, style: style, columns: width, now: now).flatMap { VisibleText.wrap($0, to: width) }
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
    return groups.lines(style: style) + items.flatMap { Self.obstacles(of: $0, style: style) }
      + prepulls.flatMap { prepull in
        prepull.problems.map {
          style.paint("\(prepull.metadata.name ?? ""):", .bad) + " \(VisibleText.sanitised($0))"
        }
      }
  }

  private static func obstacles(of item: ClusterStatus.Item, style: Style) -> [String] {
    item.obstacles.map { obstacle in
      let place = obstacle.nodes.isEmpty ? "" : " on \(FailureGroups.names(obstacle.nodes))"
      let subject = style.paint("\(item.name): no pod\(place):", .bad)
      return subject + " \(VisibleText.sanitised(obstacle.reason))"
    }
  }

  /// All of it:
  /// `{"items": [{"kind", "namespace", "name", "run", "created", "current", "ok", "images", "nodes", "skipped", "obstacles"}]}`.
  /// While it is watched, also `"pulls": [{"node", "image", "completedBytes", "totalBytes", "bytesPerSecond", "secondsLeft"}]`.
  var json: JSON {
    var json: JSON = ["items": .array(items.map(\.json) + prepulls.map(\.json))]
    if !pulls.isEmpty { json["pulls"] = .array(pulls.map(\.json)) }
    return json
  }

  func yaml() throws -> String {
    let encoder = YAMLEncoder()
    encoder.options.sortKeys = true
    encoder.options.width = -1
    return try encoder.encode(json)
  }
}

extension AgentPull {
  var json: JSON {
    func number(_ value: Int64?) -> JSON { value.map(JSON.integer) ?? .null }
    return JSON(members: [
      ("node", .string(node)), ("image", .string(image)), ("completedBytes", number(progress?.completedBytes)),
      ("totalBytes", number(progress?.totalBytes)), ("bytesPerSecond", number(progress?.bytesPerSecond)),
      ("secondsLeft", number(timeLeft?.components.seconds)),
    ])
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
      ("run", run.map(JSON.string) ?? .null), ("created", created.map(JSON.string) ?? .null),
      ("current", .bool(isCurrent)), ("ok", .bool(isWarm)),
      ("images", .array(images)), ("nodes", .array(nodes)),
      ("skipped", .array(skipped.map { ["node": .string($0.node), "reason": .string($0.reason.description)] })),
      (
        "obstacles",
        .array(
          obstacles.map { ["reason": .string($0.reason), "nodes": .array($0.nodes.map(JSON.string))] })
      ),
    ])
  }
}

extension Prepull {
  /// In the shape of the other items; its nodes are counted, as each has an object of its own (WarmNode).
  var json: JSON {
    let images = (status?.images ?? []).map { image in
      JSON(members: [
        ("image", .string(image.image)),
        (
          "nodes",
          [
            "warm": .integer(Int64(image.warm)), "failed": .integer(Int64(image.failed)),
            "unsupported": .integer(Int64(image.unsupported ?? 0)),
            "pending": .integer(Int64(max(0, wanted(image) - image.warm - image.failed))),
          ]
        ),
        ("digests", .array(image.digest.map { [["digest": .string($0)]] } ?? [])),
        ("reason", image.reason.map(JSON.string) ?? .null), ("message", image.message.map(JSON.string) ?? .null),
      ])
    }
    let members: [(String, JSON)] = [
      ("kind", "prepull"), ("namespace", .string(metadata.namespace ?? "default")),
      ("name", .string(metadata.name ?? "")), ("run", .null),
      ("created", metadata.creationTimestamp.map(JSON.string) ?? .null), ("current", .bool(isCurrent)),
      ("ok", .bool(isWarm)), ("images", .array(images)), ("nodes", .array([])), ("skipped", .array([])),
      ("obstacles", .array(problems.map { ["reason": .string($0), "nodes": .array([])] })),
    ]
    let sources = (status?.sources ?? []).map(SourceTable.json)
    return JSON(members: members + (sources.isEmpty ? [] : [("sources", .array(sources))]))
  }
}
