import Documents

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension DockerConfig {
  /// A login of Docker's configuration. An empty text is as good as none.
  struct Entry {
    /// Base64 of `username:password`; nil for none.
    private let auth: String?
    private let username: String?
    private let password: String?
    private let identityToken: String?
    private let registryToken: String?
    /// Whether `auth` is there and no text.
    private let isBroken: Bool

    init(_ json: JSON) {
      func text(_ key: String) -> String? {
        json.member(key)?.string.flatMap { $0.isEmpty ? nil : $0 }
      }
      // No header may hold the line end that programs leave behind a token.
      func token(_ key: String) -> String? {
        text(key).flatMap { $0.split(whereSeparator: \.isWhitespace).first.map(String.init) }
      }
      auth = text("auth")
      username = text("username")
      password = text("password")
      identityToken = token("identitytoken")
      registryToken = token("registrytoken")
      isBroken = json.member("auth").map { !$0.isNull && $0.string == nil } ?? false
    }
  }
}

extension DockerConfig.Entry {
  /// Docker leaves empty entries behind for what is in a credential store.
  var isUsable: Bool {
    guard !isBroken, registryToken == nil, identityToken == nil else { return true }
    guard let auth else { return username != nil || password != nil }
    // ":" alone, as some programs write what they do not have.
    return Self.decoded(auth).map { $0 != ("", "") } ?? true
  }

  /// `nil` when `auth` is malformed.
  var credential: RegistryCredential? {
    guard !isBroken else { return nil }
    if let registryToken { return .registryToken(registryToken) }
    var pair: (username: String, password: String)?
    if username != nil || password != nil { pair = (username ?? "", password ?? "") }
    if let auth {
      guard let decoded = Self.decoded(auth) else { return nil }
      pair = decoded
    }
    if let identityToken {
      let username = pair.flatMap { $0.username.isEmpty ? nil : $0.username }
      return .identityToken(username: username, token: identityToken)
    }
    return pair.map { .basic(username: $0.username, password: $0.password) }
  }

  /// Decodes `auth` as the kubelet does: line breaks are passed over, and the padding may be left out altogether.
  private static func decoded(_ auth: String) -> (username: String, password: String)? {
    var text = auth.filter { !$0.isNewline }
    if !text.hasSuffix("=") { text += String(repeating: "=", count: (4 - text.utf8.count % 4) % 4) }
    guard let data = Data(base64Encoded: text) else { return nil }
    let pair = String(decoding: data, as: UTF8.self).prefix { $0 != "\0" }
    guard let colon = pair.firstIndex(of: ":") else { return nil }
    return (String(pair[..<colon]), String(pair[pair.index(after: colon)...]))
  }
}
