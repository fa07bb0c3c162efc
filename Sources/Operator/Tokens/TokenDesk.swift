import Documents
import ImageModel
import Kubernetes
import Logging
import Networking
import PrepullAPI
import Registry
import Synchronization

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Decides what the agent of a node gets for an image: a token of its repository, a password, or a refusal.
///
/// Its answers hold secrets; nothing of them is logged.
final class TokenDesk: Sendable {
  /// Of one Prepull that wants the image.
  struct Claim: Hashable, Sendable {
    let documents: [PullSecretReader.Content.Document]
    let allowsPasswords: Bool
  }

  private let client: KubernetesClient
  private let reviewer: AgentReviewer
  private let secrets: PullSecretReader
  private let access: AccessBook
  private let clock: SystemClock
  private let pace: Mutex<RequestPace>

  /// - Parameters:
  ///   - namespace: of the agents.
  ///   - registry: how registries are reached.
  init(
    client: KubernetesClient, namespace: String, registry: RegistryConfiguration, pace: RequestPace = RequestPace(),
    clock: SystemClock = .system, logger: Logger
  ) {
    self.client = client
    self.clock = clock
    self.pace = Mutex(pace)
    reviewer = AgentReviewer(client: client, namespace: namespace, clock: clock)
    secrets = PullSecretReader(client: client, logger: logger)
    access = AccessBook(registry: registry, clock: clock, logger: logger)
  }

  /// What to answer the holder of a token who asks for an image.
  ///
  /// - Throws: `TokenRefusal`, or `CancellationError`.
  func credential(for image: String, to token: String) async throws -> JSON {
    do {
      let node = try await reviewer.node(of: token)
      if let seconds = pace.withLock({ $0.wait(of: node, at: clock.now()) }) {
        throw TokenRefusal(429, "TooManyRequests", "the node \(node) asks too often", retryAfter: seconds)
      }
      guard let reference = try? Reference(parsing: image) else {
        throw TokenRefusal(400, "BadImage", "'\(ForeignText.clean(image, limit: 200))' is no image reference")
      }
      let prepulls = try await prepulls(that: reference, wanted: node)
      return try await answer(reference, try await claims(of: prepulls), prepulls)
    } catch let error as APIError {
      throw TokenRefusal(503, "APIServerUnavailable", "the API server cannot be asked: \(error)", retryAfter: 5)
    } catch let error as RegistryError {
      throw Self.refusal(error)
    }
  }

  /// The Prepulls that want images of this repository on the node.
  private func prepulls(that reference: Reference, wanted node: String) async throws -> [String] {
    let record: WarmNode
    do {
      record = try await client.get(WarmNode.self, node)
    } catch let error as APIError where error.code == .notFound {
      throw TokenRefusal(403, "NotWanted", "the node \(node) has no WarmNode yet", retryAfter: 5)
    }
    // What is given out opens the repository, and no more.
    let wishes = (record.spec?.images ?? []).filter { wish in
      (try? Reference(parsing: wish.image))?.name == reference.name
    }
    guard !wishes.isEmpty else {
      throw TokenRefusal(403, "NotWanted", "the WarmNode \(node) wants no image of \(reference.name)")
    }
    var seen: Set<String> = []
    return wishes.flatMap(\.prepulls).filter { seen.insert($0).inserted }
  }

  /// What the Prepulls that want the image bring.
  private func claims(of prepulls: [String]) async throws -> [Claim] {
    var claims: [Claim] = []
    for name in prepulls {
      let parts = name.split(separator: "/", maxSplits: 1).map(String.init)
      guard parts.count == 2 else { continue }
      let prepull: Prepull
      do {
        prepull = try await client.get(Prepull.self, parts[1], in: parts[0])
      } catch let error as APIError where error.code == .notFound {
        continue
      }
      let names = prepull.spec.imagePullSecrets?.map(\.name) ?? []
      guard prepull.metadata.deletionTimestamp == nil, !names.isEmpty else { continue }
      let content = try await secrets.content(of: .init(namespace: parts[0], secrets: names))
      claims.append(
        Claim(documents: content.documents, allowsPasswords: prepull.spec.allowPasswords ?? false))
    }
    return claims
  }

  private func answer(_ reference: Reference, _ claims: [Claim], _ prepulls: [String]) async throws -> JSON {
    let names = prepulls.joined(separator: ", ")
    let documents = claims.flatMap(\.documents)
    guard !documents.isEmpty else {
      throw TokenRefusal(
        403, "NoCredential",
        "no pull secret can be read of the Prepulls that want \(reference.name) (\(names)); name one in imagePullSecrets, "
          + "and let Prepull read it (add --grant-secrets to the options of prepull install)")
    }
    var result: JSON = ["registry": .string(reference.registry), "repository": .string(reference.repository)]
    switch try await access.grant(for: reference, documents) {
    case .open: return result
    case .token(let text, let expires):
      result["token"] = .string(text)
      result["expiresAt"] = .string(Timestamp.seconds(expires))
      return result
    case .password: break
    }
    // A password of a Prepull that allows it; that of another one is not given away by that.
    let allowed = claims.filter(\.allowsPasswords).flatMap(\.documents)
    guard !allowed.isEmpty, case .password(let username, let password) = try await access.grant(for: reference, allowed)
    else {
      throw TokenRefusal(
        403, "PasswordNotAllowed",
        "\(reference.registry) gives no tokens, and no Prepull that wants \(reference.name) (\(names)) lets its password go to "
          + "nodes; set allowPasswords: true there, or engine: Kubelet")
    }
    result["username"] = .string(username)
    result["password"] = .string(password)
    return result
  }

  private static func refusal(_ error: RegistryError) -> TokenRefusal {
    switch error.code {
    case .unauthorized, .denied, .notFound, .credentials:
      TokenRefusal(403, "RegistryRefused", "no pull secret opens it: \(error)")
    default: TokenRefusal(502, "RegistryUnavailable", "\(error)", retryAfter: 10)
    }
  }
}
