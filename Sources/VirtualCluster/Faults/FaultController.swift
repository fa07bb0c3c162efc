import Documents
import KubeAPIServer
import Kubernetes
import Synchronization

/// Makes happen what `Fault` objects ask for, and ends it when they go: what several ask for ends with the last of them.
struct FaultController {
  let sandbox: Sandbox
  private let active = ActiveFaults()

  private static let faults = ResourceName(group: Fault.group, plural: Fault.plural)
  private static let definitions = ResourceName(group: "apiextensions.k8s.io", plural: "customresourcedefinitions")
  private static let policy = "sandbox-leases"

  init(sandbox: Sandbox) { self.sandbox = sandbox }

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
          guard let uid = (try? object.decoded(as: Fault.self))?.metadata.uid else { continue }
          group.addTask { await end(uid) }
        case .modified, .bookmark: break
        }
      }
    }
  }

  private func begin(_ fault: Fault, named name: String) async {
    let (spec, uid) = (fault.spec, fault.metadata.uid ?? "")
    let problem = await happen(spec, uid)
    _ = try? sandbox.store.modify(Self.faults, name: name, subresource: .status) {
      $0[path: "status", "message"] = .string(problem ?? (spec.kind.lasts ? "in effect" : "happened"))
    }
    // It may have been deleted while it began.
    if sandbox.store.get(Self.faults, name: name)?.uid != uid { return await end(uid) }
    guard let seconds = spec.seconds, (try? await Task.sleep(for: .seconds(seconds))) != nil else { return }
    _ = try? sandbox.store.delete(Self.faults, name: name)
  }

  /// Returns why it did not work, if it did not; a fault that did not begin does not end either.
  private func happen(_ spec: Fault.Spec, _ uid: String) async -> String? {
    let (server, registry, node) = (sandbox.server, sandbox.registry, spec.node ?? "")
    var rule: Int?
    do {
      switch spec.kind {
      case .nodeNotReady: try await sandbox.setReady(node, false)
      case .kubeletStopped: try sandbox.stopKubelet(node)
      case .nodeRemoved: try sandbox.removeNode(node)
      case .nodeReplaced: try await sandbox.replaceNode(node)
      case .diskFull: try await sandbox.fillDisk(node)
      case .missingClusterDNS: try sandbox.setClusterDNS(node, false)
      case .serverRestart: await server.restart(downFor: .seconds(1))
      case .serverSlow: server.faults.delay(.seconds(2))
      case .watchesCut: server.cutWatches()
      case .watchesShort: server.faults.closeWatches(after: .seconds(1))
      case .historyCompacted: server.compact()
      case .leasesRefused: sandbox.store.policies.add(Self.leasePolicy)
      case .registryDown: rule = registry.inject(.status(503))
      case .registrySlow: rule = registry.inject(.slow(50_000))
      case .registryHangs: rule = registry.inject(.hang)
      }
    } catch {
      return "\(error)"
    }
    if spec.kind.lasts { active.add(uid, spec, rule: rule) }
    return nil
  }

  private func end(_ uid: String) async {
    guard let (spec, rule, isLast) = active.remove(uid) else { return }
    if let rule { return sandbox.registry.endFault(rule) }
    guard isLast else { return }
    let (server, node) = (sandbox.server, spec.node ?? "")
    switch spec.kind {
    case .nodeNotReady: try? await sandbox.setReady(node, true)
    case .kubeletStopped: try? await sandbox.startKubelet(node)
    case .diskFull: try? await sandbox.emptyDisk(node)
    case .missingClusterDNS: try? sandbox.setClusterDNS(node, true)
    case .serverSlow: server.faults.delay(nil)
    case .watchesShort: server.faults.closeWatches(after: nil)
    case .leasesRefused: sandbox.store.policies.remove(Self.policy)
    case .nodeRemoved, .nodeReplaced, .serverRestart, .watchesCut, .historyCompacted, .registryDown, .registrySlow,
      .registryHangs:
      break
    }
  }

  private static let leasePolicy = AdmissionPolicy(policy, message: "failed expression: false") { request, _ in
    request.resource == "leases.coordination.k8s.io" && request.verb != "delete"
  }
}

/// What is in effect, by the uid of the Fault that asked for it.
private final class ActiveFaults: Sendable {
  private struct Entry {
    let spec: Fault.Spec
    let rule: Int?
  }

  private let entries = Mutex<[String: Entry]>([:])

  func add(_ uid: String, _ spec: Fault.Spec, rule: Int?) {
    entries.withLock { $0[uid] = Entry(spec: spec, rule: rule) }
  }

  /// Nil for one that is not in effect. Whether no other asks for the same of the same node.
  func remove(_ uid: String) -> (spec: Fault.Spec, rule: Int?, isLast: Bool)? {
    entries.withLock { entries in
      guard let entry = entries.removeValue(forKey: uid) else { return nil }
      let isLast = !entries.values.contains { $0.spec.kind == entry.spec.kind && $0.spec.node == entry.spec.node }
      return (entry.spec, entry.rule, isLast)
    }
  }
}
