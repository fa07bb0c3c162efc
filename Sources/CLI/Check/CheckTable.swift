import Kubernetes
import Checking
import Documents
import ImageModel
import Registry
import Terminal

/// What `prepull check` shows a person. Pure: a report goes in, lines come out.
struct CheckTable: Sendable {
  var report: CheckReport
  let estimate: CheckEstimate?
  let thresholds: DiskThresholds
  var failOn = FailureLevel.error

  func lines(style: Style, columns: Int? = nil) -> [String] {
    var lines = images(style, columns)
    lines += facts(style, columns)
    if let estimate {
      let width = min(columns ?? 100, 100)
      lines += [""] + described("Time", [estimate.assumptions], style, columns)
      lines += estimate.chart.bars(style: style, columns: width)
      if let seeds = estimate.seeds { lines += described("Seeds", [seeds.text], style, columns) }
    }
    let findings = findings(style)
    if !findings.isEmpty {
      lines += [""] + (columns.map { width in findings.flatMap { VisibleText.wrap($0, to: width) } } ?? findings)
    }
    return lines + [summary(style)]
  }

  // MARK: Images

  private func images(_ style: Style, _ columns: Int?) -> [String] {
    guard !report.images.isEmpty else { return [] }
    // Where there is no room for all, what tells least is left out.
    let isWide = columns.map { $0 >= 110 } ?? true
    let isNarrow = columns.map { $0 < 76 } ?? false
    var table = Table(
      [.init("IMAGE", shrinksTo: 12)] + (isWide ? [.init("DIGEST"), .init("CREATED")] : [])
        + [.init("SIZE", .right), .init("UNPACKED", .right)] + (isNarrow ? [] : [.init("SHARED", .right)])
        + [.init("PLATFORMS", shrinksTo: 9), .init("RESULT")])
    for image in report.images {
      let variant = report.variant(of: image)
      let digest = image.inspected?.descriptor.digest.shown ?? "-"
      let created = image.inspected?.created.map { String($0.prefix { $0 != "T" }) } ?? "-"
      let shared = image.sharedBytes > 0 ? Quantity.bytes(image.sharedBytes) : "-"
      let sizes = [variant.map { Quantity.bytes($0.size) } ?? "-", variant.map { $0.unpacked.shown } ?? "-"]
      table.add(
        [image.subject.given] + (isWide ? [digest, created] : []) + sizes + (isNarrow ? [] : [shared])
          + [image.inspected.map { platforms(of: $0) } ?? "-", result(of: image, style)])
    }
    return table.draw(style: style, columns: columns)
  }

  /// Each architecture once, those of the nodes first.
  private func platforms(of image: InspectedImage) -> String {
    let needed = Set(report.wanted.map(\.facts.platform.architecture))
    var names: [String] = []
    for platform in image.platforms.sorted(by: { needed.contains($0.architecture) && !needed.contains($1.architecture) }
    ) {
      let name = platform.os == "linux" ? platform.architecture : "\(platform.os)/\(platform.architecture)"
      if !names.contains(name) { names.append(name) }
    }
    return names.isEmpty ? "-" : names.joined(separator: ",")
  }

  private func result(of image: CheckReport.Image, _ style: Style) -> String {
    let own = report.findings.filter { $0.image == image.subject.given }
    if let worst = own.first(where: { $0.level == .error }) { return style.paint(worst.code.words, .bad) }
    if own.contains(where: \.isIgnored) { return style.paint("ignored", .warning) }
    let isLost = report.survey != nil && !image.subject.placements.isEmpty && report.nodes(of: image).isEmpty
    if isLost, let finding = report.findings.first(where: { $0.code == .noNodes }) {
      return style.paint(finding.isIgnored ? "ignored" : finding.code.words, finding.level.role)
    }
    let warnings = own.count { $0.level == .warning }
    return warnings > 0
      ? style.paint(Quantity.count(warnings, "warning"), .warning) : style.paint("ok", .good)
  }

  // MARK: All together

  private func facts(_ style: Style, _ columns: Int?) -> [String] {
    var facts: [(String, [String])] = []
    let inspected = report.images.count { $0.inspected != nil }
    if inspected > 1 {
      let shared = report.totalBytes - report.uniqueBytes
      let once = shared > 0 ? ", \(Quantity.bytes(report.uniqueBytes)) as they share layers" : ""
      facts.append(("Together", ["\(Quantity.bytes(report.totalBytes))\(once) (\(report.platform))"]))
    }
    if report.survey != nil { facts += clusterFacts }
    for registry in report.registries {
      guard let limit = registry.rateLimit else { continue }
      let window = limit.window.map { " in \(Quantity.time($0))" } ?? ""
      let needed = report.survey == nil ? "" : "; the nodes need \(registry.pulls)"
      facts.append(("Limit", ["\(registry.name): \(limit.remaining) of \(limit.limit) pulls left\(window)\(needed)"]))
    }
    let lines = facts.flatMap { described($0, $1, style, columns) }
    return lines.isEmpty ? [] : [""] + lines
  }

  /// Texts with what they are about ahead of the first.
  private func described(_ title: String, _ texts: [String], _ style: Style, _ columns: Int?) -> [String] {
    texts.flatMap { VisibleText.wrap($0, to: (columns ?? .max) - Self.indent) }.enumerated().map { index, text in
      style.paint(VisibleText.pad(index == 0 ? title : "", to: Self.indent), .strong) + text
    }
  }

  private static let indent = 11

