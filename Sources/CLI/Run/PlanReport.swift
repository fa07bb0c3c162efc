import Kubernetes
import Warming
import Documents
import ImageModel
import Terminal

/// What preflight found: the plan of a run, and what stands against it.
struct PlanReport: Sendable {
  let report: PreflightReport

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
  func members(isPossible: Bool) -> [(String, JSON)] {
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
      ("missingPermissions", .array(report.missingPermissions.map { .string($0.description) })),
      ("leftovers", .array(report.leftovers.map { .string("\($0.namespace)/\($0.name)") })),
      ("blockers", .array(report.blockers.map(\.json))), ("remarks", .array(report.remarks.map(\.json))),
    ]
  }
}

extension PreflightReport.Problem {
  var json: JSON { ["code": .string(code), "message": .string(detail), "remedy": .string(remedy)] }
}
