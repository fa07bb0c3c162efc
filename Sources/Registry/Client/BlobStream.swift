import AsyncHTTPClient
package import NIOCore

/// The bytes of a blob as they come from the registry. It can be read once.
///
/// It ends after exactly the promised number of bytes, and throws `RegistryError` otherwise: `truncated` and `timedOut`
/// can be resumed. The digest is not checked here, as a resumed stream lacks the beginning: see `DigestVerifier`.
package struct BlobStream: AsyncSequence {
  package typealias Element = ByteBuffer

  /// Where in the blob the stream starts: what was asked for, or 0 when the server does not do ranges.
  package let offset: Int64
  private let size: Int64
  private let response: RegistryTransport.Response
  private let subject: String

  init(_ response: RegistryTransport.Response, offset: Int64, size: Int64, subject: String) {
    self.offset = offset
    self.size = size
    self.response = response
    self.subject = subject
  }

  package func makeAsyncIterator() -> AsyncIterator {
    AsyncIterator(body: response.body.makeAsyncIterator(), remaining: size - offset, stream: self)
  }

  package struct AsyncIterator: AsyncIteratorProtocol {
    private var body: HTTPClientResponse.Body.AsyncIterator
    private var remaining: Int64
    private let stream: BlobStream

    fileprivate init(body: HTTPClientResponse.Body.AsyncIterator, remaining: Int64, stream: BlobStream) {
      self.body = body
      self.remaining = remaining
      self.stream = stream
    }

    package mutating func next() async throws -> ByteBuffer? {
      let buffer: ByteBuffer?
      do {
        buffer = try await body.next()
      } catch {
        if Task.isCancelled { throw CancellationError() }
        throw stream.error(RegistryProblem(reading: error, host: stream.response.host))
      }
      guard let buffer else {
        guard remaining > 0 else { return nil }
        // Task cancellation may end the body as if it were whole.
        try Task.checkCancellation()
        throw stream.error(
          RegistryProblem(
            .truncated, "\(stream.response.host) ended it \(remaining) bytes short of \(stream.size)",
            isRetryable: true))
      }
      remaining -= Int64(buffer.readableBytes)
      guard remaining >= 0 else {
        throw stream.error(
          RegistryProblem(.digestMismatch, "\(stream.response.host) sends more than the \(stream.size) bytes promised"))
      }
      return buffer
    }
  }

  private func error(_ problem: RegistryProblem) -> RegistryError {
    RegistryError(problem, operation: "fetch", subject: subject)
  }
}
