import Documents
import Kubernetes
import PrepullAPI

/// What a wait knows of the cluster, and what that says about its subjects. Pure.
struct WaitBoard: Sendable {
  let workloads: [WaitSubject]
  /// Names of Prepulls that are waited for.
  let prepulls: [String]
  /// Narrows the nodes of all.
  let choice: NodeChoice

  var book = WarmthBook()
  /// By name; nil until they are known.
  var nodes: [String: NodeFacts]?
  var knownPrepulls: [String: Prepull] = [:]
  /// Of the namespace, as far as they may be seen: what they say of nodes that have no WarmNode.
  var allPrepulls: [Prepull] = []
  /// Whether WarmNodes were listed, or cannot be.
  var isRecordKnown = false
  var isKeptKnown = false

  init(workloads: [WaitSubject], prepulls: [String], choice: NodeChoice) {
    self.workloads = workloads
    self.prepulls = prepulls
    self.choice = choice
  }

  /// What all of it is called: `deployment/web and prepull/shop`.
  var name: String {
    let names = workloads.map(\.name) + prepulls.map { "prepull/\($0)" }
    return names.count < 3
      ? names.joined(separator: " and ") : "\(names[0]) and \(Quantity.count(names.count - 1, "other"))"
  }

  /// Nil until enough is known.
  mutating func verdict() -> WaitVerdict? {
    guard let nodes, isRecordKnown, isKeptKnown else { return nil }
    let subjects =
      workloads
      + prepulls.compactMap { name in knownPrepulls[name].map { WaitSubject($0, narrowing: choice) } }
    var verdict = WaitVerdict()
    for name in prepulls where knownPrepulls[name] == nil { verdict.end = "there is no Prepull '\(name)'" }
    // By node: whether it can hold anything, and whether it lacks something.
    var able: [String: Bool] = [:]
    var unable: Set<String> = []
    let sorted = nodes.values.sorted { $0.name < $1.name }
    let foreign = foreignNodes(sorted)
    var why = WaitReasons(allPrepulls + knownPrepulls.values.sorted { $0.metadata.name ?? "" < $1.metadata.name ?? "" })
    for subject in subjects { judge(subject, on: sorted, foreign, &why, &verdict, &able, &unable) }
    verdict.standstill = why.standstill
    verdict.wanted = able.count
    verdict.warm = able.values.count { $0 }
    verdict.unsupported = unable.subtracting(able.keys).count
    if !book.hasWarmNodes, verdict.end == nil, !verdict.isWarm { verdict.end = noSource(subjects) }
    return verdict
  }

  private mutating func judge(
    _ subject: WaitSubject, on nodes: [NodeFacts], _ foreign: [String: Set<String>], _ why: inout WaitReasons,
    _ verdict: inout WaitVerdict, _ able: inout [String: Bool], _ unable: inout Set<String>
  ) {
    for image in subject.images where !verdict.images.contains(image) { verdict.images.append(image) }
    if let obstacle = subject.obstacle {
      verdict.lacks.append(WaitVerdict.Lack(subject: subject.name, reason: obstacle.text))
      if obstacle.isFinal { verdict.end = verdict.end ?? obstacle.text }
    }
    let verdicts = nodes.map { ($0, subject.nodes.verdict(for: $0)) }
    let wanted = verdicts.filter { $1 == .wanted }.map(\.0)
    guard !wanted.isEmpty else {
      verdict.lacks.append(
        WaitVerdict.Lack(
          subject: subject.name,
          reason: "no node is ready where pods of \(subject.name) would run (\(verdicts.map(\.1).tally))"))
      return
    }
    var homes: Set<String> = []
    for node in wanted {
      var canHold = false
      var lacks: [WaitVerdict.Lack] = []
      for image in subject.images {
        let reason: String
        switch book.warmth(of: image, on: node) {
        case .unsupported: continue
        case .cold(nil) where foreign[image]?.contains(node.name) ?? false: continue
        case .warm:
          canHold = true
          homes.insert(image)
          continue
        case .cold(let told?): reason = told
        // A node of which nothing is known yet has no WarmNode.
        case .cold(nil): reason = why.pending(image, on: node) ?? "nothing that warms nodes wants it there"
        case .pending: reason = why.pending(image, on: node) ?? WaitReasons.waits
        case .untried: reason = why.untried(image, on: node)
        }
        lacks.append(
          WaitVerdict.Lack(
            subject: subject.name, image: image, node: node.name, reason: ForeignText.clause(reason)))
        canHold = true
        homes.insert(image)
      }
      if canHold { able[node.name] = (able[node.name] ?? true) && lacks.isEmpty } else { unable.insert(node.name) }
      verdict.lacks += lacks
    }
    for image in subject.images where !homes.contains(image) {
      verdict.lacks.append(
        WaitVerdict.Lack(subject: subject.name, image: image, reason: "it has nothing for any node where it would run"))
    }
  }

  /// Nodes by images that have nothing for them: a node that no image has anything for has no WarmNode. A Prepull that is
  /// ready counts these; where there are more, some are new, and it has not looked at them yet.
  private mutating func foreignNodes(_ nodes: [NodeFacts]) -> [String: Set<String>] {
    var foreign: [String: Set<String>] = [:]
    for prepull in allPrepulls {
      guard let status = prepull.status, (status.observedGeneration ?? 0) >= prepull.metadata.generation ?? 0,
        status.conditions?["Ready"]?.isTrue ?? false, let count = status.nodes?.unsupported, count > 0,
        let settings = try? PrepullSettings(prepull.spec)
      else { continue }
      let images = (status.images ?? []).map(\.image)
      let bare = nodes.filter { node in
        settings.nodes.verdict(for: node) == .wanted
          && images.allSatisfy { book.warmth(of: $0, on: node) == .cold(nil) }
      }
      guard bare.count <= count else { continue }
      for image in images { foreign[image, default: []].formUnion(bare.map(\.name)) }
    }
    return foreign
  }

  /// Where nothing can ever say that nodes are warm.
  private mutating func noSource(_ subjects: [WaitSubject]) -> String? {
    let lost = subjects.flatMap(\.images).filter { image in
      book.reference(image).map { !book.keptImages.contains($0) } ?? true
    }
    guard let first = lost.first else { return nil }
    return
      "nothing here can tell which nodes hold \(first): the operator is not installed, and no DaemonSet of "
      + "'prepull run --keep' has it in this namespace; 'prepull run' itself ends when nodes are warm"
  }
}
