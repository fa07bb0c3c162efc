package import ImageModel
package import Logging
package import Networking
import Registry

/// The logins that the node itself has, where its kubelet finds them: the docker config, and the credential providers.
///
/// All files are read at each question, as they may be replaced. What a provider says is kept as long as it says.
package struct NodeCredentials: ImageCredentials {
  private let kubelet: Kubelet
  private let program: String
  private let limit: Duration
  private let cache: ProviderCache
  private let logger: Logger

  /// - Parameters:
  ///   - program: our own, which is started anew to run providers in the host's root.
  ///   - limit: how long a provider may take; as the kubelet has it.
  package init(
    kubelet: Kubelet, program: String = "/proc/self/exe", limit: Duration = .seconds(60), clock: SystemClock = .system,
    logger: Logger
  ) {
    self.kubelet = kubelet
    self.program = program
    self.limit = limit
    self.logger = logger
    cache = ProviderCache(clock: clock)
  }

  package func sources(for reference: Reference) async -> [LoginSource] {
    let config = NodeDockerConfig(kubelet: kubelet)
    let first = LoginSource(name: "the node's docker config") { try await config.logins(for: reference) }
    let providers: [CredentialProvider]
    do throws(ProviderFault) {
      providers = try CredentialProvider.all(of: kubelet).filter { $0.fits(reference) }
    } catch {
      let fault = LoginFault(
        reason: "NodeCredentials", message: "the kubelet's credential providers are not known: \(error)")
      return [first, LoginSource(name: "the node's credential providers") { throw fault }]
    }
    // Those that can answer first; that one cannot is what is left to say.
    let order = providers.filter { !$0.needsPodToken } + providers.filter(\.needsPodToken)
    return [first] + order.map { source($0, reference) }
  }

  private func source(_ provider: CredentialProvider, _ reference: Reference) -> LoginSource {
    let name = "the credential provider \(provider.name)"
    guard !provider.needsPodToken else {
      let fault = LoginFault(
        reason: "NeedsKubelet",
        message:
          "\(name) needs the token of a pod's own account (tokenAttributes), which no agent has; the kubelet can "
          + "pull this image: fallback: Kubelet")
      return LoginSource(name: name) { throw fault }
    }
    let process = ProviderProcess(
      provider: provider, kubelet: kubelet, program: program, limit: limit, logger: logger)
    return LoginSource(name: name) { [cache] in
      do {
        let answer = try await cache.answer(of: provider, for: reference) { try await process.answer(for: $0) }
        return try await answer.logins(for: reference)
      } catch let fault as ProviderFault {
        throw LoginFault(reason: "NodeCredentials", message: fault.description)
      } catch let error as RegistryError {
        throw LoginFault(reason: "NodeCredentials", message: "\(error)")
      }
    }
  }
}
