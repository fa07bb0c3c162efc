import Checking
import Commands
import ImageSources
import Kubernetes
import Logging
import Operator
import PrepullAPI
import Registry
import Terminal

/// Asks sources of Prepulls from this machine, and says what it asks.
struct SourceAsker: Sendable {
  let registry: RegistryConfiguration
  let credentials: any CredentialSource
  let logger: Logger
  /// Who named the sources.
  var voice = SourceVoice.prepull
  /// Whether it does not say what it asks.
  var isQuiet = false

  /// - Parameters:
  ///   - client: for pods that series name in place of images; they are left out without.
  ///   - pullSecrets: what the registry is asked with; nil for the credentials of this machine.
  /// - Throws: `SourceError`, or `APIError`.
  func finding(
    of source: ImageSource, _ credential: SourceCredential, _ client: KubernetesClient?,
    _ pullSecrets: (any CredentialSource)? = nil
  ) async throws -> SourceFinding {
    let console = Console.standardError
    let waiting = WaitLine(console, "asking \(source.name)")
    switch source {
    case .metrics(let metrics):
      if !isQuiet {
        console.write(
          "asking \(MetricsClient.address(of: metrics)) for \(VisibleText.sanitised(metrics.query))\n")
      }
      return try await waiting.shownUnless(isQuiet) {
        let (tally, warning) = try await MetricsClient(configuration: registry, voice: voice).ask(metrics, credential)
        var finding = try await SourceFinding.of(tally, warning: warning, top: metrics.top) { pods in
          guard let client else { return [:] }
          return try await SourceDesk.images(of: pods, client)
        }
        if client == nil, !tally.wantedPods.isEmpty {
          finding.remarks.append("pods of series were not looked up, as no kubeconfig names a cluster")
        }
        return finding
      }
    case .tags(let tags):
      if !isQuiet { console.write("asking the registry for the tags of \(tags.repository)\n") }
      let registry = RegistryClient(
        configuration: registry, credentials: pullSecrets ?? credentials, logger: logger)
      return try await waiting.shownUnless(isQuiet) {
        try await registry.closed {
          try await TagFinder(registry: registry, times: CreationTimes()).find(tags)
        }
      }
    }
  }

  /// The input of a check with the images of the sources of its Prepulls; of a source that gives none, with a finding.
  ///
  /// - Parameters:
  ///   - reader: reads Secrets; nil where they are not to be read.
  ///   - pullSecrets: those that pods have besides what their Prepull names.
  func completed(
    _ input: CheckInput, _ client: KubernetesClient?, reader: KubernetesClient?, pullSecrets: [String] = []
  ) async throws -> CheckInput {
    var completed = input
    for source in input.sources {
      let prepull = input.prepulls[source.prepull]
      do {
        let credential = try await credential(of: source.source, in: prepull.namespace, reader)
        let found = try await self.pullSecrets(of: prepull, input, and: pullSecrets, reader)
        let finding = try await finding(of: source.source.source, credential, client, found)
        if finding.images.isEmpty {
          let cause = finding.remarks.isEmpty ? "" : ": \(finding.remarks.joined(separator: "; "))"
          completed.add(
            .sourceFailed, "\(source.source.source.place) gives no image\(cause)", "Correct it, or leave it out.",
            of: source)
        }
        completed.add(finding.images.map(\.reference), of: source)
      } catch let error as SourceError {
        completed.add(
          error.code.isOfEveryPlace ? .sourceRefused : .sourceFailed, error.detail, error.remedy, of: source)
      } catch let error as APIError {
        completed.add(.sourceFailed, error.detail, "Check the rights in the cluster, or add --no-cluster.", of: source)
      }
    }
    return completed
  }

  /// What the pull secrets hold with which kubelets ask; nil where there are none, or none is read.
  private func pullSecrets(
    of prepull: CheckInput.NamedPrepull, _ input: CheckInput, and others: [String], _ reader: KubernetesClient?
  ) async throws -> (any CredentialSource)? {
    guard let reader else { return nil }
    let secrets = input.secrets(of: prepull, and: others, in: reader.configuration.namespace)
    // What is wrong with them is said with the images.
    return try await PullSecretSurvey.look(at: secrets, reader, reads: true).credentials
  }

  private func credential(
    of source: PrepullSettings.Source, in namespace: String?, _ client: KubernetesClient?
  ) async throws -> SourceCredential {
    guard let secret = source.secret else { return .none }
    guard let client else {
      throw SourceError(
        .secret, "it is asked with the Secret \(secret), which is not read here", remedy: "Add --read-secrets.")
    }
    return try await SourceCredential(client, secret: secret, in: namespace ?? client.configuration.namespace)
  }
}

extension SourceError.Code {
  /// Whether the operator would get the same answer as this machine, as the source itself has to be corrected.
  fileprivate var isOfEveryPlace: Bool {
    switch self {
    case .badQuery, .badAnswer, .tooLarge, .redirected, .unauthorized, .noTags: true
    case .notAllowed, .secret, .unreachable, .timedOut, .tls, .registry, .fault: false
    }
  }
}
