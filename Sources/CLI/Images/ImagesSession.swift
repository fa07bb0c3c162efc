import ArgumentParser
import Commands
import Documents
import Foundation
import ImageModel
import Kubernetes
import Terminal
import Usage

/// One `prepull images` against a cluster.
struct ImagesSession: Sendable {
  /// Which pods count.
  let scope: UsageReader.Scope
  /// The file of what was collected.
  let history: String?
  let client: KubernetesClient

  /// What to rank, and how to print it.
  struct Ranking: Sendable {
    var since: Duration?
    var top: Int?
    var output: ImagesCommand.Output
    /// Of the Prepull of `-o prepull`.
    var prepull: TopImagesPrepull
    /// A drawing of the ranking, where one is wanted.
    var plot: String?
  }

  // MARK: The ranking

  func report(_ wanted: Ranking) async throws {
    let now = Date().timeIntervalSince1970
    var record = try await opened(history) ?? UsageRecord()
    let collected = record.history.watched.keys.min().map { Double($0) * 3600 }
    let since = wanted.since.map { now - $0 / .seconds(1) } ?? collected ?? now - 3600
    // What was collected counts by whole hours; of events alone each one.
    let eventsSince = collected == nil ? since : now - UsageReader.eventsLive
    let waiting = WaitLine(.standardError, "asking the cluster")
    let outcome = try await waiting.shown {
      try await UsageReader(client: client, scope: scope).read(
        into: &record, since: since, eventsSince: eventsSince, now: now
      ) { waiting.say("reading \($0)") }
    }
    let report = ImagesReport(
      ranking: UsageRanking(outcome.survey, record.history, since: since, now: now), survey: outcome.survey,
      hoursWatched: record.history.hoursWatched(since: since), since: .seconds(now - since), top: wanted.top)
    let remarks = remarks(
      on: outcome, report, isLonger: now - since > UsageReader.eventsLive && collected == nil,
      isPrepull: wanted.output == .prepull)
    try print(report, remarks, wanted)
    let console = Console.standardError
    console.write(lines: console.wrapped(remarks.map { "note: \(VisibleText.sanitised($0))" }))
    if let file = wanted.plot { try PlotFile.write(report.chart.svg(), to: file) }
    if wanted.output == .prepull, report.warmable.isEmpty {
      let count = report.shown.count
      console.write(
        count == 0
          ? "Error: no image is used there, so there is nothing to warm\n"
          : "Error: there is nothing to warm: \(Quantity.count(count, "image")) \(count == 1 ? "is" : "are") used there, "
            + "and none can be warmed\n")
      throw ExitCode.failure
    }
  }

  private func print(_ report: ImagesReport, _ remarks: [String], _ wanted: Ranking) throws {
    let out = Console.standardOutput
    switch wanted.output {
    case .table:
      try out.writeAll(report.lines(style: out.style, columns: out.columns).map { $0 + "\n" }.joined())
    case .json: try out.writeAll(report.json(remarks: remarks).text + "\n")
    case .yaml: try out.writeAll(try ManifestOutput.yaml(of: report.json(remarks: remarks)))
    case .prepull:
      guard !report.warmable.isEmpty else { return }
      try wanted.prepull.print(
        report.warmable.map { image in
          let wait = Quantity.time(image.waitPerHour)
          return (image.reference, "\(wait) of waiting per hour, on \(image.nodes) of \(image.eligibleNodes) nodes")
        })
    }
  }

  private func remarks(
    on outcome: UsageReader.Outcome, _ report: ImagesReport, isLonger: Bool, isPrepull: Bool
  ) -> [String] {
    var remarks = outcome.remarks
    if outcome.early.count > 0 {
      remarks.append(
        "\(Quantity.count(outcome.early.count, "event")) \(outcome.early.count == 1 ? "has a time" : "have times") in "
          + "the future, by up to \(Quantity.time(.seconds(outcome.early.most))): the clocks of nodes and of this "
          + "machine differ; they are counted as just now")
    }
    if isLonger {
      remarks.append(
        "events live for about an hour: of the time before only pods that are still there are known; "
          + "collect with \(Program.name) images --watch")
    }
    if outcome.survey.fullNodes > 0 {
      remarks.append(
        "\(Quantity.count(outcome.survey.fullNodes, "node")) may hold more images than are listed: a kubelet reports "
          + "50 at most (nodeStatusMaxImages)")
    }
    remarks += report.failures(isLeftOut: isPrepull)
    let others = report.shown.filter { !$0.canBeWarmed }
    if !others.isEmpty, isPrepull {
      remarks.append(
        "Prepull warms Linux and Windows nodes; left out is what only others use: "
          + others.map(\.shortName).joined(separator: ", "))
    }
    return remarks
  }

