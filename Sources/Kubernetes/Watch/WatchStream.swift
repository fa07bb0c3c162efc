import Networking
import AsyncHTTPClient
import Documents
import NIOCore
import NIOHTTP1

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// One open watch: the events of its lines.
struct WatchStream {
  enum Line<R: Resource> {
    case applied(R)
    case deleted(R)
    case bookmark(String)
    /// It cannot be decoded.
    case undecodable(UndecodableObject, Change)
    case failed(APIError)
  }

  enum Change: String {
    case added = "ADDED"
    case modified = "MODIFIED"
    case deleted = "DELETED"
  }

  private struct Envelope<R: Resource>: Decodable {
    enum CodingKeys: CodingKey { case type, object }

    let line: Line<R>?
    let status: Status?

    init(from decoder: any Decoder) throws {
      let fields = try decoder.container(keyedBy: CodingKeys.self)
      var status: Status?
      let type = try fields.decode(String.self, forKey: .type)
      switch type {
      case "ADDED", "MODIFIED", "DELETED":
        let change = Change(rawValue: type) ?? .modified
        switch try fields.decode(Lenient<R>.self, forKey: .object) {
        case .object(let object): line = change == .deleted ? .deleted(object) : .applied(object)
        case .undecodable(let object): line = .undecodable(object, change)
        }
      case "BOOKMARK":
        let metadata = try fields.decode([String: JSON].self, forKey: .object)["metadata"]
        line = .bookmark(metadata?["resourceVersion"]?.string ?? "")
      case "ERROR":
        line = nil
        status = try fields.decode(Status.self, forKey: .object)
      // What later versions may add is not for us.
      default: line = nil
      }
      self.status = status
    }
  }

  private let request: APIRequest
  private let host: String
  private var body: HTTPClientResponse.Body.AsyncIterator
  private static let longestLine = 8 << 20
  private var lines = LineSplitter(limit: longestLine)

  /// Opens the watch; a refused credential is renewed once.
  init(_ request: APIRequest, _ client: KubernetesClient) async throws {
    self.request = request
    host = client.transport.address.authority
    func open() async throws -> APITransport.Response {
      try await client.counting(request) {
        let response = try await client.transport.stream(request, within: client.requestLimit)
        return (response.status, response)
      }
    }
    var response = try await open()
    if response.status == 401, await client.transport.renew(after: response.credential) { response = try await open() }
    guard response.status == 200 else {
      var bytes: [UInt8] = []
      do {
        for try await buffer in response.body {
          bytes.append(contentsOf: buffer.readableBytesView.prefix(65_536 - bytes.count))
          if bytes.count == 65_536 { break }
        }
      } catch {}
      throw client.error(response, bytes, request)
    }
    body = response.body.makeAsyncIterator()
  }

  /// The next event; nil at the end, wherever in a line the connection ended.
  mutating func next<R: Resource>(as type: R.Type) async throws -> Line<R>? {
    while true {
      do {
        while let line = try lines.next() {
          if let event: Line<R> = try read(line) { return event }
        }
        guard let piece = try await body.next() else {
          // Cancellation may end the body as if it were whole.
          try Task.checkCancellation()
          return nil
        }
        lines.append(piece)
      } catch is LineTooLong {
        throw problem("a line of the watch is longer than \(Self.longestLine >> 20) MiB")
      } catch let error as APIError {
        throw error
      } catch {
        if Task.isCancelled { throw CancellationError() }
        let broken = APIError(error, host: host, request: request)
        // Silence beyond the time that was agreed, or a connection that breaks: an end like any other.
        if broken.code == .timedOut || broken.code == .interrupted { return nil }
        throw broken
      }
    }
  }

  private func read<R: Resource>(_ line: ByteBuffer) throws -> Line<R>? {
    guard line.readableBytesView.contains(where: { $0 > 0x20 }) else { return nil }
    let envelope: Envelope<R>
    do {
      envelope = try JSONDecoder().decode(Envelope<R>.self, from: Data(line.readableBytesView))
    } catch {
      throw problem("a line of the watch is not the JSON that was expected")
    }
    if let status = envelope.status { return .failed(APIError(status, to: request)) }
    return envelope.line
  }

  private func problem(_ detail: String) -> APIError {
    var problem = APIError(.malformed, request, detail: detail, remedy: "Is a proxy in between?")
    problem.isRetryable = true
    return problem
  }
}
