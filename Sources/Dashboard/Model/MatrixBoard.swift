package import Documents
package import Kubernetes
package import PrepullAPI
import Warming

/// All that is known of the cluster, as a matrix of nodes and images that is kept up to date. Pure.
///
/// What proves an image counts in this order: the node's record (WarmNode) with what its agent adds, DaemonSets that
/// stay, pods that are there, pods of runs that are gone; what is chosen and known of by nobody is pending. A row is
/// worked out anew when its own node, record or pods changed, and all rows only when other images are wanted.
package struct MatrixBoard: Sendable {
  /// What a client has to be told.
  package enum Update: Sendable {
    case whole(JSON)
    case part(JSON)
  }

  /// How many nodes' records name an image: what they hold may be for somebody whom this user may not see.
  private var recorded: [String: Int] = [:]
  var nodes = ObjectStore<Node>()
  var records = ObjectStore<WarmNode>()
  var prepulls = ObjectStore<Prepull>()
  private var sets = ObjectStore<DaemonSet>()
  private var pods = ObjectStore<Pod>()
  private var setEvents = ObjectStore<Event>()
  package private(set) var live = LiveRuns()
  private(set) var columns = MatrixColumns()
  private(set) var rows: [String: MatrixRow] = [:]
  private(set) var log = StoryLog()
  /// What cannot be shown, by what it is about.
  private var notes: [String: String] = [:]
  /// Of DaemonSets: by node, then by image.
  private var kept: [String: [String: MatrixCell]] = [:]
  private var keptPlans: [(plan: MatrixColumns.Plan, images: [String])] = []
  var choices: [(plan: MatrixColumns.Plan, images: [String], nodes: NodeChoice)] = []
  private let cluster: JSON

  /// What the run that this page stands beside is to do; nil where there is none.
  var ownRun: OwnRun?
  var dirty: Set<String> = []
  var arePlansDirty = true
  private var isKeptDirty = true
  private var areNotesDirty = false
  /// How many changes of turns were told.
  private var toldTurns = 0
  private var lastDigests: [String: String] = [:]

  /// - Parameters:
  ///   - context: what people call the cluster.
  ///   - server: its address.
  package init(context: String, server: String) {
    cluster = ["context": .string(context), "server": .string(server)]
  }

  // MARK: What happens

  package mutating func take(_ event: WatchEvent<Node>) {
    for change in nodes.apply(event) {
      switch change {
      case .added(let node), .modified(_, let node): dirty.insert(node.metadata.name ?? "")
      case .deleted(let node):
        let name = node.metadata.name ?? ""
        dirty.insert(name)
        live.forget(node: name)
        log.forget(node: name)
      }
      if !sets.objects.isEmpty { isKeptDirty = true }
    }
  }

  package mutating func take(_ event: WatchEvent<WarmNode>, now: Double) {
    let isList = if case .restarted = event { true } else { false }
    for change in records.apply(event) {
      let (old, new): (WarmNode?, WarmNode?) =
        switch change {
        case .added(let node): (nil, node)
        case .modified(let old, let node): (old, node)
        case .deleted(let node): (node, nil)
        }
      count(old, new)
      live.take(old, new, isListed: isList && old == nil, now: now)
    }
  }

  private mutating func count(_ old: WarmNode?, _ new: WarmNode?) {
    dirty.insert((new ?? old)?.metadata.name ?? "")
    let (before, after) = (old?.status?.images ?? [], new?.status?.images ?? [])
    guard before.map(\.image) != after.map(\.image) else { return }
    for image in after {
      let number = recorded[image.image, default: 0]
      if number == 0 { arePlansDirty = true }
      recorded[image.image] = number + 1
    }
    for image in before {
      let number = recorded[image.image, default: 0]
      recorded[image.image] = number > 1 ? number - 1 : nil
      if number <= 1 { arePlansDirty = true }
    }
  }

  package mutating func take(_ event: WatchEvent<Prepull>) {
    for change in prepulls.apply(event) {
      arePlansDirty = true
      if case .added(let prepull) = change, let uid = prepull.metadata.uid, let name = prepull.metadata.name {
        live.name(uid, name)
      }
    }
  }

  package mutating func take(_ event: WatchEvent<DaemonSet>) {
    if !sets.apply(event).isEmpty { isKeptDirty = true }
  }

  package mutating func take(_ event: WatchEvent<Event>) {
    if !setEvents.apply(event).isEmpty, !sets.objects.isEmpty { isKeptDirty = true }
  }

  package mutating func take(_ event: WatchEvent<Pod>, now: Double) {
    for change in pods.apply(event) {
      let (pod, isGone) =
        switch change {
        case .added(let pod), .modified(_, let pod): (pod, false)
        case .deleted(let pod): (pod, true)
        }
      guard LiveRuns.owns(pod) else {
        isKeptDirty = true
        continue
      }
      let phases = live.phases
      let node = live.take(lastState(of: pod, event), isGone: isGone, now: now) { uid in
        prepulls.objects.values.first { $0.metadata.uid == uid }?.metadata.name
      }
      if let node { dirty.insert(node) }
      if live.phases != phases { arePlansDirty = true }
    }
  }

  /// A deletion carries the pod's last state, in which it may have become warm.
  private func lastState(of pod: Pod, _ event: WatchEvent<Pod>) -> Pod {
    if case .deleted(let last) = event, last.metadata.uid == pod.metadata.uid { return last }
    return pod
  }

  /// - Parameter text: nil when it can be shown again.
  package mutating func note(_ text: String?, about what: String) {
    guard notes[what] != text else { return }
    notes[what] = text
    areNotesDirty = true
  }

  // MARK: What it comes to

  /// Works out what changed since the last time; nil when nothing did.
  package mutating func update(now: Double) -> Update? {
    let oldColumns = columns
    if isKeptDirty { readKept() }
    if arePlansDirty || columns.columns.isEmpty { readPlans(now: now) }
    let isOther = columns.names != oldColumns.names
    if isOther { dirty.formUnion(knownNodes.union(rows.keys)) }
    isKeptDirty = false
    arePlansDirty = false
    var (changed, gone): ([JSON], [JSON]) = ([], [])
    for name in dirty {
      guard let row = row(name) else {
        if rows.removeValue(forKey: name) != nil { gone.append(.string(name)) }
        continue
      }
      let old = rows.updateValue(row, forKey: name)
      guard old != row else { continue }
      changed.append(row.json)
      if let old, !isOther { tell(old, row, now: now) }
    }
    dirty = []
    defer { (areNotesDirty, toldTurns) = (false, live.changes) }
    if isOther { return .whole(document) }
    var part: [String: JSON] = [:]
    if !changed.isEmpty { part["nodes"] = .array(changed) }
    if !gone.isEmpty { part["gone"] = .array(gone) }
    if columns.columns != oldColumns.columns { part["images"] = columns.imagesJSON }
    if columns.plans != oldColumns.plans { part["plans"] = columns.plansJSON }
    if areNotesDirty { part["notes"] = notesJSON }
    // The matrix may be as it was when a turn begins: that an agent was asked is no state of a cell.
    if live.changes != toldTurns { part["turns"] = true }
    return part.isEmpty ? nil : .part(.object(part))
  }

  /// All of it, as of the last update.
  package var document: JSON {
    [
      "cluster": cluster, "images": columns.imagesJSON, "plans": columns.plansJSON, "notes": notesJSON,
      "nodes": .array(rows.values.sorted { $0.name < $1.name }.map(\.json)),
    ]
  }

  private var notesJSON: JSON { .array(notes.sorted { $0.key < $1.key }.map { .string($0.value) }) }

  /// Nodes, and where those may not be seen, what is known by their names.
  private var knownNodes: Set<String> {
    let own = nodes.objects.keys.map(\.name)
    return own.isEmpty ? Set(records.objects.keys.map(\.name)).union(live.nodes) : Set(own)
  }

  private mutating func readKept() {
    let status = ClusterStatus(
      nodes: Array(nodes.objects.values), daemonSets: Array(sets.objects.values),
      pods: pods.objects.values.filter { !LiveRuns.owns($0) }, events: Array(setEvents.objects.values))
    var next: [String: [String: MatrixCell]] = [:]
    keptPlans = []
    for item in status.items where item.kind == .kept {
      let plan = MatrixColumns.Plan(kind: .kept, namespace: item.namespace, name: item.name)
      keptPlans.append((plan, item.coverage.images))
      for (index, node) in item.coverage.nodes.enumerated() {
        for (image, cell) in zip(item.coverage.images, item.coverage.column(index)) {
          next[node, default: [:]][image] = MatrixCell(cell, wantedBy: [plan.key])
        }
      }
    }
    for name in Set(next.keys).union(kept.keys) where next[name] != kept[name] { dirty.insert(name) }
    kept = next
    arePlansDirty = true
  }

  private mutating func readPlans(now: Double) {
    var next = MatrixColumns()
    let before = choices.map { "\($0.plan.key) \($0.images) \($0.nodes)" }
    choices = []
    for prepull in prepulls.objects.values.sorted(by: { $0.place < $1.place }) {
      let plan = MatrixColumns.Plan(
        kind: .prepull, namespace: prepull.metadata.namespace ?? "default", name: prepull.metadata.name ?? "",
        ended: prepull.status?.finishedAt.flatMap(Moment.init)?.seconds)
      let number = next.add(plan)
      let images = (prepull.spec.images ?? []).map(\.image) + (prepull.status?.images ?? []).map(\.image)
      for image in images { next.add(image, plan: number) }
      for status in prepull.status?.images ?? [] {
        next.describe(next.add(status.image, plan: number), status)
        noteDigest(of: status, now: now)
      }
      if prepull.status?.finishedAt == nil, let settings = try? PrepullSettings(prepull.spec) {
        choices.append((plan, images, settings.nodes))
      }
    }
    for (plan, images) in keptPlans {
      let number = next.add(plan)
      for image in images { next.add(image, plan: number) }
    }
    for (_, run) in live.runs.sorted(by: { ($0.value.begun, $0.key) < ($1.value.begun, $1.key) }) where run.kind == .run
    {
      let number = next.add(MatrixColumns.Plan(kind: .run, namespace: run.namespace, name: run.name, ended: run.ended))
      for image in run.images { next.add(image, plan: number) }
    }
    for image in ownRun?.images ?? [] { next.add(image) }
    for image in recorded.keys.sorted() { next.add(image) }
    if choices.map({ "\($0.plan.key) \($0.images) \($0.nodes)" }) != before { dirty.formUnion(knownNodes) }
    columns = next
  }

  private mutating func noteDigest(of status: Prepull.ImageStatus, now: Double) {
    guard let digest = status.digest else { return }
    if let last = lastDigests.updateValue(digest, forKey: status.image), last != digest {
      log.add(
        StoryLog.Entry(time: now, text: "The tag moved", detail: "from \(last) to \(digest)"), image: status.image)
    }
  }

  private func row(_ name: String) -> MatrixRow? {
    let node = nodes.objects[.init(name: name)]
    guard node != nil || (nodes.objects.isEmpty && knownNodes.contains(name)) else { return nil }
    let facts = node.map(NodeFacts.init) ?? NodeFacts(name: name, uid: "")
    var row = MatrixRow(facts, joined: node?.metadata.creationTimestamp)
    if records.objects[.init(name: name)]?.status?.gates?.contains(where: { $0.openedAt == nil }) == true {
      row.flags.insert("gated", at: 0)
    }
    row.cells = [UInt8](repeating: MatrixRow.nothing, count: columns.columns.count)
    for (index, cell) in cells(of: facts) {
      row.cells[index] = cell.state.code
      row.progress[index] = cell.share
    }
    return row
  }

  /// How each image stands on a node, by its column.
  func cells(of facts: NodeFacts) -> [Int: MatrixCell] {
    var cells: [Int: MatrixCell] = [:]
    func put(_ image: String, _ cell: MatrixCell, isProof: Bool) {
      guard let index = columns.place(of: image) else { return }
      var cell = cell
      if let old = cells[index] {
        cell.wantedBy = old.wantedBy + cell.wantedBy.filter { !old.wantedBy.contains($0) }
        if !isProof || (cell.state == .pending && old.state != .unsupported) {
          cell = old
        }
      }
      cells[index] = cell
    }
    for (plan, images, choice) in choices {
      switch choice.verdict(for: facts) {
      case .wanted:
        for image in images { put(image, MatrixCell(Coverage.State.pending, wantedBy: [plan.key]), isProof: false) }
      case .unsupported(let reason):
        var cell = MatrixCell(Coverage.State.unsupported, wantedBy: [plan.key])
        cell.message = reason
        for image in images { put(image, cell, isProof: false) }
      case .skipped: break
      }
    }
    if let ownRun, ownRun.nodes.contains(facts.name) {
      for image in ownRun.images {
        put(image, MatrixCell(Coverage.State.pending, wantedBy: ["this run"]), isProof: false)
      }
    }
    for (image, cell) in live.cells(on: facts.name).reversed() { put(image, cell, isProof: true) }
    for (image, cell) in kept[facts.name] ?? [:] { put(image, cell, isProof: true) }
    let record = records.objects[.init(name: facts.name)]
    for image in record?.status?.images ?? [] { put(image.image, MatrixCell(image), isProof: true) }
    for held in record?.status?.agent?.images ?? [] {
      if let index = columns.place(of: held.image), cells[index] != nil { cells[index]?.add(held) }
    }
    // No node tells why an image failed that could not even be resolved: the Prepull does.
    for (index, cell) in cells where cell.state == .failed && cell.message == nil {
      cells[index]?.message = columns.columns[index].message
    }
    return cells
  }

  private mutating func tell(_ old: MatrixRow, _ new: MatrixRow, now: Double) {
    guard old.cells.count == new.cells.count else { return }
    var details: [Int: MatrixCell]?
    for index in new.cells.indices where old.cells[index] != new.cells[index] {
      let column = columns.columns[index]
      let words: [UInt8: String] = [
        UInt8(ascii: "w"): "is warm", UInt8(ascii: "p"): "is being pulled", UInt8(ascii: "q"): "is wanted",
        UInt8(ascii: "s"): "is stale", UInt8(ascii: "f"): "failed", UInt8(ascii: "u"): "is unsupported",
      ]
      let isFailure = new.cells[index] == Coverage.State.failed.code
      if isFailure, details == nil { details = cells(of: facts(new.name)) }
      log.add(
        StoryLog.Entry(
          time: now, text: "\(column.name) \(words[new.cells[index]] ?? "is not wanted any more")",
          detail: isFailure ? details?[index]?.message : nil, isWarning: isFailure), node: new.name)
    }
    if old.flags != new.flags {
      let text =
        new.flags.isEmpty ? "no longer \(old.flags.joined(separator: ", "))" : new.flags.joined(separator: ", ")
      log.add(StoryLog.Entry(time: now, text: "The node is \(text)"), node: new.name)
    }
  }

  func facts(_ name: String) -> NodeFacts {
    nodes.objects[.init(name: name)].map(NodeFacts.init) ?? NodeFacts(name: name, uid: "")
  }
}

extension Prepull {
  /// Of higher priority first.
  fileprivate var place: (Int, String, String) {
    (-(spec.priority ?? 0), metadata.namespace ?? "", metadata.name ?? "")
  }
}
