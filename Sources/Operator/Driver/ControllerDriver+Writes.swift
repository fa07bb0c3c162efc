import Warming
import PrepullAPI
import Kubernetes
import Logging

extension ControllerDriver {
  /// Writes, and answers. Every write can be done twice.
  func perform(_ key: WriteKey, _ write: ControllerEffect.Write, _ report: Report) async {
    do {
      report(.finished(key, try await perform(write)))
    } catch let error as APIError {
      // What is forbidden somebody has to allow; all else heals or is reported in a condition.
      logger.log(level: error.code == .forbidden ? .warning : .debug, "a write failed", metadata: ["error": "\(error)"])
      report(.finished(key, .failed(error)))
    } catch {
      // Cancelled, with all the rest; what else it may be is told as an answer, or the key would be at work for ever.
      guard !Task.isCancelled else { return }
      logger.error("a write could not be made", metadata: ["error": "\(error)"])
      report(.finished(key, .failed(APIError(.malformed, detail: "the request could not be made: \(error)"))))
    }
  }

  private func perform(_ write: ControllerEffect.Write) async throws -> ControllerEffect.Answer {
    switch write {
    case .ensure(let configMap):
      try await ensure(configMap)
      return .done
    case .create(let pod): return .pod(try await create(pod))
    case .delete(let name, let uid, let isForced): return try await delete(name, uid: uid, isForced: isForced)
    case .look(let name):
      do {
        return .pod(try await client.get(Pod.self, name.name, in: name.namespace))
      } catch let error as APIError where error.code == .notFound {
        return .noPod
      }
    case .record(let node, let version, let isWhole):
      return .stored(version: try await store(node, over: version, isWhole: isWhole))
    case .head(let node):
      return .stored(
        version: try await client.apply(node, fieldManager: WarmNode.fieldManager).metadata.resourceVersion)
    case .forget(let node):
      do {
        try await client.delete(WarmNode.self, node)
      } catch let error as APIError where error.code == .notFound {}
      return .stored(version: nil)
    case .patchNode(let name, let patch, let subresource):
      _ = try await client.patch(NodeSketch.self, name, patch, subresource: subresource)
      return .done
    case .patchPrepull(let namespace, let name, let patch, let subresource):
      _ = try await client.patch(Prepull.self, name, in: namespace, patch, subresource: subresource)
      return .done
    case .clean(let id, let finalizer):
      try await clean(id)
      _ = try await client.patch(Prepull.self, id.name, in: id.namespace, finalizer)
      return .done
    case .expire(let namespace, let name, let uid):
      try await client.delete(Prepull.self, name, in: namespace, uid: uid)
      return .done
    }
  }

  /// Its name tells what is in it; ConfigMaps are never read, which would need the right to read all.
  private func ensure(_ configMap: ConfigMap) async throws {
    do {
      _ = try await client.create(configMap)
    } catch let error as APIError where error.code == .alreadyExists {}
  }

  /// The pod, or the one that is there already: its name says that it does the same.
  private func create(_ pod: Pod) async throws -> Pod {
    var tries = 0
    while true {
      tries += 1
      do {
        var made = pod
        made.metadata = try await client.createForMetadata(pod)
        return made
      } catch let taken as APIError where taken.code == .alreadyExists {
        do {
          let there = try await client.get(Pod.self, pod.metadata.name ?? "", in: pod.metadata.namespace)
          guard there.pullerID == pod.pullerID else { throw taken }
          return there
        } catch let error as APIError where error.code == .notFound {
          // It went between the two requests: its name is free now.
          guard tries < 3 else { throw taken }
        }
      }
    }
  }

  private func delete(_ name: PodName, uid: String?, isForced: Bool) async throws -> ControllerEffect.Answer {
    do {
      try await client.delete(Pod.self, name.name, in: name.namespace, uid: uid, gracePeriod: isForced ? 0 : nil)
      return .done
    } catch let error as APIError where error.code == .notFound || error.code == .conflict {
      // Or there is another one under its name.
      return .noPod
    }
  }

  /// - Parameter isWhole: whether what is not status is written too.
  /// - Returns: the version of what is stored now.
  private func store(_ node: WarmNode, over version: String?, isWhole: Bool) async throws -> String? {
    let name = node.metadata.name ?? ""
    var (version, isWhole) = (version, isWhole)
    for _ in 1...3 {
      do {
        if version == nil || isWhole {
          version = try await client.apply(node.head, fieldManager: WarmNode.fieldManager).metadata.resourceVersion
          isWhole = false
        }
        let part = node.statusPart(over: version)
        return try await client.apply(part, subresource: "status", fieldManager: WarmNode.fieldManager)
          .metadata.resourceVersion
      } catch let error as APIError where error.code == .notFound && version != nil {
        version = nil
      } catch let error as APIError where error.code == .alreadyExists || error.code == .conflict {
        version = try await self.version(of: name)
      }
    }
    throw APIError(
      .conflict, verb: "patch", resource: WarmNode.plural, name: name, isRetryable: true,
      detail: "somebody else changes it at the same time")
  }

  /// Of a WarmNode; nil where there is none.
  private func version(of name: String) async throws -> String? {
    do {
      return try await client.get(WarmNode.self, name).metadata.resourceVersion
    } catch let error as APIError where error.code == .notFound {
      return nil
    }
  }

  /// Deletes the pods and the ConfigMap of a Prepull. What is gone already, or goes with its namespace, is no error.
  private func clean(_ id: PrepullID) async throws {
    let left = try await client.list(Pod.self, in: id.namespace, labels: "\(PullerKey.prepull)=\(id.uid)").items
    for pod in left where pod.metadata.deletionTimestamp == nil {
      _ = try await delete(PodName(pod.metadata), uid: pod.metadata.uid, isForced: false)
    }
    do {
      try await client.delete(ConfigMap.self, PullerNames(id).configMap, in: id.namespace)
    } catch let error as APIError where error.code == .notFound {}
  }
}
