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

/// One `prepull run`, from what the command line says to the report.
struct RunSession {
  let command: RunCommand
  let client: KubernetesClient
  let registry: RegistryClient
  let logger: Logger
  let hint: CleanupHint

  let console = Console.standardError
  let out = Console.standardOutput
  private let environment = ProcessInfo.processInfo.environment

  init(command: RunCommand, client: KubernetesClient, registry: RegistryClient, logger: Logger, hint: CleanupHint) {
    self.command = command
    self.client = client
    self.registry = registry
    self.logger = logger
    self.hint = hint
  }

  /// - Returns: whether every node that was wanted is warm, or, with --dry-run, whether nothing stands against the run.
  func run(ofFiles: WorkloadSet, choice: NodeChoice) async throws -> Bool {
    do {
      let (request, workloads) = try await request(ofFiles: ofFiles, choice: choice)
      let report = try await Preflight.check(request, client: client, registry: registry)
      let isPossible = try show(report)
      guard isPossible, !command.dryRun else { return isPossible }
      return command.keep ? try await keep(request, workloads, report) : try await warm(request, report)
    } catch let error as any RunProblem where command.output == .json {
      // A program that reads the stream learns the cause from its last line.
      try out.writeAll(RunStream.line("error", error.members, at: Date()) + "\n")
      throw error
    }
  }

  // MARK: What is asked for

  private func request(ofFiles: WorkloadSet, choice: NodeChoice) async throws -> (RunRequest, WorkloadSet) {
    let namespace = try usage { try self.namespace(ofFiles) }
    let (workloads, remarks) = try await command.workloadOptions.loaded(
      ofFiles, client: client, namespace: namespace)
    let (images, repeated) = try command.imageArguments.wanted(and: try usage { try workloads.references() })
    if !command.quiet {
      let notes = repeated.map { "\($0) names an image that is in the list already" } + remarks
      console.write(lines: console.wrapped(notes.map { "note: \($0)" }))
    }
    var request = RunRequest(images: images, namespace: namespace)
    request.name = command.name
    request.nodes = choice
    request.nodes.narrow(to: workloads)
    if let parallelism = command.parallelism { request.parallelism = parallelism }
    request.maxFailures = command.maxFailures
    request.timeout = command.timeout?.duration
    if let limit = command.nodeTimeout { request.nodeTimeout = limit.duration }
    request.policy = command.policy
    for secret in command.pullSecret + workloads.pullSecrets where !request.pullSecrets.contains(secret) {
      request.pullSecrets.append(secret)
    }
    request.placement = command.placement == .direct ? .nodeName : .affinity
    request.priorityClass = command.priorityClass
    request.template = try command.podOptions.template()
    return (request, workloads)
  }

  /// The namespace of the workloads in files, which the option must not contradict, else the one of the context.
  private func namespace(_ ofFiles: WorkloadSet) throws -> String {
    guard let own = try ofFiles.namespace() else { return client.configuration.namespace }
    if let given = command.clusterOptions.namespace, given != own {
      throw ValidationError("the workload is in the namespace \(own), not in \(given): leave out --namespace")
    }
    return own
  }

  // MARK: What was found

  /// Shows the plan, and tells whether nothing stands against it.
  private func show(_ report: PreflightReport) throws -> Bool {
    let plan = PlanReport(report: report)
    let impossible = report.impossibleImages.map { report.images[$0].image.given }
    let isPossible = report.blockers.isEmpty && (impossible.isEmpty || !command.dryRun)
    switch command.output {
    case .json:
      try out.writeAll(RunStream.line("plan", plan.members(isPossible: isPossible), at: Date()) + "\n")
    case .text where !command.quiet:
      let target = command.dryRun ? out : console
      let style = style(of: target)
      let table = plan.lines(style: style, columns: target.columns)
      let lines = table + target.wrapped(plan.remarks(style: style))
      if command.dryRun { try out.writeAll(lines.joined(separator: "\n") + "\n") } else { console.write(lines: lines) }
    case .text: break
    }
    console.write(lines: console.wrapped(plan.blockers(style: style(of: console))))
    if report.blockers.isEmpty, command.dryRun, !command.quiet, command.output == .text {
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
    if command.output == .json { return .stream }
    if command.quiet { return .nothing }
    let style = style(of: console)
    return console.isTerminal && style == .colour ? .screen(style) : .log
  }

  private func print(_ report: RunReport) throws {
    if command.output == .json {
      try out.writeAll(RunStream.line("result", report.members, at: Date()) + "\n")
      return
    }
    if !command.quiet {
      let style = style(of: out)
      let lines =
        report.table(style: style, columns: out.columns) + report.footnotes + [report.summary(style: style)]
      try out.writeAll(lines.joined(separator: "\n") + "\n")
    }
    console.write(lines: console.wrapped(report.problems(style: style(of: console))))
  }

  func style(of console: Console) -> Style {
    .choose(isTerminal: console.isTerminal, environment: environment)
  }
}
