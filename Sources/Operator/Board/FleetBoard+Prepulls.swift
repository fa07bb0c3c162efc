import Warming
import PrepullAPI
import Documents
import ImageModel
import Kubernetes

extension FleetBoard {
  mutating func takePrepulls(_ event: WatchEvent<Prepull>) {
    switch event {
    case .failed: break
    case .restarted(let list):
      let uids = Set(list.compactMap(\.metadata.uid))
      for uid in prepulls.keys.sorted() where !uids.contains(uid) { prepullGone(uid) }
      for prepull in list { put(prepull) }
      missing.remove(.prepulls)
    case .applied(let prepull): put(prepull)
    case .deleted(let prepull): prepullGone(prepull.metadata.uid ?? "")
    }
  }

  private mutating func put(_ prepull: Prepull) {
    guard let uid = prepull.metadata.uid else { return }
    let old = prepulls[uid]
    var entry = old ?? PrepullEntry(prepull)
    entry.prepull = prepull
    prepulls[uid] = entry
    if entry.isLeaving { return leave(uid) }
    if !entry.isGuarded { writes.want(.finalizer(uid), at: time) }
    if old == nil || old?.generation != entry.generation {
      do throws(SpecError) {
        let settings = try PrepullSettings(prepull.spec)
        prepulls[uid]?.windows = try zones.windows(settings.windows)
        prepulls[uid]?.settings = settings
        prepulls[uid]?.problem = nil
      } catch {
        // What was asked for before it went wrong stays.
        prepulls[uid]?.problem = error
      }
      hasNewWishes = true
      settingsChanged(uid)
    }
    if old?.isGuarded != entry.isGuarded || old?.isFinished != prepulls[uid]?.isFinished { plan(uid) }
    // What is done asks nobody any more.
    if old?.isFinished != prepulls[uid]?.isFinished, !entry.sourceKeys.isEmpty { hasNewWishes = true }
    if let time = expiryTime(of: uid) { writes.want(.expire(uid), at: time) }
    statusChanged(uid)
  }

  private mutating func prepullGone(_ uid: String) {
    guard let entry = prepulls.removeValue(forKey: uid) else { return }
    unplanned.remove(uid)
    hasNewWishes = true
    feed(.prepullGone(entry.id))
    // Their ConfigMap was being made; nobody answers for it now.
    for id in entry.held { dropOrder(of: id) }
    gatesChanged()
    let key = entry.id.key
    if !prepulls.values.contains(where: { $0.id.key == key }) {
      metrics.retain(prepulls: Set(prepulls.values.map(\.id.key)))
    }
  }

  private mutating func settingsChanged(_ uid: String) {
    guard let entry = prepulls[uid], let settings = entry.settings else { return }
    gatesChanged()
    prepulls[uid]?.objects = PullerObjects(entry.id, settings, bearing: gates, defaults: podTemplate)
    plan(uid)
  }

  /// Pods of one Prepull tolerate the gates of all: two that wait for each other to open its gate would wait for ever.
  private mutating func gatesChanged() {
    let keys = Set(prepulls.values.filter { !$0.isLeaving }.compactMap { $0.settings?.gate?.startupTaint }).sorted()
    guard keys != gates else { return }
    gates = keys
    for (uid, entry) in prepulls where !entry.isLeaving {
      guard let settings = entry.settings else { continue }
      prepulls[uid]?.objects = PullerObjects(entry.id, settings, bearing: gates, defaults: podTemplate)
      plan(uid)
    }
  }

  // MARK: Plans

