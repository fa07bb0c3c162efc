import Kubernetes
import Serving

/// Asks the API server what people may do, and remembers its answers for a short time.
///
/// Invariant: `known` holds what the API server said within ``memory``.
actor RightsReviewer {
  struct Question: Hashable, Sendable {
    let user: TokenReview.User
    let attributes: SelfSubjectAccessReview.ResourceAttributes

    /// Whether somebody may list a kind, in a namespace or in all.
    static func list(_ plural: String, _ group: String, in namespace: String?, _ user: TokenReview.User) -> Self {
      Question(
        user: user, attributes: .init(verb: "list", group: group, resource: plural, namespace: namespace))
    }
  }

  private struct Answer {
    let isAllowed: Bool
    let until: ContinuousClock.Instant
  }

  static let memory = Duration.seconds(30)
  private static let mostKnown = 20_000

  private let client: KubernetesClient
  private let memory: Duration
  private let metrics: PageMetrics
  private var known: [Question: Answer] = [:]

  init(_ client: KubernetesClient, memory: Duration = RightsReviewer.memory, metrics: PageMetrics) {
    self.client = client
    self.memory = memory
    self.metrics = metrics
  }

  /// - Throws: `APIError` where the API server cannot be asked, or does not let this process ask.
  func allows(_ question: Question) async throws -> Bool {
    let now = ContinuousClock.now
    if let answer = known[question], now < answer.until { return answer.isAllowed }
    let review: SubjectAccessReview
    do {
      review = try await client.create(SubjectAccessReview(of: question.user, asking: question.attributes))
    } catch {
      metrics.reviews.add(1, "failed")
      throw error
    }
    let isAllowed = review.status?.allowed == true && review.status?.denied != true
    metrics.reviews.add(1, isAllowed ? "allowed" : "denied")
    if known.count >= Self.mostKnown { known = known.filter { now < $0.value.until } }
    // From before it was asked: rights may have gone since.
    if known.count < Self.mostKnown { known[question] = Answer(isAllowed: isAllowed, until: now.advanced(by: memory)) }
    return isAllowed
  }

  /// Those of the namespaces in which a kind may be listed; all of the cluster where that is allowed.
  func reach(_ plural: String, _ group: String, among namespaces: Set<String>, _ user: TokenReview.User) async throws
    -> ViewScope.Reach
  {
    if try await allows(.list(plural, group, in: nil, user)) { return .all }
    return try await withThrowingTaskGroup(of: String?.self) { tasks in
      for namespace in namespaces {
        tasks.addTask { try await self.allows(.list(plural, group, in: namespace, user)) ? namespace : nil }
      }
      var allowed: Set<String> = []
      for try await namespace in tasks { if let namespace { allowed.insert(namespace) } }
      return .namespaces(allowed)
    }
  }
}
