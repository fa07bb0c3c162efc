package import Kubernetes

extension Prepull {
  /// What names images besides the spec and workloads. One of the three is given.
  package struct Source: Codable, Hashable, Sendable {
    package var prometheus: Metrics?
    package var loki: Metrics?
    package var tags: Tags?

    package init() {}

    /// A query of a server of metrics, or of logs.
    package struct Metrics: Codable, Hashable, Sendable {
      package var url: String
      package var query: String
      /// A duration.
      package var interval: String?
      /// 20 when nil.
      package var top: Int?
      /// `X-Scope-OrgID`.
      package var tenant: String?
      /// A Secret of the Prepull's namespace.
      package var secretRef: LocalObjectReference?

      package init(url: String, query: String) {
        self.url = url
        self.query = query
      }
    }

    /// Tags of a repository.
    package struct Tags: Codable, Hashable, Sendable {
      /// As pods write it, without tag and digest.
      package var repository: String
      package var semver: String?
      package var regex: String?
      /// `Semver` or `Created`. `Semver` when nil.
      package var order: String?
      /// 1 when nil.
      package var newest: Int?
      /// A duration.
      package var interval: String?

      package init(repository: String) { self.repository = repository }
    }
  }

  /// How a source stands.
  package struct SourceStatus: Codable, Hashable, Sendable {
    /// `prometheus prometheus.monitoring:9090`.
    package var source: String
    /// Of what it asks and how, so that its list is found again after a restart.
    package var id: String
    /// The last list that was good, the best first; nil until there was one.
    package var images: [String]?
    /// When that list was given. RFC 3339.
    package var updatedAt: String?
    /// One word in CamelCase while it gives none.
    package var reason: String?
    package var message: String?

    package init(source: String, id: String) {
      self.source = source
      self.id = id
    }
  }
}
