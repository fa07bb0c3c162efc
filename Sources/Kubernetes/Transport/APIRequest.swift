/// One request to the API server, and what it is about.
struct APIRequest: Sendable {
  enum Verb: String, Sendable {
    case get, list, watch, create, update, patch, apply, delete, deletecollection

    var method: String {
      switch self {
      case .get, .list, .watch: "GET"
      case .create: "POST"
      case .update: "PUT"
      case .patch, .apply: "PATCH"
      case .delete, .deletecollection: "DELETE"
      }
    }

    /// As roles name it.
    var permission: String { self == .apply ? "patch" : rawValue }

    /// Whether sending it twice does what sending it once does.
    var isIdempotent: Bool {
      switch self {
      case .get, .list, .watch, .apply: true
      case .create, .update, .patch, .delete, .deletecollection: false
      }
    }
  }

  var verb: Verb
  /// `pods`, `pods/status`; the path where it is not about objects.
  var resource: String
  var group = ""
  var namespace: String?
  var name: String?
  /// Below the server's own path, percent-encoded.
  var path: String
  var query: [(name: String, value: String)] = []
  var body: [UInt8]?
  var contentType = "application/json"
  /// In place of plain JSON.
  var accept: String?

  /// A request about the objects of a kind, or about one of them.
  init(
    _ verb: Verb, _ kind: DynamicResource, namespace: String? = nil, name: String? = nil, subresource: String? = nil
  ) {
    self.verb = verb
    self.group = kind.group
    self.resource = subresource.map { "\(kind.plural)/\($0)" } ?? kind.plural
    self.namespace = kind.isNamespaced ? namespace : nil
    self.name = name
    var segments = kind.group.isEmpty ? ["api", kind.version] : ["apis", kind.group, kind.version]
    if let namespace = self.namespace { segments += ["namespaces", namespace] }
    segments.append(kind.plural)
    if let name { segments.append(name) }
    if let subresource { segments.append(subresource) }
    path = segments.map { "/" + Self.encode($0) }.joined()
  }

  /// A request for a path, `/version`.
  init(get path: String) {
    verb = .get
    resource = path
    self.path = path
  }

  /// Path and query.
  var target: String {
    guard !query.isEmpty else { return path }
    return path + "?" + query.map { "\(Self.encode($0.name))=\(Self.encode($0.value))" }.joined(separator: "&")
  }

  /// All but the unreserved characters of RFC 3986 percent-encoded.
  static func encode(_ text: String) -> String {
    var encoded = ""
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
        UInt8(ascii: "~"):
        encoded.unicodeScalars.append(Unicode.Scalar(byte))
      default:
        let digits = String(byte, radix: 16, uppercase: true)
        encoded += "%" + (digits.count == 1 ? "0" : "") + digits
      }
    }
    return encoded
  }
}
