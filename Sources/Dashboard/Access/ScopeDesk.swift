import Kubernetes

/// Works out what somebody may see, from reviews.
///
/// Invariant: `known` holds scopes that were worked out within ``memory``, of answers that are older by a reviewer's
/// memory at most.
actor ScopeDesk {
  private let memory: Duration
  private let reviewer: RightsReviewer
  private let namespaces: @Sendable () async -> Set<String>
  private let allNamespaces: @Sendable () async throws -> Set<String>
  private var known: [TokenReview.User: (scope: ViewScope, until: ContinuousClock.Instant)] = [:]

  /// - Parameters:
  ///   - memory: how long a scope is believed.
  ///   - namespaces: those with something of ours in them.
  ///   - allNamespaces: those of the cluster.
  init(
    _ reviewer: RightsReviewer, memory: Duration = .seconds(5), namespaces: @escaping @Sendable () async -> Set<String>,
    allNamespaces: @escaping @Sendable () async throws -> Set<String>
  ) {
    self.reviewer = reviewer
    self.memory = memory
    self.namespaces = namespaces
    self.allNamespaces = allNamespaces
  }

  /// - Throws: `APIError` where the API server cannot be asked: then nothing may be seen.
  func scope(of user: TokenReview.User) async throws -> ViewScope {
    let now = ContinuousClock.now
    if let (scope, until) = known[user], now < until { return scope }
    let scope = try await review(user)
    known = known.filter { now < $0.value.until }
    known[user] = (scope, now.advanced(by: memory))
    return scope
  }

  private func review(_ user: TokenReview.User) async throws -> ViewScope {
    var scope = ViewScope()
    scope.nodes = try await reviewer.allows(.list("nodes", "", in: nil, user))
    guard scope.nodes else { return scope }
    let names = await namespaces()
    scope.warmNodes = try await reviewer.allows(.list("warmnodes", "prepull.dev", in: nil, user))
    scope.prepulls = try await reviewer.reach("prepulls", "prepull.dev", among: names, user)
    scope.daemonSets = try await reviewer.reach("daemonsets", "apps", among: names, user)
    scope.pods = try await reviewer.reach("pods", "", among: names, user)
    scope.events = try await reviewer.reach("events", "", among: names, user)
    return scope
  }

  /// What the cost is read of, all of which somebody has to see.
  private static let counted = [
    ("pods", ""), ("events", ""), ("deployments", "apps"), ("statefulsets", "apps"), ("daemonsets", "apps"),
    ("jobs", "batch"), ("cronjobs", "batch"),
  ]

  /// The namespaces whose pods, workloads and events somebody may list.
  func costReach(of user: TokenReview.User) async throws -> ViewScope.Reach {
    var reach = ViewScope.Reach.all
    for (plural, group) in Self.counted {
      if try await reviewer.allows(.list(plural, group, in: nil, user)) { continue }
      let left =
        switch reach {
        case .namespaces(let left): left
        case .all: try await allNamespaces()
        }
      reach = try await reviewer.reach(plural, group, among: left, user)
    }
    return reach
  }
}
