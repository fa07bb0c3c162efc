import GRPCCore
import ImageModel
import Networking
import SwiftProtobuf

/// An open `Content.Write`: while it is open, nobody else writes a blob under its ref, and a runtime that wants the blob
/// waits for it.
final class WriteStream: Sendable {
  typealias Request = Containerd_Services_Content_V1_WriteContentRequest
  typealias Answer = Containerd_Services_Content_V1_WriteContentResponse

  /// What became of the wish to write a blob.
  enum Claim: Sendable {
    /// It may be written; so many bytes are there already.
    case open(WriteStream, offset: Int64)
    /// The blob is there in full.
    case present
    /// Somebody else writes it.
    case busy
  }

  private let requests: AsyncStream<Request>.Continuation
  private let answers: AsyncThrowingStream<Answer, any Error>
  private let task: Task<Void, Never>
  private let limit: Duration

  private init(_ store: ContainerdStore) {
    let (requests, input) = AsyncStream.makeStream(of: Request.self)
    let (answers, output) = AsyncThrowingStream.makeStream(of: Answer.self)
    let (content, metadata) = (store.connection.content, store.metadata)
    var options = CallOptions.defaults
    options.timeout = store.connection.limits.pull
    options.maxRequestMessageBytes = 16 << 20
    options.maxResponseMessageBytes = 16 << 20
    self.requests = input
    self.answers = answers
    limit = store.connection.limits.call
    task = Task { [options] in
      do {
        try await content.write(metadata: metadata, options: options) { writer in
          for await request in requests { try await writer.write(request) }
        } onResponse: { response in
          for try await answer in response.messages { output.yield(answer) }
        }
        output.finish()
      } catch {
        output.finish(throwing: error)
      }
    }
  }

  deinit {
    requests.finish()
    task.cancel()
  }

  /// Asks to write a blob under a ref.
  static func claim(_ blob: Descriptor, ref: String, in store: ContainerdStore) async throws -> Claim {
    try await store.connection.call(CRIOperation("reserve a blob of", store.reference)) { _ in
      let stream = WriteStream(store)
      let question = Request.with {
        $0.action = .stat
        $0.ref = ref
        $0.total = blob.size
        $0.expected = blob.digest.description
      }
      do {
        let offset = try await stream.ask(question).offset
        store.lease.hold(.write(ref))
        return .open(stream, offset: offset)
      } catch let error as RPCError where error.code == .alreadyExists {
        return .present
      } catch let error as RPCError where error.code == .unavailable && error.message.contains("locked") {
        return .busy
      }
    }
  }

  /// Sends one request and waits for its answer.
  func ask(_ request: Request) async throws -> Answer {
    requests.yield(request)
    return try await answer()
  }

  func send(_ request: Request) { requests.yield(request) }

  func answer() async throws -> Answer {
    let answers = answers
    let next = try await withTimeLimit(limit) {
      var iterator = answers.makeAsyncIterator()
      return try await iterator.next()
    }
    guard let next else { throw RPCError(code: .unavailable, message: "the runtime ended the write") }
    return next
  }

  /// Lets go of the ref, and waits until the runtime has.
  func end() async {
    requests.finish()
    let task = task
    try? await withTimeLimit(.seconds(5)) { await task.value }
    task.cancel()
  }
}

extension ContainerdStore {
  /// The ref under which containerd itself writes a layer.
  static func ref(ofLayer digest: Digest) -> String { "layer-\(digest)" }

  /// Stores a small blob; one that is there gets the labels too.
  func store(_ document: (descriptor: Descriptor, bytes: [UInt8]), kind: String, labels: Labels) async throws {
    let (descriptor, ref) = (document.descriptor, "\(kind)-\(document.descriptor.digest)")
    while true {
      switch try await WriteStream.claim(descriptor, ref: ref, in: self) {
      case .present: return try await label(descriptor.digest, labels)
      case .busy: try await Task.sleep(for: .milliseconds(50))
      case .open(let stream, _):
        // From byte 0 on, whatever was there.
        try await commit(descriptor, ref: ref, at: 0, data: document.bytes, labels: labels, through: stream)
        return
      }
    }
  }

  /// Ends the write of a blob whose bytes are there up to `offset`, with the last of them.
  func commit(
    _ blob: Descriptor, ref: String, at offset: Int64, data: [UInt8] = [], labels: Labels, through stream: WriteStream
  ) async throws {
    let isOurs = try await connection.call(CRIOperation("store a blob of", reference), isRepeatable: false) { _ in
      do {
        _ = try await stream.ask(
          .with {
            $0.action = .commit
            $0.ref = ref
            $0.total = blob.size
            $0.expected = blob.digest.description
            $0.offset = offset
            $0.data = .init(data)
            $0.labels = labels
          })
        return true
      } catch let error as RPCError where error.code == .alreadyExists {
        return false
      }
    }
    await stream.end()
    lease.drop(.write(ref))
    lease.hold(.blob(blob.digest.description))
    if !isOurs { try await label(blob.digest, labels) }
  }
}
