import ArgumentParser
import Checking
import Commands
import Documents
import Foundation
import ImageModel
import Kubernetes
import Logging
import PrepullAPI
import Registry
import Sandbox
import Terminal
import Workloads

/// One `prepull check`, from what the command line says to the report.
struct CheckSession: Sendable {
  let command: CheckCommand
  let choice: NodeChoice
  let platforms: [Platform]
  let credentials: Credentials
  let registry: RegistryConfiguration
  let logger: Logger

  private let out = Console.standardOutput
  private let console = Console.standardError

  init(
    command: CheckCommand, choice: NodeChoice, platforms: [Platform], credentials: Credentials,
    registry: RegistryConfiguration, logger: Logger
  ) {
    self.command = command
    self.choice = choice
    self.platforms = platforms
    self.credentials = credentials
    self.registry = registry
    self.logger = logger
  }

  /// A client of the cluster that is meant; nil where there is none, and none is needed.
  func cluster() throws -> KubernetesClient? {
    guard !command.noCluster else { return nil }
    let configuration: ClusterConfiguration
    do {
      configuration = try command.clusterOptions.configuration()
    } catch {
      guard error.code == .none, !command.needsCluster else { throw error }
      if command.output == .table, command.estimateOptions.nodeCount == nil {
        console.write("note: there is no kubeconfig: the images are checked without a cluster\n")
      }
      return nil
    }
    if command.estimateOptions.nodeCount != nil {
      throw ValidationError("--node-count is for checks without a cluster: leave it out, or add --no-cluster")
    }
    return try KubernetesClient(
      configuration, notice: { Console.standardError.write("\($0)\n") }, logger: logger)
  }

  /// - Returns: whether nothing was found that counts as a failure.
  func run(_ input: CheckInput, _ client: KubernetesClient?) async throws -> Bool {
    var input = input
    var request = CheckRequest(images: [])
    request.nodes = choice
    var secrets: [(namespace: String, name: String)] = []
    if let client {
      for name in command.prepulls { try await add(name, client, to: &input) }
      try await complete(&input, client, &request, &secrets)
    }
    request.images = input.subjects
    request.findings = input.findings
    request.platforms = platforms
    request.pullSecrets = secrets.map(\.name)
    request.thresholds = command.estimateOptions.thresholds
    request.isExact = command.exact
    request.needsCluster = command.needsCluster
    var survey = PullSecretSurvey()
    if let client { survey = try await look(at: secrets, client) }
    let source: any CredentialSource = survey.credentials.map { $0 as any CredentialSource } ?? credentials
    let registry = RegistryClient(configuration: registry, credentials: source, logger: logger)
    let waiting = WaitLine(console, "asking the cluster")
    let (report, estimate) = try await waiting.shown { [request, survey] in
      try await registry.closed {
        let check = ImageCheck(request, registry: registry, secrets: survey) { waiting.say(Self.text(of: $0)) }
        let report = try await check.run(client: client)
        if command.estimateOptions.probe { waiting.say("measuring the link to the registry") }
        return (report, try await CheckEstimate.make(of: report, command.estimateOptions, registry))
      }
    }
    return try finish(report, estimate)
  }

  private static func text(of progress: ImageInspector.Progress) -> String {
    let first = progress.owing.prefix(2).joined(separator: ", ")
    let others = progress.owing.count > 2 ? " and \(Quantity.count(progress.owing.count - 2, "other"))" : ""
    let owing = progress.owing.isEmpty ? "" : "; not yet by \(first)\(others)"
    return "\(progress.done) of \(Quantity.count(progress.all, "image")) answered\(owing)"
  }

  // MARK: What the cluster adds

  private func add(
    _ name: String, _ client: KubernetesClient, to input: inout CheckInput
  ) async throws {
    let prepull = try await client.get(Prepull.self, name, in: client.configuration.namespace)
    // What workloads use is in the status; it is there before the first node is warm.
    let discovered = (prepull.status?.images ?? []).map(\.image)
    try input.add(name, client.configuration.namespace, prepull.spec, discovered)
  }

