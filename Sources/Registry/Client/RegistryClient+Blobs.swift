import Documents
package import ImageModel
package import NIOCore
import NIOHTTP1

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension RegistryClient {
  /// Opens a blob from a byte on, once: neither opening nor reading is tried again. `download` does that.
  ///
  /// The registry is asked first; where it does not have the blob (foreign layers), the descriptor's own addresses.
  package func blob<Result>(
    _ descriptor: Descriptor, of reference: Reference, from offset: Int64 = 0,
    _ body: (BlobStream) async throws -> Result
  ) async throws -> Result {
    let subject = "\(descriptor.digest) of \(reference)"
    let stream = try await attempting("fetch", subject) {
      var call = Call(item: "blobs/\(descriptor.digest)")
      if offset > 0 { call.headers.add(name: "Range", value: "bytes=\(offset)-") }
      let response: RegistryTransport.Response
      do {
        response = try await ask(call, of: reference) { $0 }
      } catch let problem as RegistryProblem where problem.code == .notFound {
        guard let other = try await foreign(descriptor, call) else { throw problem }
        response = other
      }
      let start = try Self.start(of: response, asked: offset, descriptor)
      return BlobStream(response, offset: start, size: descriptor.size, subject: subject)
    }
    return try await body(stream)
  }

  /// Fetches a blob over as many connections as it takes, going on where the last one ended.
  ///
  /// A try that brought bytes does not count against the retry policy. The content is not checked: see `DigestVerifier`.
  ///
  /// - Parameters:
  ///   - offset: bytes that are there already.
  ///   - restart: called when the blob has to begin again from byte 0; what was written is void.
  ///   - write: gets the bytes in order.
  package func download(
    _ descriptor: Descriptor, of reference: Reference, from offset: Int64 = 0, restart: () async throws -> Void,
    write: (ByteBuffer) async throws -> Void
  ) async throws {
    var position = offset
    var furthest = offset
    var attempt = 1
    while position < descriptor.size {
      do {
        try await blob(descriptor, of: reference, from: position) { stream in
          if stream.offset != position {
            try await restart()
            position = stream.offset
          }
          for try await buffer in stream {
            try await write(buffer)
            position += Int64(buffer.readableBytes)
          }
        }
      } catch var error as RegistryError {
        attempt = position > furthest ? 2 : attempt + 1
        furthest = max(furthest, position)
        if error.code == .rangeNotSatisfiable, position > 0 {
          try await restart()
          position = 0
          error.isRetryable = true
        }
        try await pause(before: attempt, after: error)
      }
    }
  }

  /// The byte that an answer starts at, after a check that it is an answer to what was asked.
  private static func start(
    of response: RegistryTransport.Response, asked offset: Int64, _ descriptor: Descriptor
  ) throws(RegistryProblem) -> Int64 {
    var start: Int64 = 0
    if response.status == 206 {
      guard let range = ContentRange(response.headers), range.first == offset,
        [nil, descriptor.size].contains(range.size)
      else {
        let text = ForeignText.clean(response.headers.first(name: "Content-Range") ?? "")
        throw RegistryProblem(.rangeNotSatisfiable, "\(response.host) sends another range: '\(text)'")
      }
      start = range.first
    }
    if let length = response.length, start + length != descriptor.size {
      throw RegistryProblem(
        .digestMismatch, "\(response.host) has \(start + length) bytes under this digest instead of \(descriptor.size)")
    }
    return start
  }

  /// The answer of the first of the descriptor's own addresses that has the blob.
  private func foreign(_ descriptor: Descriptor, _ call: Call) async throws -> RegistryTransport.Response? {
    for url in (descriptor.urls ?? []).compactMap({ URL(string: $0) }) {
      do {
        let response = try await transport.send(RegistryTransport.Request(url: url, headers: call.headers))
        if response.hasContent { return response }
        await response.discard()
      } catch is RegistryProblem {}
    }
    return nil
  }
}
