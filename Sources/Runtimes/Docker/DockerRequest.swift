import ImageModel
import NIOHTTP1

/// One request to the Docker Engine, below the version's prefix.
struct DockerRequest: Sendable {
  let method: HTTPMethod
  private let path: String
  var query: [(name: String, value: String)] = []
  var headers = HTTPHeaders()
  /// For the head of the answer; the usual limit of a call where `nil`.
  var limit: Duration?

  init(_ method: HTTPMethod, _ path: String) {
    self.method = method
    self.path = path
  }

  var target: String {
    guard !query.isEmpty else { return path }
    return path + "?" + query.map { "\($0.name)=\($0.value.percentEncoded)" }.joined(separator: "&")
  }
}

/// What is attempted, for errors.
struct DockerOperation: Sendable {
  let verb: String
  let reference: Reference?
  /// Whether the answer that there is no such image is no error.
  let toleratesMissing: Bool

  init(_ verb: String, _ reference: Reference? = nil, toleratesMissing: Bool = false) {
    self.verb = verb
    self.reference = reference
    self.toleratesMissing = toleratesMissing
  }

  var isPull: Bool { verb == "pull" }

  func subject(at endpoint: RuntimeEndpoint) -> String { reference?.familiar ?? "at \(endpoint)" }
}

/// A status other than success, with the engine's own words.
struct DockerRefusal: Error {
  let status: UInt
  let message: String

  var isMissingImage: Bool { status == 404 && message.lowercased().contains("no such image") }
}

extension String {
  /// With everything but RFC 3986's unreserved characters as `%XX`.
  var percentEncoded: String {
    let hex = Array("0123456789ABCDEF".utf8)
    let bytes = utf8.flatMap { byte -> [UInt8] in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
        UInt8(ascii: "~"):
        [byte]
      default: [UInt8(ascii: "%"), hex[Int(byte >> 4)], hex[Int(byte & 15)]]
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
