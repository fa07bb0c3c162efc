import Kubernetes
import Networking

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Tells which node's agent shows a token, and remembers it for a few seconds.
///
/// Invariant: `known` holds what the API server said of a token within ``memory``.
actor AgentReviewer {
  private struct Finding {
    let node: String
    let until: ContinuousClock.Instant
  }

  /// Whom the tokens of agents are for.
  static let audience = "prepull"
  static let account = "prepull-agent"
  static let memory = Duration.seconds(10)
  private static let mostKnown = 10_000
  private static let nodeName = "authentication.kubernetes.io/node-name"

  private let client: KubernetesClient
  private let namespace: String
  private let clock: SystemClock
  private var known: [String: Finding] = [:]

  /// - Parameter namespace: of the agents.
  init(client: KubernetesClient, namespace: String, clock: SystemClock) {
    self.client = client
    self.namespace = namespace
    self.clock = clock
  }

  /// The node of the agent.
  ///
  /// - Throws: `TokenRefusal`; `APIError` when the API server cannot be asked.
  func node(of token: String) async throws -> String {
    if let finding = known[token], clock.now() < finding.until { return finding.node }
    let review = try await client.create(TokenReview(of: token, audiences: [Self.audience]))
    let node = try node(in: review.status)
    let now = clock.now()
    if known.count >= Self.mostKnown { known = known.filter { now < $0.value.until } }
    known[token] = Finding(node: node, until: now.advanced(by: Self.memory))
    return node
  }

  private func node(in status: TokenReview.Status?) throws(TokenRefusal) -> String {
    guard let status, status.authenticated == true, status.audiences?.contains(Self.audience) == true,
      let user = status.user
    else {
      throw TokenRefusal(
        401, "Unauthorized", "the token is not valid, or is not for the audience \(Self.audience)")
    }
    guard user.username == "system:serviceaccount:\(namespace):\(Self.account)" else {
      throw TokenRefusal(
        403, "NoAgent", "only the account \(Self.account) of the namespace \(namespace) gets credentials here")
    }
    guard let node = user.extra?[Self.nodeName]?.first, !node.isEmpty else {
      throw TokenRefusal(
        403, "NodeUnknown",
        "the token does not name the node of its pod: this needs Kubernetes 1.30 or later, and a token bound to the pod"
      )
    }
    return node
  }
}
