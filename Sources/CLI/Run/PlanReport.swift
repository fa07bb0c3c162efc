import Kubernetes
import Warming
import Documents
import Foundation
import ImageModel
import Terminal

/// What preflight found: the plan of a run, and what stands against it.
struct PlanReport: Sendable {
  let report: PreflightReport
  /// Nodes of each platform that pull an image first; 0 for none.
  var seeds = 0
  var parallelism = Parallelism.nodes(20)
  /// After which no further node is begun.
  var notAfter: PointInTime?

  /// The images against the registry, then the nodes.
  func lines(style: Style, columns: Int? = nil) -> [String] {
    var table = Table([
      .init("IMAGE", shrinksTo: 12), .init("DIGEST"), .init("SIZE", .right), .init("PLATFORMS", shrinksTo: 9),
      .init("NODES", .right),
    ])
    let wanted = report.wanted
    for (index, image) in report.images.enumerated() {
      let nodes = wanted.count { !$0.unsupportedImages.contains(index) }
      table.add([
        image.image.given, image.resolution?.digest.shown ?? "-", image.resolution?.size.map(Quantity.bytes) ?? "-",
        image.resolution.map { platforms(of: $0) } ?? "-", image.isRefused ? style.paint("none", .bad) : "\(nodes)",
      ])
    }
    return table.draw(style: style, columns: columns) + nodeLines(style: style)
  }

  /// The architectures, those of the nodes first as they are what matters here.
  private func platforms(of resolution: ImageResolution) -> String {
    let names = resolution.platforms.map { $0.os == "linux" ? $0.architecture : "\($0.os)-\($0.architecture)" }
    let all = names.isEmpty ? resolution.variants.keys.sorted() : names
    let needed = report.machines
    var unique: [String] = []
    for name in all.filter({ needed[$0] != nil }) + all.filter({ needed[$0] == nil }) where !unique.contains(name) {
      unique.append(name)
    }
    return unique.isEmpty ? "-" : unique.joined(separator: ",")
  }

  private func nodeLines(style: Style) -> [String] {
    let kinds = report.machines.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
      .map { "\($0.value) \($0.key)" }.joined(separator: ", ")
    let wanted = report.wanted
    var lines = [
      style.paint("Nodes", .strong) + "  \(wanted.count) wanted" + (wanted.isEmpty ? "" : " (\(kinds))")
    ]
    let others = report.nodes.filter { $0.verdict != .wanted }
    let groups = Dictionary(grouping: others, by: { Self.reason($0.verdict, of: 1) }).values
      .map { nodes in
        let verdict = nodes.first?.verdict ?? .wanted
        return (reason: Self.reason(verdict, of: nodes.count), nodes: nodes.map(\.facts.name).sorted())
      }
      .sorted { ($1.nodes.count, $0.reason) < ($0.nodes.count, $1.reason) }
    for (reason, nodes) in groups {
      lines.append("       \(nodes.count) \(reason): \(FailureGroups.names(nodes))")
    }
    return lines
  }

  /// Which nodes go first, and until when nodes are begun; nothing where nobody asked for either.
  ///
  /// - Parameter columns: that a line should keep to.
  func order(style: Style, columns: Int?, now: Date) -> [String] {
    var facts: [(String, String)] = []
    let most = min(parallelism.limit(of: report.wanted.count), report.wanted.count)
    let first = min(seeds, most)
    if first > 0 {
      let platforms = report.machines.keys.sorted()
      let place = platforms.count > 1 ? " of each platform (\(platforms.joined(separator: ", ")))" : ""
      let growth = first < most ? "then twice as many, up to" : "no more than"
      facts.append(
        (
          "Seeds",
          "\(Quantity.count(first, "node"))\(place) \(first == 1 ? "pulls" : "pull") each image first, \(growth) "
            + "\(most) at a time: spread over the zones, those that list few images and young ones last; nodes that "
            + "hold it already will do"
        ))
    }
    if let notAfter { facts.append(("Until", "\(notAfter.words(now: now)): no further node is begun after that")) }
    return facts.flatMap { label, text in
      let lines = columns.map { VisibleText.wrap(text, to: max(20, $0 - 7)) } ?? [text]
      return lines.enumerated().map { index, line in
        (index == 0 ? style.paint(label, .strong) + "  " : "     ") + line
      }
    }
  }

  private static func reason(_ verdict: NodeVerdict, of nodes: Int) -> String {
    switch verdict {
    case .skipped(let reason): "skipped, \(reason.text(of: nodes))"
    case .unsupported(let reason): "unsupported, \(reason)"
    case .wanted: ""
    }
  }

  /// What is worth knowing, a line each and one for what to do.
  func remarks(style: Style) -> [String] {
    report.remarks.flatMap { remark in
      [
        style.paint("note:", .warning) + " \(VisibleText.sanitised(remark.detail))",
        "  \(VisibleText.sanitised(remark.remedy))",
      ]
    }
  }

  /// What makes the run pointless or impossible, a line each and one for the remedy.
  func blockers(style: Style) -> [String] {
    report.blockers.flatMap { blocker in
      [
        style.paint("Error:", .bad) + " \(VisibleText.sanitised(blocker.detail))",
        "  \(VisibleText.sanitised(blocker.remedy))",
      ]
    }
  }

  /// The members of the event `plan`.
  ///
  /// - Parameter isPossible: what `ok` says.
  func members(isPossible: Bool, now: Date = Date()) -> [(String, JSON)] {
    let wanted = report.wanted
    let images = report.images.enumerated().map { index, image in
      JSON(members: [
        ("image", .string(image.image.given)), ("reference", .string(image.image.reference.description)),
        ("digest", image.resolution.map { .string($0.digest.description) } ?? .null),
        ("sizeBytes", image.resolution?.size.map(JSON.integer) ?? .null),
        (
          "platforms", .array(image.resolution?.platforms.map { .string($0.description) } ?? [])
        ),
        ("nodes", .integer(Int64(wanted.count { !$0.unsupportedImages.contains(index) }))),
        ("refused", .bool(image.isRefused)),
        ("problem", image.problem.map { JSON(members: $0.members) } ?? .null),
      ])
    }
    let others = report.nodes.compactMap { node -> JSON? in
      switch node.verdict {
      case .wanted: nil
      case .skipped(let reason):
        ["node": .string(node.facts.name), "verdict": "skipped", "reason": .string(reason.description)]
      case .unsupported(let reason):
        ["node": .string(node.facts.name), "verdict": "unsupported", "reason": .string(reason)]
      }
    }
    return [
      ("ok", .bool(isPossible)), ("images", .array(images)),
      ("nodes", .array(wanted.map { .string($0.facts.name) })), ("otherNodes", .array(others)),
      ("seeds", .integer(Int64(seeds))), ("notAfter", notAfter.map { .string($0.date.formatted(.iso8601)) } ?? .null),
      ("notAfterSeconds", notAfter.map { .integer(Int64($0.date.timeIntervalSince(now).rounded())) } ?? .null),
      ("missingPermissions", .array(report.missingPermissions.map { .string($0.description) })),
      ("leftovers", .array(report.leftovers.map { .string("\($0.namespace)/\($0.name)") })),
      ("blockers", .array(report.blockers.map(\.json))), ("remarks", .array(report.remarks.map(\.json))),
    ]
  }
}

extension PreflightReport.Problem {
  var json: JSON { ["code": .string(code), "message": .string(detail), "remedy": .string(remedy)] }
}
