import PrepullAPI
import Warming
import ImageModel
import Kubernetes

/// What reaches the operator.
enum ControllerSignal: Sendable {
  case prepulls(WatchEvent<Prepull>)
  case nodes(WatchEvent<NodeSketch>)
  /// Ours.
  case pods(WatchEvent<Pod>)
  /// Pods of others that have not started.
  case waiting(WatchEvent<WaitingPod>)
  case events(WatchEvent<Event>)
  /// Some of the WarmNodes that there were at the start, by their resource versions.
  case remembered([Remembered])
  case rememberedAll
  case warmNodes(WatchEvent<WarmNodeSketch>)
  case agentPods(WatchEvent<AgentPod>)
  case resolved(ImageResolutions.Change)
  case discovered(Discovery.Change)
  case sourced(SourceDesk.Change)
  case finished(WriteKey, ControllerEffect.Answer)
  case tick

  typealias Remembered = WarmNode
}

/// What the operator does.
enum ControllerEffect: Sendable {
  /// Something to be written, which is answered.
  case write(WriteKey, Write)
  case resolve([ResolutionRequest], platforms: Set<Platform>)
  /// A node got something else under a tag than was resolved.
  case doubt(ResolutionKey)
  case discover([PrepullID: DiscoveryRequest])
  case ask([SourceKey: SourceRequest])
  case tell(Notice)

  enum Write: Sendable {
    /// Makes it if it is not there.
    case ensure(ConfigMap)
    case create(Pod)
    case delete(PodName, uid: String?, isForced: Bool)
    /// Find out whether it is there.
    case look(PodName)
    /// - Parameters:
    ///   - version: of the object that is there; nil when there is none.
    ///   - isWhole: whether what is not its status is written too.
    case record(WarmNode, version: String?, isWhole: Bool)
    /// What is not its status.
    case head(WarmNode)
    case forget(node: String)
    case patchNode(String, Patch, subresource: String?)
    case patchPrepull(namespace: String, name: String, Patch, subresource: String?)
    /// Removes all of a Prepull that is being deleted, and lets it go.
    case clean(PrepullID, finalizer: Patch)
    case expire(namespace: String, name: String, uid: String)
  }

  enum Answer: Sendable {
    case done
    case pod(Pod)
    /// There is no such pod.
    case noPod
    /// The resource version of what is stored now.
    case stored(version: String?)
    case failed(APIError)
  }

  /// An Event.
  struct Notice: Hashable, Sendable {
    let isWarning: Bool
    let reason: String
    let message: String
    let object: Event.ObjectReference
  }
}

struct PodName: Hashable, Sendable {
  let namespace: String
  let name: String

  init(namespace: String, name: String) {
    self.namespace = namespace
    self.name = name
  }

  init(_ metadata: ObjectMeta) { self.init(namespace: metadata.namespace ?? "", name: metadata.name ?? "") }
}
