import GRPCCore
import GRPCNIOTransportHTTP2Posix
import Synchronization

/// The connections to a runtime's socket, one after the other.
///
/// NIO's HTTP/2 ends a connection on which the other side does 200 things that look like an attack, and containerd does one
/// at each call: it adds to the window of a stream that has just ended. So a connection takes a hundred calls, and another
/// one those that follow; what is on its way on the old one, for as long as it takes, ends there in peace.
final class CRIClients: Sendable {
  typealias Client = GRPCClient<HTTP2ClientTransport.Posix>

  /// Calls of a connection.
  static let most = 100

  private struct State {
    var client: Client
    var calls = 0
    /// The one before, on which a call may be about to begin.
    var former: Client?
    /// Of connections that have not ended, by their numbers.
    var runs: [Int: Task<Void, Never>] = [:]
    var latest = 0
  }

  private let connect: @Sendable () throws -> Client
  private let state: Mutex<State>

  init(_ connect: @escaping @Sendable () throws -> Client) throws {
    self.connect = connect
    let client = try connect()
    state = Mutex(State(client: client))
    state.withLock { run(client, &$0) }
  }

  /// On its own, so that a task that is cancelled can still put things in order at the runtime.
  private func run(_ client: Client, _ state: inout State) {
    state.latest += 1
    state.runs[state.latest] = Task { [number = state.latest] in
      // It throws only when the end comes before its start.
      try? await client.runConnections()
      self.state.withLock { $0.runs[number] = nil }
    }
  }

  /// The connection for one call.
  func next() -> Client {
    state.withLock { state in
      state.calls += 1
      guard state.calls > Self.most, let client = try? connect() else { return state.client }
      state.former?.beginGracefulShutdown()
      (state.former, state.client, state.calls) = (state.client, client, 1)
      run(client, &state)
      return client
    }
  }

  /// Ends all of them, with what is on its way.
  func close() async {
    let runs = state.withLock { Array($0.runs.values) }
    for run in runs { run.cancel() }
    for run in runs { await run.value }
  }
}
