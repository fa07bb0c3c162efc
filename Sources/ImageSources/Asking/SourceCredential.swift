/// What a server of metrics is shown, as the keys of a Secret hold it: `token`, or `username` and `password`; and
/// `ca.crt`, by which its certificate is checked.
package struct SourceCredential: Hashable, Sendable, CustomStringConvertible {
  /// The keys that count.
  package static let keys = ["token", "username", "password", "ca.crt"]

  package enum Login: Hashable, Sendable {
    case bearer(String)
    case basic(username: String, password: String)
  }

  package let login: Login?
  /// PEM.
  package let authority: [UInt8]?

  package static let none = SourceCredential(login: nil, authority: nil)

  private init(login: Login?, authority: [UInt8]?) {
    self.login = login
    self.authority = authority
  }

  /// - Parameter data: by key.
  /// - Throws: `SourceError` of the code `secret` where the keys make no login.
  package init(_ data: [String: [UInt8]], voice: SourceVoice = .prepull) throws(SourceError) {
    func fault(_ what: String) -> SourceError {
      SourceError(
        .secret, "\(voice == .prepull ? "its Secret is of no use: " : "")\(what)",
        remedy: "Give it the key token, or username and password, and perhaps ca.crt.")
    }
    func text(_ key: String) -> String? {
      guard let bytes = data[key] else { return nil }
      let text = String(decoding: bytes, as: UTF8.self)
      return text.hasSuffix("\n") ? String(text.dropLast()) : text
    }
    authority = data["ca.crt"]
    switch (text("token"), text("username"), text("password")) {
    case (let token?, nil, nil):
      guard !token.isEmpty, token.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
        throw fault("'token' is empty or has characters that no token has")
      }
      login = .bearer(token)
    case (nil, let username?, let password?):
      guard !username.contains(":") else { throw fault("'username' has a colon") }
      login = .basic(username: username, password: password)
    case (nil, nil, nil):
      guard authority != nil else { throw fault("it has none of the keys \(Self.keys.joined(separator: ", "))") }
      login = nil
    case (_?, _, _): throw fault("it has 'token' and also 'username' or 'password'")
    default: throw fault("it has only one of 'username' and 'password'")
    }
  }

  /// Never what is in it.
  package var description: String { "credential" }
}