  /// Reads the workloads of the cluster, and says where each workload and each Prepull goes.
  private func complete(
    _ input: inout CheckInput, _ client: KubernetesClient, _ request: inout CheckRequest,
    _ secrets: inout [(namespace: String, name: String)]
  ) async throws {
    let namespace = client.configuration.namespace
    let reader = WorkloadReader(client: client)
    for text in command.workloadOptions.workloads {
      input.add(try await reader.template(of: try usage { try WorkloadName(parsing: text) }, in: namespace))
    }
    try input.checkReplacements()
    var templates = input.templates
    // Many workloads, few service accounts: each is asked for once.
    var known: [String: [String]] = [:]
    for index in templates.indices {
      let own = templates[index].namespace ?? namespace
      let account = "\(own)/\(templates[index].serviceAccount)"
      if templates[index].runtimeClass == nil, let secrets = known[account] {
        if templates[index].pullSecrets.isEmpty { templates[index].pullSecrets = secrets }
      } else {
        let isOfCluster = index >= templates.count - command.workloadOptions.workloads.count
        let hadSecrets = !templates[index].pullSecrets.isEmpty
        do {
          let remarks = try await reader.complete(&templates[index], in: own)
          // Of what is not applied yet, the account may be missing too.
          if isOfCluster { console.write(lines: remarks.map { "note: \($0)" }) }
        } catch let error as APIError where !isOfCluster && !command.needsCluster {
          // The nodes will be asked next, and that tells the same.
          logger.debug("workload not completed", metadata: ["error": "\(error.code)"])
        }
        if !hadSecrets { known[account] = templates[index].pullSecrets }
      }
      secrets += templates[index].pullSecrets.map { (own, $0) }
    }
    let own = request.nodes
    request.placements = input.prepulls.map { prepull in
      var nodes = prepull.settings.nodes
      nodes.selector += own.selector
      nodes.names = own.names
      nodes.exclude = own.exclude
      nodes.tolerations += own.tolerations
      nodes.includeCordoned = own.includeCordoned
      return Placement(prepull.source, nodes: nodes, needsEachNode: false)
    }
    request.placements += templates.map { template in
      var nodes = own
      nodes.narrow(to: WorkloadSet([template]))
      return Placement(template.source, nodes: nodes, needsEachNode: true)
    }
    input.place(templates)
    request.isAnyNodeMeant = !input.isPlacementKnown
    for prepull in input.prepulls {
      secrets += prepull.settings.imagePullSecrets.map { (prepull.namespace ?? namespace, $0) }
    }
    secrets += command.pullSecret.map { (namespace, $0) }
    var seen: Set<String> = []
    secrets = secrets.filter { secret in
      // A manifest's own secret is applied with it.
      ![secret.namespace, ""].contains { input.ownSecrets.contains("\($0)/\(secret.name)") }
        && seen.insert("\(secret.namespace)/\(secret.name)").inserted
    }
  }

  private func look(
    at secrets: [(namespace: String, name: String)], _ client: KubernetesClient
  ) async throws -> PullSecretSurvey {
    do {
      return try await PullSecretSurvey.look(at: secrets, client, reads: command.readSecrets)
    } catch let error as APIError where !command.needsCluster {
      logger.debug("secrets not looked at", metadata: ["error": "\(error.code)"])
      return PullSecretSurvey()
    }
  }

  // MARK: The end

  private func finish(_ report: CheckReport, _ estimate: CheckEstimate?) throws -> Bool {
    var report = report
    for index in report.findings.indices where command.ignore.contains(report.findings[index].code) {
      report.findings[index].isIgnored = report.findings[index].level == .error
      report.findings[index].level = .note
    }
    let isGood = !report.findings.contains(where: command.failOn.counts)
    if let remark = estimate?.remark { console.write(lines: console.wrapped(["note: \(remark)"])) }
    if let path = command.estimateOptions.plot { try plot(estimate, to: path) }
    switch command.output {
    case .table:
      let style = out.style
      let table = CheckTable(
        report: report, estimate: estimate, thresholds: command.estimateOptions.thresholds,
        failOn: command.failOn)
      try out.writeAll(table.lines(style: style, columns: out.columns).joined(separator: "\n") + "\n")
    case .json:
      try out.writeAll(CheckDocument(report: report, estimate: estimate, isGood: isGood).json.text + "\n")
    case .yaml:
      let document = CheckDocument(report: report, estimate: estimate, isGood: isGood).json
      try out.writeAll(try ManifestOutput.yaml(of: document))
    case .junit: try out.writeAll(JUnitReport(report: report, failOn: command.failOn).text)
    case .sarif: try out.writeAll(SARIFReport(report: report).json.text + "\n")
    }
    return isGood
  }

  private func plot(_ estimate: CheckEstimate?, to path: String) throws {
    guard let chart = estimate?.chart else {
      throw ValidationError(
        "there is nothing to draw: --plot needs an image that is there, and nodes: a cluster's, or --node-count")
    }
    try PlotFile.write(chart.svg(), to: path)
  }
}
