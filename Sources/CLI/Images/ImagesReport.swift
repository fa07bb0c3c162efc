import Commands
import Documents
import ImageModel
import Kubernetes
import Terminal
import Usage

/// How `prepull images` prints what a cluster uses. Pure.
struct ImagesReport: Sendable {
  let ranking: UsageRanking
  let survey: UsageSurvey
  /// Hours of the events that count.
  let hoursWatched: Double
  let since: Duration
  /// Of the ranking, this many; nil for all.
  let top: Int?

  var shown: ArraySlice<ImageUsage> { ranking.images.prefix(top ?? ranking.images.count) }

  /// Those of the shown images that a Prepull can be made of.
  var warmable: [ImageUsage] { shown.filter { $0.canBeWarmed && !$0.cannotBePulled } }

  /// What is to be said of the shown images that cannot be pulled, a line each.
  ///
  /// - Parameter isLeftOut: whether only those that can be warmed are printed.
  func failures(isLeftOut: Bool) -> [String] {
    func line(_ what: String, _ images: [ImageUsage]) -> [String] {
      images.isEmpty
        ? []
        : ["\(what): \(images.map(\.shortName).joined(separator: ", ")); see why with \(Program.name) check"]
    }
    let failing = shown.filter { $0.failing > 0 || (isLeftOut && $0.cannotBePulled) }
    guard isLeftOut else { return line("pods wait for what cannot be pulled", failing) }
    return line("what cannot be pulled is left out", failing.filter(\.cannotBePulled))
      + line("some pods could pull these and others cannot, so they stay in", failing.filter { !$0.cannotBePulled })
  }

  /// The images, the most expensive first, and below them what all of it is made of.
  func lines(style: Style, columns: Int?) -> [String] {
    guard !ranking.images.isEmpty else { return ["no image is used there: no pods, no workloads, no events"] }
    // What was is worth less room than what is to be expected.
    let hasPast = columns ?? .max >= 100
    var table = Table(
      [.init("IMAGE", shrinksTo: 20), .init("NODES", .right), .init("PODS", .right)]
        + (hasPast ? [.init("WAITED", .right)] : [])
        + [.init("STARTS/H", .right), .init("COLD", .right), .init("PULL", .right), .init("WAIT/H", .right)])
    for image in shown {
      let isCovered = image.nodes >= image.eligibleNodes && image.eligibleNodes > 0
      table.add(
        [
          VisibleText.sanitised(image.shortName),
          style.paint("\(image.nodes)/\(image.eligibleNodes)", isCovered ? .good : .strong),
          "\(image.pods)" + (image.failing > 0 ? style.paint("!", .bad) : ""),
        ] + (hasPast ? [Self.past(image.seen)] : []) + [
          Self.rate(image.startsPerHour), "\(Int((image.coldChance * 100).rounded()))%",
          image.pullTime.map { (image.isPullTimeGuessed ? "~" : "") + Quantity.time($0) } ?? "-",
          image.pullTime == nil ? "-" : Self.wait(image.waitPerHour),
        ])
    }
    return table.draw(style: style, columns: columns) + bars(style: style, columns: columns) + [""]
      + VisibleText.wrap(summary, to: columns ?? .max)
  }

  /// The ten that cost most, drawn; nothing where nothing costs anything.
  private func bars(style: Style, columns: Int?) -> [String] {
    guard shown.contains(where: { $0.waitPerHour > .zero }) else { return [] }
    return ["", style.paint(chart.title, .strong)] + chart.bars(style: style, columns: min(columns ?? 100, 100))
  }

  /// Those of the shown images that cost anything, ten at most.
  var chart: RankingChart {
    RankingChart(
      title: "Expected cold wait per hour",
      rows: shown.prefix(10).filter { $0.waitPerHour > .zero }.map {
        ($0.shortName, $0.waitPerHour / .seconds(1), Self.wait($0.waitPerHour))
      })
  }

