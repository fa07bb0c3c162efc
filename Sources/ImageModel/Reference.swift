/// An image reference with Docker's normalisation: `hello-world` is `docker.io/library/hello-world:latest`.
///
/// Source: the grammar of the distribution project's reference package, which Docker, containerd and the kubelet use.
package struct Reference: Hashable, Sendable {
  /// Registry host as the reference names it, with its port if it has one: `docker.io`, `localhost:5000`, `[::1]:5000`.
  package let registry: String
  /// Path of the repository in the registry: `library/hello-world`.
  package let repository: String
  /// The tag. It is `latest` when the text had neither tag nor digest, `nil` when it had a digest only.
  package let tag: String?
  package let digest: Digest?

  package init(registry: String, repository: String, tag: String?, digest: Digest?) {
    self.registry = registry
    self.repository = repository
    self.tag = tag
    self.digest = digest
  }

  /// `docker.io/library/hello-world`: the reference without tag and digest.
  package var name: String { "\(registry)/\(repository)" }

  /// The short form that people write: `hello-world:latest`.
  package var familiar: String {
    guard registry == Self.dockerHub else { return description }
    let path = repository.hasPrefix("library/") ? String(repository.dropFirst("library/".count)) : repository
    return path.contains("/") || repository.hasPrefix("library/") ? path + suffix : description
  }

  /// What a registry is asked for: the digest if there is one, else the tag.
  package var identifier: String { digest?.description ?? tag ?? Self.defaultTag }

  /// The same repository at another digest, without the tag.
  package func at(_ digest: Digest) -> Reference {
    Reference(registry: registry, repository: repository, tag: nil, digest: digest)
  }

  static let dockerHub = "docker.io"
  static let defaultTag = "latest"

  private var suffix: String { (tag.map { ":" + $0 } ?? "") + (digest.map { "@\($0)" } ?? "") }
}

extension Reference: CustomStringConvertible {
  /// The canonical form, `docker.io/library/hello-world:latest`.
  package var description: String { name + suffix }
}

extension Reference: Codable {
  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    do {
      try self.init(parsing: try container.decode(String.self))
    } catch let error as ReferenceError {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: error.description)
    }
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