  private var clusterFacts: [(String, [String])] {
    let wanted = report.wanted
    let kinds = Dictionary(grouping: wanted, by: \.facts.machine).mapValues(\.count)
      .sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
    var nodes = ["\(wanted.count) wanted" + (kinds.isEmpty ? "" : " (\(kinds))")]
    let skipped = (report.survey?.nodes ?? []).compactMap { node -> String? in
      if case .skipped(let reason) = node.verdict { reason.description } else { nil }
    }
    let reasons = Dictionary(grouping: skipped) { $0 }.mapValues(\.count)
    nodes += reasons.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { "\($0.value) skipped, \($0.key)" }
    var facts = [("Nodes", nodes)]
    guard let needs = report.needs, !wanted.isEmpty else { return facts }
    let most = zip(wanted, needs.needs).max { $0.1.bytes < $1.1.bytes }
    let isAllCounted = report.uncounted == 0
    let warm = isAllCounted ? needs.needs.count { $0.missing.isEmpty && !$0.present.isEmpty } : 0
    guard report.uncounted < report.images.count else {
      return facts + (isAllCounted ? [] : [("To fetch", ["unknown: no image could be looked at"])])
    }
    var fetch = ["at most \(Quantity.bytes(needs.bytes)) in all"]
    if !isAllCounted {
      fetch[0] += ", without \(Quantity.count(report.uncounted, "image")) that could not be looked at"
    }
    if let (node, need) = most, need.bytes > 0, wanted.count > 1 {
      fetch[0] += ", \(Quantity.bytes(need.bytes)) for \(node.facts.name)"
    }
    if warm > 0 { fetch.append("\(Quantity.count(warm, "node")) report\(warm == 1 ? "s" : "") every image") }
    let full = wanted.count(where: \.isListFull)
    if full > 0 {
      fetch.append(
        "\(Quantity.count(full, "node")) report\(full == 1 ? "s" : "") the 50 largest images only: more may be there")
    }
    facts.append(("To fetch", fetch))
    if let disk = disk(needs) { facts.append(("Disk", [disk])) }
    return facts
  }

  /// The node that comes closest to its limit.
  private func disk(_ needs: NodeNeeds) -> String? {
    var tightest: (node: NodeSurvey.Node, need: DiskNeed, capacity: Int64)?
    var highest = 0.0
    for (node, need) in zip(report.wanted, needs.needs) where need.bytes > 0 {
      guard let capacity = node.capacity, capacity > 0 else { continue }
      let disk = DiskNeed(need, node.runtime)
      let share = Double(disk.likely.bytes) / Double(capacity)
      if share > highest { (highest, tightest) = (share, (node, disk, capacity)) }
    }
    guard let tightest else { return nil }
    let room = Quantity.bytes(thresholds.room(of: tightest.capacity))
    return "\(tightest.need.likely.shown) needed on \(tightest.node.facts.name), which has "
      + "\(Quantity.bytes(tightest.capacity)); garbage collection begins at \(room) in use (\(thresholds.high) %)"
  }

  // MARK: Findings

  func findings(_ style: Style) -> [String] {
    var lines: [String] = []
    var printed: Set<CheckFinding> = []
    for finding in report.findings where !printed.contains(finding) {
      // What is wrong with a registry is said once, and not of each of its images.
      let alike = report.findings.filter { other in
        guard finding.image != nil, other.image != nil, other.code == finding.code, other.level == finding.level else {
          return other == finding
        }
        return finding.level < .error || (other.detail == finding.detail && other.remedy == finding.remedy)
      }
      printed.formUnion(alike)
      let head = style.paint("\(finding.level.rawValue):", finding.level.role)
      let names = FailureGroups.names(alike.compactMap(\.image))
      if alike.count > 1, finding.level < .error {
        lines.append("\(head) \(alike.count) images: \(finding.code.title): \(names)")
      } else {
        lines.append("\(head) \(names.isEmpty ? "" : names + " ")\(VisibleText.sanitised(finding.detail))")
      }
      let places = alike.flatMap(\.origins).map(\.description)
      if finding.level == .error, !places.isEmpty { lines.append("  in \(FailureGroups.names(places))") }
      lines.append("  \(VisibleText.sanitised(finding.remedy))")
    }
    return lines
  }

  private func summary(_ style: Style) -> String {
    let images = Quantity.count(report.images.count, "image")
    let failing = report.images.count { report.level(of: $0) == .error }
    let others = report.findings.count { $0.level == .error && $0.image == nil }
    let warnings = report.count(.warning)
    let ignored = report.findings.count(where: \.isIgnored)
    let tail =
      (warnings > 0 ? "; \(Quantity.count(warnings, "warning"))" : "")
      + (ignored > 0 ? "; \(Quantity.count(ignored, "error")) ignored" : "")
    if failing + others == 0 {
      if failOn == .warning, warnings > 0 {
        return style.paint("\(images): failed for warnings, as --fail-on warning says\(tail)", .bad)
      }
      if report.images.isEmpty { return style.paint("there was no image to check\(tail)", .warning) }
      let what = ignored > 0 ? "no other problem" : "no problem"
      return style.paint("\(images): \(what) was found\(tail)", .good)
    }
    var parts: [String] = []
    if failing > 0 { parts.append("\(failing) of \(images) will fail") }
    if others > 0 { parts.append("\(Quantity.count(others, failing > 0 ? "other error" : "error"))") }
    return style.paint(parts.joined(separator: ", ") + tail, .bad)
  }
}

extension CheckFinding.Level {
  var role: Style.Role {
    switch self {
    case .note: .accent
    case .warning: .warning
    case .error: .bad
    }
  }
}

extension CheckCode {
  /// `not found`.
  var words: String {
    rawValue.reduce(into: "") { $0 += $1.isUppercase ? " " + $1.lowercased() : String($1) }
  }
}
