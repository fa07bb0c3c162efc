/// Where images come from besides specs and workloads.
package enum ImageSource: Hashable, Sendable {
  /// What a server of metrics or logs knows.
  case metrics(MetricsSource)
  /// What a registry knows.
  case tags(TagSource)

  /// For people: `prometheus prometheus.monitoring:9090`, `tags registry.example.com/team/app`.
  package var name: String {
    switch self {
    case .metrics(let source): "\(source.kind.rawValue) \(source.address.authority)"
    case .tags(let source): "tags \(source.repository)"
    }
  }

  /// Where it asks, for people: the server's address, or the repository.
  package var place: String {
    switch self {
    case .metrics(let source): source.address.text
    case .tags(let source): source.repository
    }
  }

  /// All that decides what it gives, the same in every process; how it is asked is not in it.
  package var definition: String {
    switch self {
    case .metrics(let source):
      [source.kind.rawValue, source.address.text, source.query, "\(source.top)", source.tenant ?? ""]
        .joined(separator: "\n")
    case .tags(let source):
      ["tags", source.repository, source.filter.text, source.order.rawValue, "\(source.newest)"].joined(separator: "\n")
    }
  }
}

/// A query of Prometheus, or of Loki, and what is made of its answer.
package struct MetricsSource: Hashable, Sendable {
  package enum Kind: String, Hashable, Sendable, CaseIterable {
    case prometheus, loki

    var title: String { self == .prometheus ? "Prometheus" : "Loki" }
  }

  package let kind: Kind
  package let address: SourceAddress
  package let query: String
  /// The images of the highest values, at most so many.
  package let top: Int
  /// Of servers with several tenants: `X-Scope-OrgID`.
  package let tenant: String?

  package init(kind: Kind, address: SourceAddress, query: String, top: Int = Self.usualTop, tenant: String? = nil) {
    self.kind = kind
    self.address = address
    self.query = query
    self.top = top
    self.tenant = tenant
  }

  package static let usualTop = 20
  package static let mostImages = 100
}

/// The tags of a repository of which the newest are wanted.
package struct TagSource: Hashable, Sendable {
  package enum Order: String, Hashable, Sendable, CaseIterable {
    /// By the version that a tag is.
    case semver = "Semver"
    /// By the time that the image's configuration says it was made.
    case created = "Created"
  }

  /// As pods write it, without tag and digest.
  package let repository: String
  package let filter: TagFilter
  package let order: Order
  package let newest: Int

  package init(repository: String, filter: TagFilter, order: Order = .semver, newest: Int = Self.usualNewest) {
    self.repository = repository
    self.filter = filter
    self.order = order
    self.newest = newest
  }

  package static let usualNewest = 1
  package static let mostImages = 50
}