  /// Tells the machine what a Prepull asks for, as soon as registries and discovery have said what they know.
  mutating func plan(_ uid: String) {
    guard let entry = prepulls[uid], !entry.isLeaving, entry.isGuarded, let settings = entry.settings else {
      unplanned.remove(uid)
      return
    }
    let isLate = entry.waitsUntil.map { $0 <= time } ?? false
    let wanted = entry.wantedImages(isLate: isLate)
    if let wanted, !wanted.elementsEqual(entry.images, by: ==) {
      prepulls[uid]?.images = wanted
      hasNewWishes = true
    }
    let keys = (wanted ?? []).compactMap { entry.key(of: $0.reference) }
    guard isLate || wanted != nil && keys.allSatisfy({ answers[$0]?.isTold ?? false }) else {
      if entry.waitsUntil == nil { prepulls[uid]?.waitsUntil = time + pace.resolutionTimeout }
      unplanned.insert(uid)
      return
    }
    unplanned.remove(uid)
    prepulls[uid]?.waitsUntil = nil
    var plan = fleetPlan(entry, settings, wanted ?? [])
    lookAtWindows(uid, &plan)
    guard plan != entry.plan else { return }
    prepulls[uid]?.plan = plan
    feed(.prepull(entry.id, plan))
    statusChanged(uid)
  }

  private func fleetPlan(
    _ entry: PrepullEntry, _ settings: PrepullSettings, _ wanted: [(reference: String, wantedBy: [String])]
  ) -> FleetPlan {
    let images = wanted.map { image in
      do {
        let reference = try Reference(parsing: image.reference)
        let answer = answers[entry.answerKey(of: image.reference)]
        return FleetImage(
          reference: image.reference, registry: reference.registry, resolution: answer?.resolution,
          refusal: answer?.refusal)
      } catch {
        let failure = WarmFailure(code: "invalidName", detail: "\(error)", remedy: "Correct the reference.")
        return FleetImage(reference: image.reference, registry: "", refusal: failure)
      }
    }
    var nodes = settings.nodes
    nodes.tolerations += gates.map { TolerationRule(key: $0) }
    var plan = FleetPlan(
      generation: entry.generation, images: images, nodes: nodes,
      createdAt: Duration(timestamp: entry.prepull.metadata.creationTimestamp) ?? time)
    plan.mode = settings.mode == .once ? .once : .keep
    plan.engine = settings.engine == .kubelet ? .kubelet : .agent(fallsBack: settings.fallback == .kubelet)
    plan.policy = settings.imagePullPolicy
    plan.access = PullAccess(namespace: entry.id.namespace, secrets: settings.imagePullSecrets)
    plan.priority = settings.priority
    plan.parallelism = settings.parallelism
    plan.perRegistry = settings.registryParallelism
    plan.maxFailures = settings.maxFailures
    plan.seeds = settings.seeds
    plan.timeout = settings.nodeTimeout
    plan.windowsTimeout = settings.windowsTimeout
    plan.retries = settings.backoffLimit + 1
    plan.refreshes = settings.refreshInterval != nil || settings.imagePullPolicy == .always
    plan.verifyEvery = settings.verifyInterval
    plan.gate = settings.gate.map { FleetPlan.Gate(taint: $0.startupTaint, deadline: $0.deadline) }
    plan.isSuspended = settings.isSuspended
    plan.isFinished = entry.isFinished
    return plan
  }

  // MARK: Registries and discovery

  /// Asks registries and discovery for what is wanted by now.
  mutating func tellWishes() {
    hasNewWishes = false
    var requests: [ResolutionRequest] = []
    var discoveries: [PrepullID: DiscoveryRequest] = [:]
    wantedNames = [:]
    for entry in prepulls.values where !entry.isLeaving {
      guard let settings = entry.settings else { continue }
      for image in entry.images {
        guard let key = entry.key(of: image.reference), let reference = try? Reference(parsing: image.reference) else {
          continue
        }
        wantedNames[ShortHash(reference.description).value] = reference.description
        requests.append(
          ResolutionRequest(key, refreshEvery: settings.refreshInterval, known: entry.remembered(image.reference)))
      }
      if let workloads = settings.workloads {
        let namespaces = workloads.namespaces.isEmpty ? [entry.id.namespace] : workloads.namespaces
        discoveries[entry.id] = DiscoveryRequest(
          namespaces: Set(namespaces), selector: workloads.selector, history: workloads.history)
      }
    }
    let keys = Set(requests.map(\.key))
    answers = answers.filter { keys.contains($0.key) }
    metrics.retain(images: Set(keys.map(\.reference)))
    effects.append(.resolve(requests, platforms: Set(platforms.keys)))
    effects.append(.discover(discoveries))
    effects.append(.ask(sourceRequests()))
  }

