import AsyncHTTPClient
import NIOCore
import NIOHTTP1

extension RegistryTransport.Response {
  /// Whether it is what was asked for: 203 comes from a proxy that changed something, and the digest tells what.
  var hasContent: Bool { [200, 203, 206].contains(status) }

  /// Length of the body, if the server tells it.
  var length: Int64? { headers.first(name: "Content-Length").flatMap { Int64($0) } }

  /// The whole body, of at most `limit` bytes.
  func collect(upTo limit: Int) async throws -> [UInt8] {
    if let length, length > limit { throw tooLarge(limit) }
    var bytes: [UInt8] = []
    do {
      for try await buffer in body {
        guard bytes.count + buffer.readableBytes <= limit else { throw tooLarge(limit) }
        bytes.append(contentsOf: buffer.readableBytesView)
      }
    } catch {
      if Task.isCancelled { throw CancellationError() }
      throw RegistryProblem(reading: error, host: host)
    }
    return bytes
  }

  /// The beginning of the body, for error messages; never fails.
  func excerpt() async -> [UInt8] {
    var bytes: [UInt8] = []
    do {
      for try await buffer in body {
        bytes.append(contentsOf: buffer.readableBytesView.prefix(16_384 - bytes.count))
        if bytes.count == 16_384 { break }
      }
    } catch {}
    return bytes
  }

  /// Reads a short body to its end, so that the connection can be used again.
  func discard() async {
    _ = await excerpt()
  }

  private func tooLarge(_ limit: Int) -> RegistryProblem {
    RegistryProblem(.tooLarge, "\(host) sends more than the \(limit / 1_048_576) MiB that are allowed")
  }
}
