import Documents

/// Docker's `config.json`, as far as it is about credentials; also the content of Kubernetes' pull secrets.
///
/// Each entry is read on its own: one that cannot be read spoils no other.
struct DockerConfig {
  /// A login that fits a repository, and how well.
  struct Match {
    /// The longest path first, then a full host before a pattern.
    fileprivate let rank: [Int]
    let credential: Result<RegistryCredential, RegistryError>
  }

  private var auths: [String: Entry] = [:]
  private var credsStore: String?
  private var credHelpers: [String: String] = [:]
  /// File or variable that this was read from, for errors.
  private var origin = ""

  init() {}

  static func parse(_ bytes: [UInt8], from origin: String) throws(RegistryError) -> DockerConfig {
    guard bytes.contains(where: { $0 > 0x20 }) else { return DockerConfig() }
    // Editors of some systems put a byte order mark before it.
    let bytes = bytes.starts(with: [0xef, 0xbb, 0xbf]) ? Array(bytes.dropFirst(3)) : bytes
    guard let json = try? JSON(parsing: bytes), json.object != nil else {
      throw broken(origin, "it is not JSON in the form of Docker's config.json")
    }
    return DockerConfig(json, from: origin)
  }

  private init(_ json: JSON, from origin: String) {
    self.origin = origin
    auths = (json.member("auths")?.object ?? [:]).mapValues(Entry.init)
    credsStore = json.member("credsStore")?.string
    credHelpers = (json.member("credHelpers")?.object ?? [:]).compactMapValues(\.string)
  }

  /// The keys of its entries that can be used.
  var registries: [String] { auths.filter(\.value.isUsable).keys.map(Self.normalized) }

  /// The helper program to ask about a registry (`osxkeychain`, for `docker-credential-osxkeychain`).
  func helper(for registry: String) -> String? {
    let own = credHelpers.first { Self.normalized($0.key) == registry }?.value
    return (own ?? credsStore).flatMap { $0.isEmpty ? nil : $0 }
  }

  /// The credentials of all entries that fit, the one that fits best first.
  ///
  /// - Throws: when there are such entries and none of them can be read.
  func credentials(for registry: String, repository: String) throws(RegistryError) -> [RegistryCredential] {
    let found = matches(for: registry, repository: repository).ranked
    let usable = found.compactMap { try? $0.credential.get() }
    if usable.isEmpty, let first = found.first { return [try first.credential.get()] }
    return usable
  }

  /// The entries that fit, in no order.
  func matches(for registry: String, repository: String) -> [Match] {
    auths.sorted { $0.key < $1.key }.compactMap { key, entry in
      guard entry.isUsable, let rank = Self.rank(key, registry: registry, repository: repository) else { return nil }
      guard let credential = entry.credential else {
        let name = ForeignText.clean(key, limit: 200)
        return Match(
          rank: rank,
          credential: .failure(Self.broken(origin, "the entry for \(name) is not base64 of username:password")))
      }
      return Match(rank: rank, credential: .success(credential))
    }
  }

  /// How well a key of `auths` fits, or `nil` if it does not.
  ///
  /// Keys are hosts, with a scheme or `/v1/` left over from Docker's early days, with a path (a repository or the
  /// beginning of one), or with `*` in the host for what has no dot in it (the kubelet's rule).
  private static func rank(_ key: String, registry: String, repository: String) -> [Int]? {
    let name = normalized(key)
    let slash = name.firstIndex(of: "/") ?? name.endIndex
    let path = name[slash...].dropFirst()
    guard path.isEmpty || repository == path || repository.hasPrefix(path + "/") else { return nil }
    let host = name[..<slash]
    if host == registry { return [path.count, 1] }
    let pattern = host.split(separator: ".", omittingEmptySubsequences: false)
    let labels = registry.split(separator: ".", omittingEmptySubsequences: false)
    guard host.contains("*"), pattern.count == labels.count, zip(pattern, labels).allSatisfy(matches) else {
      return nil
    }
    return [path.count, 0]
  }

  /// Whether a label fits a pattern in which `*` stands for any characters.
  fileprivate static func matches(_ pattern: Substring, _ label: Substring) -> Bool {
    guard let star = pattern.firstIndex(of: "*") else { return pattern == label }
    guard label.hasPrefix(pattern[..<star]) else { return false }
    let rest = pattern[pattern.index(after: star)...]
    let tail = label.dropFirst(pattern[..<star].count)
    return tail.indices.contains { matches(rest, tail[$0...]) } || matches(rest, tail[tail.endIndex...])
  }

  /// A registry as references name it, from the ways in which configurations do.
  static func normalized(_ key: String) -> String {
    var name = key[...]
    for scheme in ["https://", "http://"] where name.hasPrefix(scheme) { name = name.dropFirst(scheme.count) }
    while name.hasSuffix("/") { name = name.dropLast() }
    for version in ["/v1", "/v2"] where name.hasSuffix(version) { name = name.dropLast(version.count) }
    let slash = name.firstIndex(of: "/") ?? name.endIndex
    var path = name[slash...]
    // The kubelet and Docker take `/v2/team` for `/team`.
    for version in ["/v1/", "/v2/"] where path.hasPrefix(version) { path = path.dropFirst(version.count - 1) }
    let host = name[..<slash].lowercased()
    let isHub = host == "index.docker.io" || host == "registry-1.docker.io"
    return (isHub ? "docker.io" : host) + path
  }

  private static func broken(_ origin: String, _ detail: String) -> RegistryError {
    RegistryError(RegistryProblem(.credentials, detail), operation: "read the credentials in", subject: origin)
  }
}

/// A pattern of images, as `matchImages` of the kubelet's credential providers has them: `*.dkr.ecr.*.amazonaws.com`,
/// `registry.io:8080/path`.
package enum RegistryPattern {
  /// Whether a repository of a registry fits: as many labels in the host, each of which fits; the same port; and a path
  /// that begins as the pattern's does.
  package static func fits(_ pattern: String, registry: String, repository: String) -> Bool {
    let name = DockerConfig.normalized(pattern)
    let slash = name.firstIndex(of: "/") ?? name.endIndex
    guard "/\(repository)".hasPrefix(name[slash...]) else { return false }
    let wanted = split(name[..<slash])
    let given = split(registry.lowercased()[...])
    return wanted.port == given.port && wanted.labels.count == given.labels.count
      && zip(wanted.labels, given.labels).allSatisfy(DockerConfig.matches)
  }

  private static func split(_ host: Substring) -> (labels: [Substring], port: Substring) {
    let colon = host.hasSuffix("]") ? nil : host.lastIndex(of: ":")
    let name = colon.map { host[..<$0] } ?? host
    return (name.split(separator: ".", omittingEmptySubsequences: false), colon.map { host[$0...] } ?? "")
  }
}

extension Sequence<DockerConfig.Match> {
  /// The best first; of equals the first one.
  var ranked: [DockerConfig.Match] {
    enumerated().sorted { a, b in
      a.element.rank == b.element.rank ? a.offset < b.offset : b.element.rank.lexicographicallyPrecedes(a.element.rank)
    }.map(\.element)
  }
}

extension Sequence<RegistryCredential> {
  /// Each once.
  var unique: [RegistryCredential] {
    var seen: Set<RegistryCredential> = []
    return filter { seen.insert($0).inserted }
  }
}
