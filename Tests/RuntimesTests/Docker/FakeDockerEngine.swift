import Foundation
import Glibc
import Synchronization

/// A Docker Engine that answers what a test says, byte for byte, on a unix socket.
final class FakeDockerEngine: Sendable {
  /// The body of the answer to `POST /images/create`; each text is one chunk.
  let stream: [String]
  /// The answer for one image once something was pulled.
  let image: String
  let version: String

  private struct State {
    var isPulled = false
    var requests: [String] = []
  }
  private let state = Mutex(State())

  init(stream: [String], image: String, version: String = FakeDockerEngine.modern) {
    self.stream = stream
    self.image = image
    self.version = version
  }

  static let modern =
    #"{"Version":"29.1.0","ApiVersion":"1.52","MinAPIVersion":"1.44","Os":"linux","Arch":"","Components":null}"#

  /// First lines of the requests so far.
  var requests: [String] { state.withLock(\.requests) }

  /// Listens at `path` while `body` runs.
  func serve<Result>(at path: String, _ body: () async throws -> Result) async throws -> Result {
    let listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8) + [0]) }
    let isBound = withUnsafePointer(to: address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
      }
    }
    guard listener >= 0, isBound, listen(listener, 16) == 0 else { throw POSIXError(.EADDRNOTAVAIL) }
    Thread.detachNewThread {
      while case let connection = accept(listener, nil, nil), connection >= 0 {
        Thread.detachNewThread { self.answer(connection) }
      }
    }
    defer {
      shutdown(listener, Int32(SHUT_RDWR))
      close(listener)
    }
    return try await body()
  }

  /// One request for each connection.
  private func answer(_ connection: Int32) {
    defer { close(connection) }
    var head = ""
    var byte: UInt8 = 0
    while !head.hasSuffix("\r\n\r\n"), read(connection, &byte, 1) == 1 { head.append(Character(Unicode.Scalar(byte))) }
    let line = head.prefix { $0 != "\r\n" }
    state.withLock { $0.requests.append(String(line)) }
    let path = line.split(separator: " ").dropFirst().first ?? ""
    if line.hasPrefix("POST") {
      send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n", connection)
      for chunk in stream where !chunk.isEmpty {
        send(String(chunk.utf8.count, radix: 16) + "\r\n\(chunk)\r\n", connection)
      }
      // Before the stream ends: a client that reads its end may ask at once.
      state.withLock { $0.isPulled = true }
      send("0\r\n\r\n", connection)
    } else if path.hasSuffix("/version") {
      send(json: version, connection)
    } else if path.contains("/images/"), path.hasSuffix("/json"), !path.hasSuffix("/images/json") {
      let isPulled = state.withLock(\.isPulled)
      send(status: isPulled ? 200 : 404, json: isPulled ? image : #"{"message":"No such image: x"}"#, connection)
    } else {
      send(json: path.contains("/images/json") ? "null" : "{}", connection)
    }
  }

  private func send(status: Int = 200, json: String, _ connection: Int32) {
    send(
      "HTTP/1.1 \(status) X\r\nContent-Type: application/json\r\nContent-Length: \(json.utf8.count)\r\n"
        + "Connection: close\r\n\r\n\(json)", connection)
  }

  private func send(_ text: String, _ connection: Int32) {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      guard count > 0 else { return }
      rest = rest.dropFirst(count)
    }
  }
}
