import Hummingbird
package import Kubernetes
package import Logging
import Serving

/// The page inside a cluster: one process of `prepulld dashboard`.
///
/// It is no part of the operator's process, so that who takes it over can change nothing: its account may read what the
/// page shows, and ask for reviews of tokens and rights. It needs no leader, as it writes nothing.
package struct ClusterPageProcess: Sendable {
  package struct Options: Sendable {
    /// Where the page is served, over TLS.
    package var address = "0.0.0.0:8443"
    /// Where `/metrics`, `/healthz` and `/readyz` are served; nil for nowhere.
    package var metricsAddress: String? = "0.0.0.0:8080"
    /// PEM files of the certificate and its key; nil for one that the process makes.
    package var certificate: (chain: String, key: String)?
    /// Of its Service.
    package var namespace = "prepull-system"
    /// What people call the cluster.
    package var context = ""
    /// How long what the API server said of somebody's rights is believed.
    var memory = RightsReviewer.memory

    package init() {}
  }

  private let client: KubernetesClient
  private let options: Options
  private let metrics: PageMetrics
  let health: ProcessHealth
  private let logger: Logger
  private static let reviews = "reviews"
  static let page = "the page"

  package init(client: KubernetesClient, options: Options, metrics: PageMetrics = PageMetrics(), logger: Logger) {
    self.client = client
    self.options = options
    self.metrics = metrics
    self.logger = logger
    health = ProcessHealth(waitingFor: MatrixWatch.kinds.sorted() + [Self.reviews, Self.page])
  }

  /// Serves until the task is cancelled.
  ///
  /// - Parameters:
  ///   - onPage: gets the port of the page.
  ///   - onServing: gets the port of the metrics.
  /// - Throws: what keeps it from serving: an address that is taken, a certificate that cannot be read.
  package func run(
    onPage: @escaping @Sendable (Int) -> Void = { _ in }, onServing: @escaping @Sendable (Int) -> Void = { _ in }
  ) async throws {
    // So that nobody who reads the cost keeps others from logging in.
    let (asking, reading) = (client.separate(concurrency: 16), client.separate(concurrency: 4))
    let result: Result<Void, any Error>
    do {
      result = .success(try await run(asking, reading, onPage, onServing))
    } catch {
      result = .failure(error)
    }
    await asking.shutdown()
    await reading.shutdown()
    try result.get()
  }

  private func run(
    _ asking: KubernetesClient, _ reading: KubernetesClient, _ onPage: @escaping @Sendable (Int) -> Void,
    _ onServing: @escaping @Sendable (Int) -> Void
  ) async throws {
    let service = "prepull-dashboard.\(options.namespace).svc"
    let certificate = try PageCertificate(
      options.certificate.map { .init(certificate: $0.chain, key: $0.key) },
      names: [service, "\(service).cluster.local", "prepull-dashboard.\(options.namespace)", "localhost"])
    let feed = ClusterFeed(context: options.context, health: health) { reach in
      var among: Set<String>?
      if case .namespaces(let names) = reach { among = names }
      return CostReading(reading, namespace: nil, among: among) { MissingPrepull.text($0) }
    }
    let reviewer = RightsReviewer(asking, memory: options.memory, metrics: metrics)
    let desk = ScopeDesk(reviewer, memory: min(options.memory, .seconds(5))) {
      await feed.namespaces
    } allNamespaces: {
      let all = try await asking.list(Namespace.self).items.compactMap(\.metadata.name)
      return Set(all.sorted().prefix(ClusterFeed.mostNamespaces))
    }
    let page = ClusterPage(
      feed: feed, desk: desk, sessions: SessionBook(metrics: metrics),
      logIn: LogIn(asking, metrics: metrics, logger: logger), metrics: metrics)
    let server = try PageServer(page, at: options.address, certificate, logger: logger)
    let status = try options.metricsAddress.map {
      try StatusServer(address: $0, metrics: metrics.registry, health: health, logger: logger)
    }
    try await withThrowingTaskGroup(of: Void.self) { group in
      if let status { group.addTask { try await status.run(onStart: onServing) } }
      group.addTask { await MatrixWatch(client: client, namespace: nil, live: feed).run() }
      group.addTask { await certificate.keep(logger) }
      group.addTask { await prove(asking) }
      group.addTask { await IdleMemory.giveBack() }
      group.addTask { [logger, health] in
        try await server.run { port in
          logger.info(
            "the page is served", metadata: ["port": "\(port)", "certificate-sha256": "\(certificate.fingerprint)"])
          onPage(port)
          health.isReady(Self.page)  // at last, so that its log says where it is once it is ready
        }
      }
      defer { group.cancelAll() }
      try await group.next()
    }
  }

  /// Finds out time and again whether tokens and rights can be reviewed: without that nobody can come in.
  private func prove(_ client: KubernetesClient) async {
    while !Task.isCancelled {
      do {
        let may = try await client.create(
          SelfSubjectAccessReview(
            asking: .init(verb: "create", group: "authentication.k8s.io", resource: "tokenreviews")))
        _ = try await client.create(
          SubjectAccessReview(
            of: TokenReview.User(username: "system:anonymous"),
            asking: .init(verb: "list", group: "", resource: "nodes")))
        if may.status?.allowed == true {
          health.isReady(Self.reviews)
        } else {
          health.isWaiting(for: Self.reviews, because: "this account may not create tokenreviews")
        }
      } catch let error as APIError {
        health.isWaiting(for: Self.reviews, because: error.description)
      } catch {}
      // Sooner where it cannot: somebody may give the right.
      guard (try? await Task.sleep(for: .seconds(10))) != nil else { return }
    }
  }
}
