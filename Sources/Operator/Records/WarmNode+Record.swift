import Warming
import PrepullAPI
import Documents
import ImageModel
import Kubernetes

extension WarmNode {
  /// The object that stores a record.
  ///
  /// - Parameters:
  ///   - architecture: of the node, as Go names it.
  ///   - conditions: as they were before.
  ///   - now: RFC 3339.
  init(_ record: NodeRecord, architecture: String, conditions: [APICondition], at now: String) {
    self.init(metadata: Self.metadata(of: record.node, uid: record.uid))
    var status = Status()
    status.nodeUID = record.uid
    status.architecture = architecture.isEmpty ? nil : architecture
    status.desired = record.wanted
    status.warm = record.warm
    var conditions = conditions
    let isWarm = record.warm == record.wanted
    conditions.set(
      "Warm", APICondition.Status(isWarm),
      reason: !isWarm ? "ImagesMissing" : record.wanted == 0 ? "NothingWanted" : "AllImagesWarm",
      message: "\(record.warm) of \(record.wanted) images are there", observedGeneration: nil, at: now)
    status.conditions = conditions
    status.verifiedAt = record.verifiedAt?.timestamp
    status.firstWarmAt = record.warmedAt?.timestamp
    status.gates = record.gates.isEmpty ? nil : record.gates.map(Gate.init)
    status.images = record.images.map(Image.init)
    self.status = status
  }

  /// Of the WarmNode of a node.
  static func metadata(of node: String, uid: String) -> ObjectMeta {
    var metadata = ObjectMeta(
      name: node, labels: [RunObjects.Key.name: "prepull", RunObjects.Key.managedBy: "prepull"])
    metadata.ownerReferences = [
      OwnerReference(apiVersion: Node.apiVersion, kind: Node.kind, name: node, uid: uid)
    ]
    return metadata
  }

  /// What is applied to the object itself, as far as an object that was read has it.
  var comparableHead: WarmNode {
    var metadata = ObjectMeta(name: metadata.name, labels: metadata.labels)
    metadata.ownerReferences = self.metadata.ownerReferences
    var head = WarmNode(metadata: metadata)
    head.spec = spec
    // Not ours.
    head.spec?.watchedUntil = nil
    if head.spec?.images == nil { head.spec = nil }
    return head
  }

  /// Who manages the fields that the controller writes.
  static let fieldManager = "prepull-controller"

  /// What is applied to the object itself: whose node it is, and what its agent shall do.
  var head: WarmNode {
    var head = WarmNode(metadata: metadata)
    head.spec = spec
    return head
  }

  /// What is applied to its status.
  ///
  /// - Parameter resourceVersion: makes it fail when somebody else changed the object.
  func statusPart(over resourceVersion: String?) -> WarmNode {
    var part = WarmNode(metadata: ObjectMeta(name: metadata.name))
    part.metadata.resourceVersion = resourceVersion
    part.status = status
    return part
  }

  /// What it remembers; nil when it says not of which machine.
  var record: NodeRecord? {
    guard let name = metadata.name,
      let uid = status?.nodeUID ?? metadata.ownerReferences?.first(where: { $0.kind == Node.kind })?.uid
    else { return nil }
    let status = status ?? Status()
    var record = NodeRecord(node: name, uid: uid)
    record.ordered = (spec?.images ?? []).map(\.image)
    record.verifiedAt = Duration(timestamp: status.verifiedAt)
    record.warmedAt = Duration(timestamp: status.firstWarmAt)
    record.gates = (status.gates ?? []).compactMap(\.record)
    record.images = (status.images ?? []).map(\.record)
    return record
  }
}

extension WarmNode.Image {
  fileprivate init(_ image: NodeRecord.Image) {
    self.init(image: image.reference, state: WarmNode.ImageState(image.state))
    digest = image.held?.digest?.description
    warmSince = image.held?.since.timestamp
    // More digits would only show how floating point works.
    pullSeconds = image.held?.pullSeconds.map { ($0 * 1000).rounded() / 1000 }
    if let access = image.held?.access, access != [.anonymous] { pulledWith = access.map(WarmNode.Access.init) }
    wantedBy = image.wantedBy.isEmpty ? nil : image.wantedBy
    failures = image.failures.isEmpty ? nil : image.failures.map(WarmNode.Failure.init)
  }

  fileprivate var record: NodeRecord.Image {
    var record = NodeRecord.Image(
      reference: image, state: NodeRecord.State(rawValue: state.rawValue.lowercased()) ?? .pending,
      wantedBy: wantedBy ?? [])
    if let since = Duration(timestamp: warmSince) {
      record.held = NodeRecord.Held(
        digest: digest.flatMap { try? Digest(parsing: $0) }, since: since, pullSeconds: pullSeconds,
        access: pulledWith?.map(\.access).sorted() ?? [.anonymous])
    }
    record.failures = (failures ?? []).map(\.record)
    return record
  }
}

extension WarmNode.Access {
  fileprivate init(_ access: PullAccess) {
    self.init(namespace: access.secrets.isEmpty ? nil : access.namespace, secrets: access.secrets)
  }

  fileprivate var access: PullAccess { PullAccess(namespace: namespace ?? "", secrets: secrets) }
}

extension WarmNode.ImageState {
  fileprivate init(_ state: NodeRecord.State) {
    switch state {
    case .warm: self = .warm
    case .stale: self = .stale
    case .pending: self = .pending
    case .failed: self = .failed
    case .unsupported: self = .unsupported
    }
  }
}

extension WarmNode.Failure {
  fileprivate init(_ failure: NodeRecord.Failure) {
    self.init(
      prepull: failure.prepull, reason: failure.failure.reason, message: failure.failure.message,
      tries: failure.tries, retryAfter: failure.retryAt?.timestamp)
  }

  fileprivate var record: NodeRecord.Failure {
    let code = reason.prefix(1).lowercased() + reason.dropFirst()
    return NodeRecord.Failure(
      prepull: prepull, failure: WarmFailure(code: code, detail: message, remedy: ""),
      nature: KubeletMessage.nature(of: code), tries: tries, retryAt: Duration(timestamp: retryAfter))
  }
}

extension WarmNode.Gate {
  fileprivate init(_ gate: NodeRecord.Gate) {
    self.init(startupTaint: gate.taint, since: gate.since.timestamp)
    openedAt = gate.openedAt?.timestamp
    reason = gate.openedAt == nil ? Self.closed : gate.reason?.rawValue
  }

  private static let closed = "Closed"

  fileprivate var record: NodeRecord.Gate? {
    guard let since = Duration(timestamp: since) else { return nil }
    return NodeRecord.Gate(
      taint: startupTaint, since: since, openedAt: Duration(timestamp: openedAt),
      reason: reason.flatMap(GateOpening.Reason.init))
  }
}

extension WarmFailure {
  /// The code as conditions have it: `NotFound`.
  var reason: String { code.prefix(1).uppercased() + code.dropFirst() }

  /// What happened and what to do, in one line.
  var message: String {
    let end = detail.hasSuffix(".") || remedy.isEmpty ? "" : "."
    return remedy.isEmpty ? detail : "\(detail)\(end) \(remedy)"
  }
}
