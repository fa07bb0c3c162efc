import ArgumentParser
import Commands
import Foundation
import ImageModel
import Kubernetes
import Logging
import Registry
import Terminal
import Warming
import Workloads

/// One `prepull run`, from what is wanted to the report.
struct RunSession: Sendable {
  /// What is to be made true.
  struct Wanted: Sendable {
    var request: RunRequest
    // Of a DaemonSet that stays.
    var tolerations: [Toleration]
    var maxUnavailable: IntOrString?
    /// After which no further node is begun.
    var notAfter: PointInTime?
  }

  let output: ReportFormat
  let isQuiet: Bool
  let isDryRun: Bool
  /// Leaves a DaemonSet.
  let keeps: Bool
  let client: KubernetesClient
  let registry: RegistryClient
  let logger: Logger
  let hint: CleanupHint
  /// A page beside the terminal, where one is wanted.
  var page: DashboardPage?

  var console: Console { .standardError }
  var out: Console { .standardOutput }

  /// - Parameter wanted: may ask the cluster what workloads need.
  /// - Returns: whether every node that was wanted is warm, or, with --dry-run, whether nothing stands against the run.
  func run(_ wanted: () async throws -> Wanted) async throws -> Bool {
    do {
      let wanted = try await wanted()
      let request = wanted.request
      let report = try await Preflight.check(request, client: client, registry: registry)
      let isPossible = try show(report, wanted)
      guard isPossible, !isDryRun else { return isPossible }
      return keeps ? try await keep(wanted, report) : try await warm(request, report)
    } catch let error as any RunProblem where output == .json {
      // A program that reads the stream learns the cause from its last line.
      try out.writeAll(RunStream.line("error", error.members, at: Date()) + "\n")
      throw error
    }
  }

  // MARK: What was found

  /// Shows the plan, and tells whether nothing stands against it.
  private func show(_ report: PreflightReport, _ wanted: Wanted) throws -> Bool {
    let plan = PlanReport(
      report: report, seeds: wanted.request.seeds, parallelism: wanted.request.parallelism, notAfter: wanted.notAfter)
    let impossible = report.impossibleImages.map { report.images[$0].image.given }
    let isPossible = report.blockers.isEmpty && (impossible.isEmpty || !isDryRun)
    switch output {
    case .json:
      try out.writeAll(RunStream.line("plan", plan.members(isPossible: isPossible), at: Date()) + "\n")
    // Of a name that there is not, the error that follows says all.
    case .text where !isQuiet && !report.blockers.contains { $0.code == "unknownNodes" }:
      let target = isDryRun ? out : console
      let style = target.style
      let table = plan.lines(style: style, columns: target.columns)
      let order = plan.order(style: style, columns: target.columns, now: Date())
      let lines = table + order + target.wrapped(plan.remarks(style: style))
      if isDryRun { try out.writeAll(lines.joined(separator: "\n") + "\n") } else { console.write(lines: lines) }
    case .text: break
    }
    console.write(lines: console.wrapped(plan.blockers(style: console.style)))
    if report.blockers.isEmpty, isDryRun, !isQuiet, output == .text {
      console.write("this is the plan; nothing was changed\n")
      if !impossible.isEmpty {
        console.write(
          lines: console.wrapped([
            "the run would end with exit code 1: no node can get \(FailureGroups.names(impossible))"
          ]))
      }
    }
    return isPossible
  }

  // MARK: The run

  private func warm(_ request: RunRequest, _ report: PreflightReport) async throws -> Bool {
    let display = RunDisplay(images: request.images.map(\.given), mode: mode)
    hint.arm(request.namespace)
    let result: RunResult
    do {
      result = try await KubeletEngine(client: client, logger: logger).run(request, report: report) {
        display.report($0)
        page?.report($0)
      }
    } catch {
      await display.finish()
      throw error
    }
    hint.disarm()
    await display.finish()
    try print(RunReport(result: result))
    return result.isWarm
  }

  var mode: RunDisplay.Mode {
    if output == .json { return .stream }
    if isQuiet { return .nothing }
    let style = console.style
    return console.isTerminal && style == .colour ? .screen(style) : .log
  }

  private func print(_ report: RunReport) throws {
    if output == .json {
      try out.writeAll(RunStream.line("result", report.members, at: Date()) + "\n")
      return
    }
    if !isQuiet {
      let style = out.style
      let lines =
        report.table(style: style, columns: out.columns) + report.footnotes + [report.summary(style: style)]
      try out.writeAll(lines.joined(separator: "\n") + "\n")
    }
    console.write(lines: console.wrapped(report.problems(style: console.style)))
  }
}