  // MARK: Collecting

  /// Returns when it is cancelled, as that is how collecting ends.
  func collect() async throws {
    let file = UsageFile(path: history ?? UsageFile.defaultPath)
    try await file.exclusively { try await collect(into: file) }
  }

  private func collect(into file: UsageFile) async throws {
    let console = Console.standardError
    let first = try await opened(file.path, isBegun: true)
    let record: UsageRecord
    if let first {
      record = first
    } else {
      record = UsageRecord(cluster: try await cluster(), namespace: scope.namespace, labels: scope.labels)
    }
    // Before anything is collected that could not be kept.
    try file.write(record)
    console.write("\(first == nil ? "collecting" : "going on to collect") into \(file.path) until Ctrl-C\n")
    var region = LiveRegion()
    var hasCollected = first != nil
    do {
      try await UsageCollector(client: client, scope: scope).run(record) { record in
        try file.write(record)
        hasCollected = true
        guard console.isTerminal, !console.isBehind else { return }
        let (columns, rows) = console.size
        console.write(region.update([Self.progress(record)], columns: columns, rows: rows))
      }
    } catch let error where Task.isCancelled && !(error is UsageFileError) {
      console.write(
        "\(console.isTerminal ? "\n" : "")what was collected is in \(file.path); rank it with: \(Program.name) images "
          + "--history \(file.path)\n")
    } catch {
      if !hasCollected { file.remove() }
      throw error
    }
  }

  private static func progress(_ record: UsageRecord) -> String {
    var sum = UsageHour()
    for hours in record.history.images.values { for hour in hours.values { sum += hour } }
    let hours = record.history.hoursWatched(since: 0)
    return "\(Quantity.time(.seconds(hours * 3600))) of events: \(Quantity.count(sum.starts, "start")) of "
      + "\(Quantity.count(record.history.images.count, "image")), \(Quantity.count(sum.pulled, "pull"))"
  }

  /// The history at a path; nil when none is asked for, or it is to be begun where there is none.
  private func opened(_ path: String?, isBegun: Bool = false) async throws -> UsageRecord? {
    guard let path else { return nil }
    guard let record = try UsageFile(path: path).read() else {
      if isBegun { return nil }
      throw UsageFileError(path, "there is no such file", remedy: "Collect one with \(Program.name) images --watch.")
    }
    if let own = record.cluster, let other = try await cluster(), own != other {
      throw UsageFileError(path, "it is of another cluster", remedy: "Give another file, or another --context.")
    }
    guard record.namespace == scope.namespace else {
      throw UsageFileError(
        path, "it is of \(record.namespace.map { "the namespace \($0)" } ?? "all namespaces")",
        remedy: "\(record.namespace.map { "Add -n \($0)" } ?? "Leave out -n"), or give another file.")
    }
    guard record.labels == scope.labels else {
      throw UsageFileError(
        path, "it is of \(record.labels.map { "pods with the labels \($0)" } ?? "pods of any labels")",
        remedy: "\(record.labels.map { "Add -l '\($0)'" } ?? "Leave out -l"), or give another file.")
    }
    return record
  }

  /// What tells clusters apart; nil for who may not see it.
  private func cluster() async throws -> String? {
    do {
      let namespaces = DynamicResource(apiVersion: "v1", plural: "namespaces", isNamespaced: false)
      return try await client.metadata(of: namespaces, "kube-system").uid
    } catch let error as APIError where [.forbidden, .notFound].contains(error.code) {
      return nil
    }
  }
}
