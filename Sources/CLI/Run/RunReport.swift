import Kubernetes
import Warming
import Documents
import ImageModel
import Terminal

/// The end of `prepull run`: a table and what went wrong for a person, one JSON object for a program.
struct RunReport: Sendable {
  let result: RunResult

  /// A line for each image: the digest that nodes were to have, how many have it, and how many had to pull.
  func table(style: Style, columns: Int? = nil) -> [String] {
    // Where there is no room for a digest that tells anything, there is none.
    let isNarrow = columns.map { $0 < 80 } ?? false
    var table = Table(
      [.init("IMAGE", shrinksTo: 12)] + (isNarrow ? [] : [.init("DIGEST", shrinksTo: 10)]) + [
        .init("SIZE", .right), .init("WARM", .right), .init("PULLED", .right), .init("RESULT"),
      ])
    for (index, image) in result.images.enumerated() {
      let counts = result.coverage.counts(image: index)
      let digest = image.digest(in: result.coverage, at: index)?.shown ?? "-"
      // A kubelet tells of the first 25 things that happen to a pod only.
      let pulls = "\(image.pulls)" + (image.pulls + image.present < counts[.warm] ? "+" : "")
      table.add(
        [image.reference] + (isNarrow ? [] : [digest]) + [
          image.size.map(Quantity.bytes) ?? "-", "\(counts[.warm])/\(counts.wanted)", pulls,
          Self.word(counts, untried: result.untried(image: index), style: style),
        ])
    }
    return table.draw(style: style, columns: columns)
  }

  /// What the table's signs mean.
  var footnotes: [String] {
    let isUncounted = result.images.enumerated().contains { index, image in
      image.pulls + image.present < result.coverage.counts(image: index)[.warm]
    }
    return isUncounted ? ["+ or more: a kubelet reports only the first 25 events of a pod"] : []
  }

  private static func word(_ counts: Coverage.Counts, untried: Int, style: Style) -> String {
    if counts.wanted == 0 { return style.paint("no node can hold it", .bad) }
    if counts.isWarm { return style.paint("warm", .good) }
    let notDone = counts[.pulling] + counts[.pending]
    let parts = [
      (counts[.failed] - untried, "failed"), (counts[.stale], "stale"), (untried, "not tried"), (notDone, "not done"),
    ].filter { $0.0 > 0 }.map { "\($0) \($1)" }
    return style.paint(parts.joined(separator: ", "), counts[.failed] + counts[.stale] > 0 ? .bad : .warning)
  }

  /// One line that says how it ended.
  func summary(style: Style) -> String {
    let able = result.coverage.ableNodeCount
    let nodes = Quantity.count(able, "node")
    let images = Quantity.count(result.images.count, "image")
    let time = Quantity.time(result.duration)
    if result.isWarm {
      let verb = able == 1 ? "is" : "are"
      return style.paint("\(nodes) \(verb) warm for \(images) after \(time)", .good)
    }
    let homeless = result.homeless.count
    let what = homeless == 0 ? images : "\(result.images.count - homeless) of \(images)"
    return style.paint("\(result.coverage.warmNodes) of \(nodes) warm for \(what) after \(time)", .bad)
  }

  /// What went wrong and what to do about it: the same on many nodes once, with a few of their names.
  func problems(style: Style) -> [String] {
    var groups = FailureGroups()
    for failure in result.failures { groups.add(failure.failure, image: failure.image, node: failure.node) }
    for node in result.nodes {
      if case .refused(let failure) = node.outcome { groups.add(failure, image: nil, node: node.name) }
    }
    var lines = groups.lines(style: style)
    for image in result.homeless where result.coverage.ableNodeCount > 0 || result.unsupported.isEmpty {
      let reason = result.coverage.row(image).lazy.compactMap { cell in
        if case .unsupported(let reason) = cell { reason } else { nil }
      }.first
      let name = style.paint("\(result.images[image].reference):", .bad)
      lines += [
        name + " no node can hold it" + (reason.map { ": \(VisibleText.sanitised($0))" } ?? ""),
        "  Push the image for these platforms, or choose other nodes.",
      ]
    }
    lines += Self.grouped(result.unsupported).map { "\(FailureGroups.names($0.nodes)): cannot be warmed: \($0.reason)" }
    let skipped = result.skipped.filter(\.reason.isWorthSaying).map { (node: $0.node, reason: $0.reason.description) }
    lines += Self.grouped(skipped).map { "\(FailureGroups.names($0.nodes)): left out: \($0.reason)" }
    if let stopped = result.stopped {
      lines.append(style.paint("stopped early:", .bad) + " \(stopped.sentence)")
      if let remedy = stopped.remedy { lines.append("  \(remedy)") }
    }
    if case .incomplete(let left, let reason, let remedy) = result.cleanup {
      let what = FailureGroups.names(left, shown: 5)
      lines += [style.paint("not cleaned up:", .bad) + " \(what): \(VisibleText.sanitised(reason))", "  \(remedy)"]
    }
    return lines
  }

  private static func grouped(_ pairs: [(node: String, reason: String)]) -> [(reason: String, nodes: [String])] {
    Dictionary(grouping: pairs, by: \.reason).map { (VisibleText.sanitised($0.key), $0.value.map(\.node)) }
      .sorted { ($1.1.count, $0.0) < ($0.1.count, $1.0) }
  }

  /// The members of the event `result`: all that is known, each cell included.
  var members: [(String, JSON)] {
    let coverage = result.coverage
    let images = result.images.enumerated().map { index, image in
      let counts = coverage.counts(image: index)
      return JSON(members: [
        ("image", .string(image.reference)),
        ("digest", image.digest(in: coverage, at: index).map { .string($0.description) } ?? .null),
        ("sizeBytes", image.size.map(JSON.integer) ?? .null), ("pulledBytes", .integer(image.pulledBytes)),
        ("pulls", .integer(Int64(image.pulls))), ("present", .integer(Int64(image.present))),
        ("nodes", counts.json),
      ])
    }
    let ends = Dictionary(result.nodes.map { ($0.name, $0) }) { _, last in last }
    let nodes = coverage.nodes.enumerated().map { index, name in
      let cells = zip(coverage.images, coverage.column(index)).map { image, cell in
        JSON(members: [("image", .string(image))] + cell.members)
      }
      let end = ends[name]
      return JSON(
        members: [("node", .string(name))] + (end?.outcome.members ?? []) + [
          ("seconds", end?.duration.map(JSON.init(seconds:)) ?? .null), ("pods", .integer(Int64(end?.pods ?? 0))),
          ("images", .array(cells)),
        ])
    }
    return [
      ("ok", .bool(result.isWarm)), ("seconds", JSON(seconds: result.duration)),
      ("stopped", result.stopped.map { JSON(members: $0.members) } ?? .null),
      ("cleanup", JSON(members: result.cleanup.members)), ("retries", .integer(Int64(result.retries))),
      ("images", .array(images)), ("nodes", .array(nodes)),
      (
        "skipped",
        .array(result.skipped.map { ["node": .string($0.node), "reason": .string($0.reason.description)] })
      ),
      ("unsupported", .array(result.unsupported.map { ["node": .string($0.node), "reason": .string($0.reason)] })),
    ]
  }
}

extension Coverage.Counts {
  /// `{"warm": 18, "failed": 2, …}` with all states.
  var json: JSON {
    .object(
      Dictionary(Coverage.State.allCases.map { ($0.rawValue, .integer(Int64(self[$0]))) }) { _, last in last })
  }
}
