import Documents
import KubeAPIServer

/// Keeps as many pods of every ReplicaSet as it asks for.
///
/// Pods that nobody owns are not adopted, and `minReadySeconds` is not waited for. Source: `pkg/controller/replicaset`.
struct ReplicaSetController: ReconcilingController {
  static let resources: [ResourceName] = [.replicaSets, .pods]

  private struct OwnPod {
    let name: ObjectName
    let isActive: Bool
    let isReady: Bool
    let isBound: Bool
    let created: String

    init(_ pod: JSON) {
      name = ObjectName(pod)
      isActive = !pod.isTerminating && !pod.isOver
      isReady = pod.condition("Ready") == "True"
      isBound = pod.nodeName != nil
      created = pod[path: "metadata", "creationTimestamp"]?.string ?? ""
    }

    /// What goes first: without a node, not ready, young.
    var rank: Int { (isBound ? 2 : 0) + (isReady ? 1 : 0) }
  }

  let store: Store
  private let pace: Pace
  private var sets: [String: ObjectName] = [:]
  /// By the uid of the ReplicaSet, then of the pod.
  private var pods: [String: [String: OwnPod]] = [:]
  var due: Set<String> = []
  private var recorders: [String: StoreEventRecorder] = [:]
  /// After a refusal: until when nothing is created, and how long that was.
  private var backOff: [String: (until: ContinuousClock.Instant, delay: Duration)] = [:]

  init(store: Store, pace: Pace) {
    self.store = store
    self.pace = pace
  }

  mutating func note(_ resource: ResourceName, _ event: StoreEvent) {
    let (object, isGone) = event.object
    guard resource == .pods else {
      sets[object.uid] = isGone ? nil : ObjectName(object)
      if isGone {
        (pods[object.uid], recorders[object.uid], backOff[object.uid]) = (nil, nil, nil)
      } else {
        due.insert(object.uid)
      }
      return
    }
    guard let owner = object.controller, owner["kind"] == "ReplicaSet", let uid = owner["uid"]?.string else { return }
    pods[uid, default: [:]][object.uid] = isGone ? nil : OwnPod(object)
    if sets[uid] != nil { due.insert(uid) }
  }

  mutating func reconcile(_ uid: String) {
    due.remove(uid)
    guard let key = sets[uid], let set = store.get(.replicaSets, namespace: key.namespace, name: key.name),
      set.uid == uid
    else { return }
    var failure: String?
    if !set.isTerminating {
      let active = (pods[uid] ?? [:]).values.filter(\.isActive)
      let wanted = Int(set[path: "spec", "replicas"]?.integer ?? 1)
      if active.count < wanted {
        failure = create(wanted - active.count, of: set)
      } else if active.count > wanted {
        let order = active.sorted { ($0.rank, $1.created) < ($1.rank, $0.created) }
        for pod in order.prefix(active.count - wanted) { delete(pod, of: set) }
      }
    }
    writeStatus(set, failure)
  }

  private mutating func create(_ count: Int, of set: JSON) -> String? {
    if let wait = backOff[set.uid], wait.until > .now {
      due.insert(set.uid)
      return set[path: "status", "conditions"]?.array?.first?["message"]?.string
    }
    for _ in 0..<count {
      do {
        let made = try store.create(set.podOfTemplate("apps/v1", "ReplicaSet"), as: .pods)
        // Known before its event comes, so that no second one is made.
        pods[set.uid, default: [:]][made.uid] = OwnPod(made)
        backOff[set.uid] = nil
        recorder(of: set).normal("SuccessfulCreate", "Created pod: \(ObjectName(made).name)")
      } catch {
        recorder(of: set).warning("FailedCreate", "Error creating: \(error)")
        let delay = min((backOff[set.uid]?.delay ?? .milliseconds(500)) * 2, .seconds(900))
        backOff[set.uid] = (.now + pace.scaled(delay), delay)
        due.insert(set.uid)
        return "\(error)"
      }
    }
    return nil
  }

  private mutating func delete(_ pod: OwnPod, of set: JSON) {
    guard (try? store.delete(.pods, namespace: pod.name.namespace, name: pod.name.name)) != nil else { return }
    recorder(of: set).normal("SuccessfulDelete", "Deleted pod: \(pod.name.name)")
  }

  private func writeStatus(_ set: JSON, _ failure: String?) {
    let active = (pods[set.uid] ?? [:]).values.filter(\.isActive)
    let ready = active.filter(\.isReady).count
    let name = ObjectName(set)
    _ = try? store.modify(.replicaSets, namespace: name.namespace, name: name.name, subresource: .status) { stored in
      guard stored.uid == set.uid else { return }
      var status: JSON = ["replicas": .integer(Int64(active.count))]
      for (field, number) in [
        ("fullyLabeledReplicas", active.count), ("readyReplicas", ready), ("availableReplicas", ready),
      ] where number > 0 {
        status[field] = .integer(Int64(number))
      }
      status["observedGeneration"] = set[path: "metadata", "generation"]
      status["conditions"] = stored[path: "status", "conditions"]
      stored["status"] = status
      if let failure {
        stored.set(
          condition: [
            "type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": .string(failure),
          ], at: store.timestamp)
      } else {
        stored[path: "status", "conditions"] = nil
      }
    }
  }

  private mutating func recorder(of set: JSON) -> StoreEventRecorder {
    if let recorder = recorders[set.uid] { return recorder }
    let recorder = StoreEventRecorder(
      store, component: "replicaset-controller",
      object: StoreEventRecorder.reference(to: set, kind: "ReplicaSet", apiVersion: "apps/v1"), pace: pace)
    recorders[set.uid] = recorder
    return recorder
  }
}

extension JSON {
  /// The owner that is its controller.
  var controller: JSON? { self[path: "metadata", "ownerReferences"]?.array?.first { $0["controller"] == true } }

  /// A pod of its template, which it controls and which goes with it.
  func podOfTemplate(_ apiVersion: String, _ kind: String) -> JSON {
    let template = self[path: "spec", "template"] ?? [:]
    var metadata = template["metadata"] ?? [:]
    let name = ObjectName(self)
    metadata["name"] = nil
    metadata["generateName"] = .string(name.name + "-")
    metadata["namespace"] = .string(name.namespace ?? "default")
    metadata["ownerReferences"] = [
      [
        "apiVersion": .string(apiVersion), "kind": .string(kind), "name": .string(name.name), "uid": .string(uid),
        "controller": true, "blockOwnerDeletion": true,
      ]
    ]
    return ["metadata": metadata, "spec": template["spec"] ?? [:]]
  }
}
