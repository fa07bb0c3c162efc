import Checking
import Commands
import Documents
import ImageModel
import Kubernetes
import Logging
import Registry

/// The judging part of `prepull check`: asks registries and nodes about what was read.
struct CheckSession: Sendable {
  let choice: NodeChoice
  let platforms: [Platform]
  let pullSecrets: [String]
  let readsSecrets: Bool
  let isExact: Bool
  let needsCluster: Bool
  let estimateOptions: EstimateOptions
  let credentials: Credentials
  let registry: RegistryConfiguration
  let logger: Logger
  let isQuiet: Bool

  /// - Parameter input: with what the cluster adds, where there is one.
  func judge(_ input: CheckInput, _ client: KubernetesClient?) async throws -> (CheckReport, CheckEstimate?) {
    var request = CheckRequest(images: input.subjects)
    request.findings = input.findings
    request.repositories = input.repositories
    request.platforms = platforms
    request.nodes = choice
    request.thresholds = estimateOptions.thresholds
    request.isExact = isExact
    request.needsCluster = needsCluster
    var survey = PullSecretSurvey()
    if let client {
      let secrets = input.secrets(and: pullSecrets, in: client.configuration.namespace)
      request.placements = input.placements(within: choice)
      request.isAnyNodeMeant = !input.isPlacementKnown
      request.pullSecrets = secrets.map(\.name)
      survey = try await look(at: secrets, client)
    }
    let source: any CredentialSource = survey.credentials.map { $0 as any CredentialSource } ?? credentials
    let registry = RegistryClient(configuration: registry, credentials: source, logger: logger)
    let waiting = WaitLine(.standardError, "asking the cluster")
    return try await waiting.shownUnless(isQuiet) { [request, survey] in
      try await registry.closed {
        let check = ImageCheck(request, registry: registry, secrets: survey) { waiting.say(Self.text(of: $0)) }
        let report = try await check.run(client: client)
        if estimateOptions.probe { waiting.say("measuring the link to the registry") }
        return (report, try await CheckEstimate.make(of: report, estimateOptions, registry))
      }
    }
  }

  private static func text(of progress: ImageInspector.Progress) -> String {
    let first = progress.owing.prefix(2).joined(separator: ", ")
    let others = progress.owing.count > 2 ? " and \(Quantity.count(progress.owing.count - 2, "other"))" : ""
    let owing = progress.owing.isEmpty ? "" : "; not yet by \(first)\(others)"
    return "\(progress.done) of \(Quantity.count(progress.all, "image")) answered\(owing)"
  }

  private func look(
    at secrets: [(namespace: String, name: String)], _ client: KubernetesClient
  ) async throws -> PullSecretSurvey {
    do {
      return try await PullSecretSurvey.look(at: secrets, client, reads: readsSecrets)
    } catch let error as APIError where !needsCluster {
      logger.debug("secrets not looked at", metadata: ["error": "\(error.code)"])
      return PullSecretSurvey()
    }
  }
}
