import ImageModel
import NIOHTTP1
import Synchronization

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Where ranges of one blob are asked for: at the registry, or where it sent us for the range before.
///
/// A registry before a store answers with a redirect to an address that is signed and good for a while. It is kept, so
/// that not every range asks the registry too, and asked for again when the store takes it no more.
final class BlobPlace: Sendable {
  private let client: RegistryClient
  private let descriptor: Descriptor
  private let reference: Reference
  private let signed = Mutex<URL?>(nil)

  init(_ descriptor: Descriptor, of reference: Reference, client: RegistryClient) {
    self.client = client
    self.descriptor = descriptor
    self.reference = reference
  }

  /// Opens a range.
  ///
  /// - Throws: `RangesIgnored` when what comes is not the range; `RegistryProblem`.
  func open(from start: Int64, to end: Int64) async throws -> RegistryTransport.Response {
    let headers: HTTPHeaders = ["Range": "bytes=\(start)-\(end - 1)"]
    if let url = signed.withLock({ $0 }) {
      let response = try await client.transport.send(RegistryTransport.Request(url: url, headers: headers))
      if response.hasContent { return try checked(response, start, end) }
      // The signature has expired as a rule; whatever it is, the registry knows better.
      await response.discard()
      signed.withLock { if $0 == url { $0 = nil } }
    }
    let call = RegistryClient.Call(item: "blobs/\(descriptor.digest)", headers: headers)
    let response = try await client.ask(call, of: reference) { $0 }
    let content = try checked(response, start, end)
    if content.isElsewhere { signed.withLock { $0 = content.url } }
    return content
  }

  private func checked(
    _ response: RegistryTransport.Response, _ start: Int64, _ end: Int64
  ) throws -> RegistryTransport.Response {
    guard response.status == 206, let range = ContentRange(response.headers), range.first == start, range.last < end
    else { throw RangesIgnored() }
    if let size = range.size, size != descriptor.size {
      throw RegistryProblem(
        .digestMismatch, "\(response.host) has \(size) bytes under this digest instead of \(descriptor.size)")
    }
    if let length = response.length, length != range.last - start + 1 { throw RangesIgnored() }
    return response
  }
}

/// A server answered a question for a range with something else.
struct RangesIgnored: Error {}
