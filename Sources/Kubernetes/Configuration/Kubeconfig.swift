package import Documents

/// A kubeconfig file. Fields that Prepull does not use are left out.
///
/// Source: `client-go/tools/clientcmd/api/v1`.
package struct Kubeconfig: Codable, Hashable, Sendable {
  package struct Named<Value: Codable & Hashable & Sendable>: Hashable, Sendable {
    package var name: String
    package var value: Value
  }

  package struct Cluster: Codable, Hashable, Sendable {
    package struct Extension: Codable, Hashable, Sendable {
      package var name: String
      package var `extension`: JSON?
    }

    package var server: String?
    package var tlsServerName: String?
    package var insecureSkipTLSVerify: Bool?
    package var certificateAuthority: String?
    /// PEM in base64.
    package var certificateAuthorityData: String?
    package var proxyURL: String?
    package var disableCompression: Bool?
    package var extensions: [Extension]?

    package init() {}

    enum CodingKeys: String, CodingKey {
      case server, extensions
      case tlsServerName = "tls-server-name"
      case insecureSkipTLSVerify = "insecure-skip-tls-verify"
      case certificateAuthority = "certificate-authority"
      case certificateAuthorityData = "certificate-authority-data"
      case proxyURL = "proxy-url"
      case disableCompression = "disable-compression"
    }
  }

  package struct User: Codable, Hashable, Sendable {
    package struct Exec: Codable, Hashable, Sendable {
      package struct Variable: Codable, Hashable, Sendable {
        package var name: String
        package var value: String?
      }

      package var apiVersion: String?
      package var command: String?
      package var args: [String]?
      package var env: [Variable]?
      package var installHint: String?
      package var provideClusterInfo: Bool?
      package var interactiveMode: String?
    }

    package struct AuthProvider: Codable, Hashable, Sendable {
      package var name: String?
    }

    package var clientCertificate: String?
    package var clientCertificateData: String?
    package var clientKey: String?
    package var clientKeyData: String?
    package var token: String?
    package var tokenFile: String?
    package var username: String?
    package var password: String?
    package var impersonate: String?
    package var impersonateUID: String?
    package var impersonateGroups: [String]?
    package var impersonateExtra: [String: [String]]?
    package var exec: Exec?
    package var authProvider: AuthProvider?

    package init() {}

    enum CodingKeys: String, CodingKey {
      case token, tokenFile, username, password, exec
      case clientCertificate = "client-certificate"
      case clientCertificateData = "client-certificate-data"
      case clientKey = "client-key"
      case clientKeyData = "client-key-data"
      case impersonate = "as"
      case impersonateUID = "as-uid"
      case impersonateGroups = "as-groups"
      case impersonateExtra = "as-user-extra"
      case authProvider = "auth-provider"
    }
  }

  package struct Context: Codable, Hashable, Sendable {
    package var cluster: String?
    package var user: String?
    package var namespace: String?

    package init() {}
  }

  package var currentContext: String?
  package var clusters: [Named<Cluster>]?
  package var users: [Named<User>]?
  package var contexts: [Named<Context>]?

  package init() {}

  enum CodingKeys: String, CodingKey {
    case clusters, users, contexts
    case currentContext = "current-context"
  }
}

extension Kubeconfig.Named: Codable {
  private struct Key: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(_ name: String) { stringValue = name }
    init?(stringValue: String) { self.init(stringValue) }
    init?(intValue: Int) { nil }

    static var name: Key { Key("name") }
    /// The value stands under the word for what it is: `cluster`, `user`, `context`.
    static var value: Key { Key(String(describing: Value.self).lowercased()) }
  }

  package init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: Key.self)
    name = try fields.decode(String.self, forKey: .name)
    if let value = try fields.decodeIfPresent(Value.self, forKey: .value) {
      self.value = value
    } else {
      // `- name: x` alone is an empty entry, as kubectl has it.
      self.value = try JSON.object([:]).decoded()
    }
  }

  package func encode(to encoder: any Encoder) throws {
    var fields = encoder.container(keyedBy: Key.self)
    try fields.encode(name, forKey: .name)
    try fields.encode(value, forKey: .value)
  }
}

// Tokens, passwords and keys never show where a kubeconfig is printed by accident.
extension Kubeconfig.User: CustomStringConvertible, CustomDebugStringConvertible {
  package var description: String { "user of a kubeconfig" }
  package var debugDescription: String { description }
}
