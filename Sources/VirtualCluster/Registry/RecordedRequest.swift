import HTTPTypes
package import Hummingbird

/// What a server was asked.
package struct RecordedRequest: Sendable, CustomStringConvertible {
  package let method: String
  /// Path without the query.
  package let path: String
  package let query: String
  /// Names in lower case.
  package let headers: [String: String]
  package let body: [UInt8]

  package var authorization: String? { headers["authorization"] }

  package var description: String { "\(method) \(path)\(query.isEmpty ? "" : "?" + query)" }

  /// A request that was never sent: what a modelled pull would have asked.
  init(method: String, path: String) {
    self.method = method
    self.path = path
    query = ""
    headers = [:]
    body = []
  }

  package init(_ request: Request) async throws {
    self.method = request.method.rawValue
    self.path = request.uri.path
    self.query = request.uri.query ?? ""
    var headers: [String: String] = [:]
    for field in request.headers { headers[field.name.canonicalName] = field.value }
    headers["host"] = request.head.authority
    self.headers = headers
    self.body = Array(buffer: try await request.body.collect(upTo: 1 << 20))
  }
}
