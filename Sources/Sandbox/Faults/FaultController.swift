import Documents
import Kubernetes

/// Makes happen what `Fault` objects ask for, and ends it when they go.
struct FaultController {
  let sandbox: Sandbox

  private static let faults = ResourceName(Fault.self)
  private static let definitions = ResourceName(group: "apiextensions.k8s.io", plural: "customresourcedefinitions")

  /// Makes the kind known to the API server.
  static func register(in store: Store) throws { _ = try store.create(Fault.definition, as: definitions) }

  func run() async {
    await withTaskGroup(of: Void.self) { group in
      for await event in sandbox.store.watch(Self.faults) {
        switch event {
        case .added(let object):
          guard let fault = try? object.decoded(as: Fault.self), let name = fault.metadata.name else { continue }
          group.addTask { await begin(fault, named: name) }
        case .deleted(let object):
          guard let fault = try? object.decoded(as: Fault.self) else { continue }
          group.addTask { await perform(fault.spec, begins: false) }
        case .modified, .bookmark: break
        }
      }
    }
  }

  private func begin(_ fault: Fault, named name: String) async {
    let problem = await perform(fault.spec, begins: true)
    _ = try? sandbox.store.modify(Self.faults, name: name, subresource: .status) {
      $0[path: "status", "message"] = .string(problem ?? (fault.spec.kind.lasts ? "in effect" : "happened"))
    }
    guard let seconds = fault.spec.seconds, (try? await Task.sleep(for: .seconds(seconds))) != nil else { return }
    _ = try? sandbox.store.delete(Self.faults, name: name)
  }

  /// Returns why it did not work, if it did not.
  @discardableResult
  private func perform(_ spec: Fault.Spec, begins: Bool) async -> String? {
    let (server, registry, node) = (sandbox.server, sandbox.registry, spec.node ?? "")
    do {
      switch spec.kind {
      case .nodeNotReady: try await sandbox.setReady(node, !begins)
      case .kubeletStopped: if begins { try sandbox.stopKubelet(node) } else { try await sandbox.startKubelet(node) }
      case .nodeRemoved: if begins { try sandbox.removeNode(node) }
      case .nodeReplaced: if begins { try await sandbox.replaceNode(node) }
      case .diskFull: if begins { try await sandbox.fillDisk(node) } else { try await sandbox.emptyDisk(node) }
      case .serverRestart: if begins { await server.restart(downFor: .seconds(1)) }
      case .serverSlow: server.faults.delay(begins ? .seconds(2) : nil)
      case .watchesCut: if begins { server.cutWatches() }
      case .watchesShort: server.faults.closeWatches(after: begins ? .seconds(1) : nil)
      case .historyCompacted: if begins { server.compact() }
      case .registryDown: begins ? registry.inject(.status(503)) : registry.clearFaults()
      case .registrySlow: begins ? registry.inject(.slow(50_000)) : registry.clearFaults()
      case .registryHangs: begins ? registry.inject(.hang) : registry.clearFaults()
      }
      return nil
    } catch {
      return "\(error)"
    }
  }
}
