import KubeAPIServer
package import Logging
import Registry

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Runs a cluster for as long as `body` runs. At its end, in whatever way, everything is stopped, and what was written
/// into a temporary folder is deleted.
package func withSandbox<R>(
  _ options: SandboxOptions = SandboxOptions(), logger: Logger, _ body: (Sandbox) async throws -> R
) async throws -> R {
  try await withSandboxFolder(options.folder) { folder in
    try await withEmbeddedRegistry { registry in
      try await withRegistryWays(options, registry, folder: "\(folder)/nodes") { ways in
        let sandbox = try Sandbox(options, registry: registry, ways: ways, folder: folder, logger: logger)
        do {
          let result = try await sandbox.running(body)
          try await sandbox.registryClient.shutdown()
          return result
        } catch {
          try? await sandbox.registryClient.shutdown()
          throw error
        }
      }
    }
  }
}

extension Sandbox {
  /// Serves, with all controllers and kubelets at work.
  fileprivate func running<R>(_ body: (Sandbox) async throws -> R) async throws -> R {
    try await server.serving {
      try await withThrowingTaskGroup(of: Void.self) { group in
        let (store, pace, options) = (store, pace, options)
        group.addTask { await self.fleet.run() }
        group.addTask { await self.followNodes() }
        group.addTask { await self.sources.run() }
        group.addTask { await self.programs.run() }
        group.addTask { await ReplicaSetController(store: store, pace: pace).run() }
        group.addTask { await DeploymentController(store: store, pace: pace).run() }
        group.addTask { await JobController(store: store, pace: pace).run() }
        group.addTask { await Scheduler(store: store, pace: pace).run() }
        group.addTask { await DaemonSetController(store: store, pace: pace).run() }
        group.addTask { await GarbageCollector(store: store).run() }
        group.addTask { await NamespaceController(store: store).run() }
        group.addTask { await EventCollector(store: store).run() }
        let authority = authority?.authorityPEM ?? ""
        group.addTask { await AccessController(store: store, authority: authority).run() }
        group.addTask { await PodGarbageCollector(store: store, pace: pace).run() }
        group.addTask { await NodeLifecycle(store: store, pace: pace, heartbeat: options.heartbeat).run() }
        try FaultController.register(in: store)
        group.addTask { await FaultController(sandbox: self).run() }
        defer { group.cancelAll() }
        for node in options.nodes { try await addNode(node) }
        return try await body(self)
      }
    }
  }
}

private func withSandboxFolder<R>(_ given: String?, _ body: (String) async throws -> R) async throws -> R {
  let folder: URL
  if let given {
    folder = URL(filePath: given)
  } else {
    folder = FileManager.default.temporaryDirectory.appending(path: "prepull-sandbox-\(UUID().uuidString.prefix(8))")
  }
  try FileManager.default.createDirectory(
    at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
  defer { if given == nil { try? FileManager.default.removeItem(at: folder) } }
  return try await body(folder.path(percentEncoded: false))
}
