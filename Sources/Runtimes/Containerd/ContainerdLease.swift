import GRPCCore
import SwiftProtobuf
import Synchronization

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A lease at containerd, which keeps what a pull puts there from being collected before an image names it.
///
/// containerd drops it by itself after an hour, should this program not live to end it. A pull that takes longer gets
/// others before that, which hold the same: a lease's own end cannot be moved.
final class ContainerdLease: Sendable {
  /// What a lease may hold: the type and the name are those of containerd.
  struct Resource: Hashable, Sendable {
    let type: String
    let id: String

    static func blob(_ digest: String) -> Resource { Resource(type: "content", id: digest) }
    static func write(_ ref: String) -> Resource { Resource(type: "ingests", id: ref) }
    static func snapshot(_ name: String) -> Resource {
      Resource(type: "snapshots/\(ContainerdStore.snapshotter)", id: name)
    }
  }

  private struct State {
    /// The last one is the one that calls name.
    var ids: [String]
    var held: Set<Resource> = []
    var renewal: Task<Void, Never>?
  }

  private let connection: CRIConnection
  private let time: Duration
  private let state: Mutex<State>

  private init(_ id: String, at connection: CRIConnection, lasting time: Duration) {
    self.connection = connection
    self.time = time
    state = Mutex(State(ids: [id]))
  }

  /// The one that calls are to name.
  var id: String { state.withLock { $0.ids[$0.ids.count - 1] } }

  /// - Parameter time: how long it lasts where nobody ends it.
  static func begin(
    _ id: String, at connection: CRIConnection, lasting time: Duration = .seconds(3600)
  ) async throws -> ContainerdLease {
    try await create(id, at: connection, lasting: time)
    let lease = ContainerdLease(id, at: connection, lasting: time)
    let renewal = Task { [weak lease] in
      var pause = time / 3
      while (try? await Task.sleep(for: pause)) != nil {
        guard let lease else { return }
        // Two tries have failed before what is held is lost.
        pause = (try? await lease.renew()) == nil ? time / 12 : time / 3
      }
    }
    lease.state.withLock { $0.renewal = renewal }
    return lease
  }

  deinit { state.withLock { $0.renewal?.cancel() } }

  /// Says that calls under this lease made something that it holds.
  func hold(_ resource: Resource) { state.withLock { _ = $0.held.insert(resource) } }

  func drop(_ resource: Resource) { state.withLock { _ = $0.held.remove(resource) } }

  /// Has the lease hold something that may be there.
  func add(_ resource: Resource) async throws {
    try await Self.add(resource, to: id, at: connection)
    hold(resource)
  }

  /// What a call that is under way puts under the one before is taken over the next time, which comes before that ends.
  private func renew() async throws {
    let (first, count) = state.withLock { ($0.ids[0], $0.ids.count) }
    let next = "\(first)-\(count + 1)"
    try await Self.create(next, at: connection, lasting: time)
    let held = state.withLock { state in
      state.ids.append(next)
      return state.held
    }
    for resource in held { try await Self.add(resource, to: next, at: connection) }
  }

  /// Ends it, also where the task was cancelled.
  func end() async {
    await Task {
      let renewal = state.withLock { $0.renewal }
      renewal?.cancel()
      await renewal?.value
      for id in state.withLock({ $0.ids }) { await Self.end(id, at: connection) }
    }.value
  }

  /// Ends those of runs that were killed.
  static func end(of runs: [DeadRun], at connection: CRIConnection) async {
    let leases = await Task {
      try? await connection.call(CRIOperation("list leases")) { options in
        try await connection.leases.list(.init(), metadata: CRIConnection.namespace, options: options).leases
      }
    }.value
    for lease in leases ?? [] where runs.contains(where: { lease.id.hasPrefix($0.prefix) }) {
      await end(lease.id, at: connection)
    }
  }

  private static func create(_ id: String, at connection: CRIConnection, lasting time: Duration) async throws {
    let end = (Date() + time / .seconds(1)).formatted(.iso8601)
    _ = try await connection.call(CRIOperation("begin a lease")) { options in
      let request = Containerd_Services_Leases_V1_CreateRequest.with {
        $0.id = id
        $0.labels = ["containerd.io/gc.expire": end]
      }
      do {
        _ = try await connection.leases.create(request, metadata: CRIConnection.namespace, options: options)
      } catch let error as RPCError where error.code == .alreadyExists {}
    }
  }

  private static func add(_ resource: Resource, to id: String, at connection: CRIConnection) async throws {
    _ = try await connection.call(CRIOperation("reserve a part of an image")) { options in
      let request = Containerd_Services_Leases_V1_AddResourceRequest.with {
        $0.id = id
        $0.resource = .with {
          $0.id = resource.id
          $0.type = resource.type
        }
      }
      return try await connection.leases.addResource(request, metadata: CRIConnection.namespace, options: options)
    }
  }

  private static func end(_ id: String, at connection: CRIConnection) async {
    await Task {
      try? await connection.call(CRIOperation("end a lease")) { options in
        do {
          _ = try await connection.leases.delete(
            .with { $0.id = id }, metadata: CRIConnection.namespace, options: options)
        } catch let error as RPCError where error.code == .notFound {}
      }
    }.value
  }
}
