#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Docker's `config.json`, as far as it is about credentials; also the content of Kubernetes' pull secrets.
struct DockerConfig: Decodable {
  struct Entry: Decodable {
    /// Base64 of `username:password`.
    var auth: String?
    var username: String?
    var password: String?
    var identitytoken: String?
    var registrytoken: String?
  }

  private var auths: [String: Entry] = [:]
  private var credsStore: String?
  private var credHelpers: [String: String] = [:]
  /// File or variable that this was read from, for errors.
  private var origin = ""

  private enum CodingKeys: String, CodingKey { case auths, credsStore, credHelpers }

  init() {}

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    auths = try container.decodeIfPresent([String: Entry].self, forKey: .auths) ?? [:]
    credsStore = try container.decodeIfPresent(String.self, forKey: .credsStore)
    credHelpers = try container.decodeIfPresent([String: String].self, forKey: .credHelpers) ?? [:]
  }

  static func parse(_ bytes: [UInt8], from origin: String) throws(RegistryError) -> DockerConfig {
    guard bytes.contains(where: { $0 > 0x20 }) else { return DockerConfig() }
    do {
      var config = try JSONDecoder().decode(DockerConfig.self, from: Data(bytes))
      config.origin = origin
      return config
    } catch {
      throw broken(origin, "it is not JSON in the form of Docker's config.json")
    }
  }

  /// The keys of its entries that can be used.
  var registries: [String] { auths.filter(\.value.isUsable).keys.map(Self.normalized) }

  /// The helper program to ask about a registry (`osxkeychain`, for `docker-credential-osxkeychain`).
  func helper(for registry: String) -> String? {
    let own = credHelpers.first { Self.normalized($0.key) == registry }?.value
    return (own ?? credsStore).flatMap { $0.isEmpty ? nil : $0 }
  }

  /// The credential of the entry that fits best: the longest path first, then a full host before a pattern.
  func credential(for registry: String, repository: String) throws(RegistryError) -> RegistryCredential? {
    var best: (rank: [Int], key: String, entry: Entry)?
    for (key, entry) in auths where entry.isUsable {
      guard let rank = Self.rank(key, registry: registry, repository: repository) else { continue }
      if let best, !best.rank.lexicographicallyPrecedes(rank) { continue }
      best = (rank, key, entry)
    }
    guard let best else { return nil }
    guard let credential = best.entry.credential else {
      throw Self.broken(origin, "the entry for \(best.key) is not base64 of username:password")
    }
    return credential
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
  private static func matches(_ pattern: Substring, _ label: Substring) -> Bool {
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
    let host = name[..<slash].lowercased()
    let isHub = host == "index.docker.io" || host == "registry-1.docker.io"
    return (isHub ? "docker.io" : host) + name[slash...]
  }

  private static func broken(_ origin: String, _ detail: String) -> RegistryError {
    RegistryError(Problem(.credentials, detail), operation: "read the credentials in", subject: origin)
  }
}

extension DockerConfig.Entry {
  /// Docker leaves empty entries behind for what is in a credential store.
  var isUsable: Bool {
    [auth, username, identitytoken, registrytoken].contains { !($0 ?? "").isEmpty }
  }

  /// `nil` when `auth` is malformed.
  var credential: RegistryCredential? {
    if let registrytoken, !registrytoken.isEmpty { return .registryToken(registrytoken) }
    var pair = username.map { ($0, password ?? "") }
    if let auth, !auth.isEmpty {
      guard let data = Data(base64Encoded: auth) else { return nil }
      let text = String(decoding: data, as: UTF8.self).prefix { $0 != "\0" }
      guard let colon = text.firstIndex(of: ":") else { return nil }
      pair = (String(text[..<colon]), String(text[text.index(after: colon)...]))
    }
    if let identitytoken, !identitytoken.isEmpty { return .identityToken(username: pair?.0, token: identitytoken) }
    return pair.map { .basic(username: $0.0, password: $0.1) }
  }
}
