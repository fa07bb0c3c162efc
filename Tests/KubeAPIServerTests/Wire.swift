import AsyncHTTPClient
import Documents
import KubeAPIServer
import Logging
import NIOCore
import NIOHTTP1

/// Requests on an API server of a test, over a real socket.
struct Wire: Sendable {
  let server: APIServer
  var token: String? = nil

  struct Answer: Sendable {
    let status: Int
    let headers: HTTPHeaders
    let json: JSON
  }

  static func with<Result>(
    store: Store = Store(), configure: (inout APIServer.Options) throws -> Void = { $0.isOpen = true },
    _ body: (Wire) async throws -> Result
  ) async throws -> Result {
    var options = APIServer.Options()
    try configure(&options)
    let server = APIServer(store: store, options: options, logger: Logger(label: "test"))
    return try await server.serving { try await body(Wire(server: server)) }
  }

  private func request(_ method: HTTPMethod, _ path: String, _ headers: [String: String]) -> HTTPClientRequest {
    var request = HTTPClientRequest(url: server.address + path)
    request.method = method
    if let token { request.headers.add(name: "Authorization", value: "Bearer \(token)") }
    request.headers.add(name: "User-Agent", value: "wire/1.0 (test)")
    for (name, value) in headers { request.headers.replaceOrAdd(name: name, value: value) }
    return request
  }

  /// - Parameter text: the body as it is to go over the wire, in place of `body`.
  func send(
    _ method: HTTPMethod = .GET, _ path: String, _ body: JSON? = nil, text: String? = nil,
    headers: [String: String] = [:]
  ) async throws -> Answer {
    var request = request(method, path, headers)
    if let body { request.body = .bytes(body.bytes()) }
    if let text { request.body = .bytes(Array(text.utf8)) }
    let response = try await HTTPClient.shared.execute(request, timeout: .seconds(20))
    let bytes = Array(buffer: try await response.body.collect(upTo: 16 << 20))
    return Answer(
      status: Int(response.status.code), headers: response.headers, json: (try? JSON(parsing: bytes)) ?? .null)
  }

  /// Reads events of a watch until `isEnough`, or its end.
  func watch(
    _ path: String, until isEnough: ([JSON]) -> Bool = { _ in false }, started: () async throws -> Void = {}
  ) async throws -> [JSON] {
    let response = try await HTTPClient.shared.execute(request(.GET, path, [:]), timeout: .seconds(20))
    try await started()
    var events: [JSON] = []
    var rest: [UInt8] = []
    do {
      for try await buffer in response.body {
        rest += Array(buffer: buffer)
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
          events.append(try JSON(parsing: rest[..<end]))
          rest.removeSubrange(...end)
        }
        if isEnough(events) { return events }
      }
    } catch let error where !(error is JSONError) {
      // A connection that was dropped ends the watch, too.
    }
    return events
  }
}