  private var summary: String {
    let seen = ranking.images.reduce(into: UsageHour()) { $0 += $1.seen }
    let nodes = survey.nodes.values.reduce(0, +)
    let left = ranking.images.count - shown.count
    let place =
      "\(Quantity.count(ranking.images.count, "image"))\(left > 0 ? " (\(left) not shown)" : ""), "
      + "\(Quantity.count(survey.pods, "pod")), \(Quantity.count(nodes, "node"))"
    guard hoursWatched > 0 else { return place }
    return place
      + ". Seen in \(Quantity.time(.seconds(hoursWatched * 3600))): \(Quantity.count(seen.starts, "start")), "
      + "\(Quantity.count(seen.pulled, "pull")), \(Self.wait(.seconds(seen.waitSeconds))) waited"
      + (seen.failed > 0 ? ", \(seen.failed) failed" : "")
  }

  /// `9 x 1.4s`: pulls, and how long a pod waited for each.
  private static func past(_ seen: UsageHour) -> String {
    seen.pulled == 0 ? "-" : "\(seen.pulled) x \(wait(.seconds(seen.waitSeconds / Double(seen.pulled))))"
  }

  private static func rate(_ perHour: Double) -> String {
    if perHour == 0 { return "0" }
    if perHour < 0.05 { return "<0.1" }
    return perHour < 9.95 ? "\((perHour * 10).rounded() / 10)" : "\(Int(perHour.rounded()))"
  }

  private static func wait(_ duration: Duration) -> String {
    duration == .zero ? "0s" : duration < .milliseconds(50) ? "<0.1s" : Quantity.time(duration)
  }

  // MARK: For programs

  /// `{"since", "hoursWatched", "nodes", "pods", "images": [{"image", …}], "remarks"}`; times are seconds.
  func json(remarks: [String]) -> JSON {
    [
      "sinceSeconds": .number(since / .seconds(1)), "hoursWatched": .number(rounded(hoursWatched)),
      "nodes": .integer(Int64(survey.nodes.values.reduce(0, +))), "pods": .integer(Int64(survey.pods)),
      "images": .array(shown.map(Self.json)), "remarks": .array(remarks.map(JSON.string)),
    ]
  }

  private static func json(_ image: ImageUsage) -> JSON {
    [
      "image": .string(image.reference), "reference": .string(image.key.name),
      "nodes": .integer(Int64(image.nodes)), "eligibleNodes": .integer(Int64(image.eligibleNodes)),
      "pods": .integer(Int64(image.pods)), "failing": .integer(Int64(image.failing)),
      "expectedPods": .integer(Int64(image.expectedPods)), "usedBy": .array(image.users.map(JSON.string)),
      "sizeBytes": image.bytes.map(JSON.integer) ?? .null,
      "seen": [
        "found": .integer(Int64(image.seen.found)), "pulled": .integer(Int64(image.seen.pulled)),
        "pulledOnNewNodes": .integer(Int64(image.seen.pulledOnNew)), "failed": .integer(Int64(image.seen.failed)),
        "pullSeconds": .number(rounded(image.seen.pullSeconds)),
        "waitSeconds": .number(rounded(image.seen.waitSeconds)),
      ],
      "startsPerHour": .number(rounded(image.startsPerHour)), "coldChance": .number(rounded(image.coldChance)),
      "pullSeconds": image.pullTime.map { .number(rounded($0 / .seconds(1))) } ?? .null,
      "pullIsGuessed": .bool(image.isPullTimeGuessed),
      "coldWaitSecondsPerHour": image.pullTime == nil
        ? .null : .number(rounded(image.waitPerHour / .seconds(1))),
    ]
  }
}

/// To thousandths.
private func rounded(_ value: Double) -> Double { (value * 1000).rounded() / 1000 }

extension ImageUsage {
  /// Whether warming with it could only fail, for all that is known. That a node holds it does not say that a registry
  /// still gives it.
  var cannotBePulled: Bool {
    (failing > 0 && seen.pulled == 0) || (try? Reference(parsing: reference)) == nil
  }

  /// As people write it, a digest cut short.
  var shortName: String {
    guard let reference = try? Reference(parsing: reference) else { return self.reference }
    let familiar = reference.familiar
    guard let digest = reference.digest else { return familiar }
    return familiar.replacing(digest.description, with: digest.shown)
  }
}
