import GRPCCore
import Networking
import SwiftProtobuf

/// What containerd tells of images that come and go.
struct ImageEvents: Sendable {
  typealias Changes = AsyncThrowingStream<RuntimeChange, any Error>
  private typealias Event = Containerd_Services_Events_V1_ImageEvent

  /// Under this topic a subscriber tells itself that it has begun, as containerd does not.
  private static let begun = "/prepull/begun"
  private static let topics = ["/images/create", "/images/update", "/images/delete", begun]
  private static let operation = CRIOperation("watch the images")

  let connection: CRIConnection
  /// Changes that are kept for a reader who is behind.
  var ahead = 1000

  /// Returns when the subscription is in force. It ends with the stream: when nobody reads it any more, or at a fault.
  func subscribe() async throws -> Changes {
    let mark = "\(UInt64.random(in: 0 ... .max))"
    let (changes, output) = Changes.makeStream(bufferingPolicy: .bufferingOldest(ahead))
    let (begun, begin) = AsyncThrowingStream.makeStream(of: Void.self)
    let task = Task {
      do {
        try await follow(mark, begin, output)
      } catch {
        begin.finish(throwing: error)
        output.finish(throwing: error)
      }
    }
    output.onTermination = { _ in task.cancel() }
    do {
      try await waitForBegin(mark, begun)
      return changes
    } catch {
      task.cancel()
      throw error
    }
  }

  private func follow(
    _ mark: String, _ begin: AsyncThrowingStream<Void, any Error>.Continuation, _ output: Changes.Continuation
  ) async throws {
    let request = Containerd_Services_Events_V1_SubscribeRequest.with {
      $0.filters = Self.topics.map { "topic==\"\($0)\",namespace==\"k8s.io\"" }
    }
    try await connection.call(Self.operation, isRepeatable: false) { options in
      var options = options
      options.timeout = nil
      try await connection.events.subscribe(request, metadata: CRIConnection.namespace, options: options) { response in
        for try await envelope in response.messages {
          let name = try Event(serializedBytes: envelope.event.value).name
          guard envelope.topic != Self.begun else {
            if name == mark { begin.finish() }
            continue
          }
          let change: RuntimeChange = envelope.topic == "/images/delete" ? .gone(name) : .there(name)
          if case .dropped = output.yield(change) { throw overrun }
        }
      }
      throw RPCError(code: .unavailable, message: "it ended the subscription")
    }
  }

  /// Has containerd tell the subscriber something until it has heard it.
  private func waitForBegin(_ mark: String, _ begun: AsyncThrowingStream<Void, any Error>) async throws {
    try await connection.call(Self.operation, isRepeatable: false) { options in
      let request = try Containerd_Services_Events_V1_PublishRequest.with {
        $0.topic = Self.begun
        $0.event.typeURL = "containerd.events.ImageUpdate"
        $0.event.value = try Event.with { $0.name = mark }.serializedBytes()
      }
      try await withTimeLimit(connection.limits.call) {
        try await withThrowingTaskGroup(of: Void.self) { group in
          defer { group.cancelAll() }
          group.addTask { for try await _ in begun {} }
          group.addTask {
            while true {
              _ = try await connection.events.publish(request, metadata: CRIConnection.namespace, options: options)
              try await Task.sleep(for: .milliseconds(20))
            }
          }
          try await group.next()
        }
      }
    }
  }

  private var overrun: RuntimeError {
    RuntimeError(
      .fault, endpoint: connection.endpoint, operation: Self.operation.verb,
      subject: Self.operation.subject(at: connection.endpoint),
      detail: "more than \(ahead) changes wait to be read", remedy: "List the images again.")
  }
}
