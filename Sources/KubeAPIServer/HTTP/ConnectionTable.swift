import NIOCore
import Synchronization

/// The connections of a server and the watches on them, so that both can be ended.
final class ConnectionTable: Sendable {
  private struct State {
    var channels: [ObjectIdentifier: (channel: any Channel, user: ServerUser?)] = [:]
    var watches: [Int: @Sendable () -> Void] = [:]
    var lastWatch = 0
  }

  private let state = Mutex(State())

  /// Who is at the other end, asked once per connection.
  func user(of channel: any Channel) async -> ServerUser? {
    let id = ObjectIdentifier(channel)
    if let known = state.withLock({ $0.channels[id] }) { return known.user }
    let user = await RequestAuthenticator.user(of: channel)
    state.withLock { $0.channels[id] = (channel, user) }
    channel.closeFuture.whenComplete { [weak self] _ in self?.state.withLock { _ = $0.channels.removeValue(forKey: id) }
    }
    return user
  }

  /// Remembers how to end a watch until the returned key is given back.
  func add(watch end: @escaping @Sendable () -> Void) -> Int {
    state.withLock { state in
      state.lastWatch += 1
      state.watches[state.lastWatch] = end
      return state.lastWatch
    }
  }

  func remove(watch id: Int) { state.withLock { _ = $0.watches.removeValue(forKey: id) } }

  var watchCount: Int { state.withLock { $0.watches.count } }

  func endWatches() {
    let ends = state.withLock { Array($0.watches.values) }
    for end in ends { end() }
  }

  func dropAll() {
    let channels = state.withLock { $0.channels.values.map(\.channel) }
    for channel in channels { channel.close(promise: nil) }
  }
}