  mutating func resolved(_ change: ImageResolutions.Change) {
    let old = answers[change.key]?.digest
    answers[change.key] = change.answer
    for (uid, entry) in prepulls where entry.images.contains(where: { entry.answerKey(of: $0.reference) == change.key })
    {
      if !entry.isLeaving, entry.settings?.refreshInterval != nil, let new = change.answer.digest,
        let old = old ?? entry.remembered(change.key.reference)?.digest, old != new
      {
        let message = "\(change.key.reference) resolves to \(new) now, no longer to \(old): nodes pull it again"
        tell("DigestMoved", message, about: entry.object)
      }
      plan(uid)
      statusChanged(uid)
    }
  }

  mutating func discovered(_ change: Discovery.Change) {
    let uid = change.id.uid
    guard prepulls[uid] != nil else { return }
    prepulls[uid]?.discovered = change.found
    plan(uid)
    statusChanged(uid)
  }

  // MARK: Finalizer and end

  func finalizing(_ uid: String) -> ControllerEffect.Write? {
    guard let entry = prepulls[uid], !entry.isLeaving, !entry.isGuarded else { return nil }
    let finalizers = (entry.prepull.metadata.finalizers ?? []) + [PullerKey.cleanup]
    var metadata: JSON = ["finalizers": .array(finalizers.map(JSON.string))]
    if let version = entry.prepull.metadata.resourceVersion { metadata["resourceVersion"] = .string(version) }
    return .patchPrepull(
      namespace: entry.id.namespace, name: entry.id.name, .merge(["metadata": metadata]), subresource: nil)
  }

  /// A Prepull is being deleted: its pods and claims go first.
  private mutating func leave(_ uid: String) {
    guard let entry = prepulls[uid] else { return }
    if entry.leavesSince == nil {
      prepulls[uid]?.leavesSince = time
      unplanned.remove(uid)
      hasNewWishes = true
      // Nobody acted when it was deleted: the gates that it left closed are found by what it asked for.
      if !isSynced, entry.plan == nil, let settings = try? PrepullSettings(entry.prepull.spec) {
        var plan = fleetPlan(entry, settings, [])
        plan.isSuspended = true
        feed(.prepull(entry.id, plan))
      }
      feed(.prepullGone(entry.id))
      gatesChanged()
      // Whatever happens, nobody waits for ever.
      writes.want(.clean(uid), at: time + pace.cleanupDelay)
    }
    if prepulls[uid]?.isCleared == true { writes.want(.clean(uid), at: time) }
  }

  mutating func cleared(_ uid: String) {
    guard prepulls[uid]?.leavesSince != nil else { return }
    prepulls[uid]?.isCleared = true
    if isSynced { writes.want(.clean(uid), at: time) }
  }

  func cleaning(_ uid: String) -> ControllerEffect.Write? {
    guard let entry = prepulls[uid], entry.isLeaving,
      let index = entry.prepull.metadata.finalizers?.firstIndex(of: PullerKey.cleanup)
    else { return nil }
    let path: JSON = .string("/metadata/finalizers/\(index)")
    let patch = Patch.json([
      ["op": "test", "path": path, "value": .string(PullerKey.cleanup)], ["op": "remove", "path": path],
    ])
    return .clean(entry.id, finalizer: patch)
  }

  /// When a finished Prepull is to be deleted.
  private func expiryTime(of uid: String) -> Duration? {
    guard let entry = prepulls[uid], entry.isFinished, !entry.isLeaving, let ttl = entry.settings?.ttlAfterFinished,
      let finished = Duration(timestamp: entry.prepull.status?.finishedAt)
    else { return nil }
    return finished + ttl
  }

  func expiry(_ uid: String) -> ControllerEffect.Write? {
    guard let entry = prepulls[uid], let due = expiryTime(of: uid), due <= time else { return nil }
    return .expire(namespace: entry.id.namespace, name: entry.id.name, uid: uid)
  }
}

extension ResolutionAnswer {
  /// Whether the registry has said something, or that it cannot be asked.
  fileprivate var isTold: Bool { resolution != nil || problem != nil }
}
