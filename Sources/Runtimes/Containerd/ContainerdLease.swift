import GRPCCore
import SwiftProtobuf

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A lease at containerd, which keeps what a pull puts there from being collected before an image names it.
///
/// containerd drops it by itself after an hour, should this program not live to end it.
struct ContainerdLease: Sendable {
  let id: String

  /// - Parameter date: now.
  static func begin(_ id: String, at connection: CRIConnection, date: Date = Date()) async throws -> ContainerdLease {
    let end = (date + 3600).formatted(.iso8601)
    _ = try await connection.call(CRIOperation("begin a lease")) { options in
      let request = Containerd_Services_Leases_V1_CreateRequest.with {
        $0.id = id
        $0.labels = ["containerd.io/gc.expire": end]
      }
      do {
        _ = try await connection.leases.create(request, metadata: CRIConnection.namespace, options: options)
      } catch let error as RPCError where error.code == .alreadyExists {}
    }
    return ContainerdLease(id: id)
  }

  /// Ends those of runs that were killed.
  static func end(of runs: [String], at connection: CRIConnection) async {
    let leases = await Task {
      try? await connection.call(CRIOperation("list leases")) { options in
        try await connection.leases.list(.init(), metadata: CRIConnection.namespace, options: options).leases
      }
    }.value
    for lease in leases ?? [] where runs.contains(where: { lease.id.hasPrefix("prepull-\($0)") }) {
      await end(lease.id, at: connection)
    }
  }

  /// Ends it, also where the task was cancelled.
  static func end(_ id: String, at connection: CRIConnection) async {
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
