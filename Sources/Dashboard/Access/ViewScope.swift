import Kubernetes
import PrepullAPI

/// What somebody may see of a cluster. Who may not list nodes sees nothing, as every row of the page is a node.
///
/// The one place where what people see is narrowed: objects that a scope does not admit never reach the board that is
/// made for it, so nothing that is told of that board can name or count them.
struct ViewScope: Hashable, Sendable {
  /// In which namespaces a kind may be listed.
  enum Reach: Hashable, Sendable {
    case all
    case namespaces(Set<String>)

    func covers(_ namespace: String?) -> Bool {
      switch self {
      case .all: true
      case .namespaces(let names): namespace.map(names.contains) ?? false
      }
    }
  }

  var nodes = false
  var warmNodes = false
  var prepulls = Reach.namespaces([])
  var daemonSets = Reach.namespaces([])
  var pods = Reach.namespaces([])
  var events = Reach.namespaces([])

  /// The object, or as much of it as may be seen.
  func admitted(_ node: Node) -> Node? { nodes ? node : nil }

  func admitted(_ prepull: Prepull) -> Prepull? {
    nodes && prepulls.covers(prepull.metadata.namespace) ? prepull : nil
  }

  func admitted(_ set: DaemonSet) -> DaemonSet? { nodes && daemonSets.covers(set.metadata.namespace) ? set : nil }

  func admitted(_ pod: Pod) -> Pod? { nodes && pods.covers(pod.metadata.namespace) ? pod : nil }

  func admitted(_ event: Event) -> Event? { nodes && events.covers(event.metadata.namespace) ? event : nil }

  /// Who may list WarmNodes and the Prepulls of some namespaces sees of each what those Prepulls want there.
  func admitted(_ record: WarmNode) -> WarmNode? {
    guard nodes, warmNodes else { return nil }
    return prepulls == .all ? record : record.narrowed { prepulls.covers($0) }
  }

  /// What is left out of the page, a line each.
  var notes: [(about: String, text: String)] {
    var notes: [(about: String, text: String)] = []
    if !warmNodes {
      notes.append(
        (
          "scope warmnodes",
          "What nodes hold is not shown: you may not list warmnodes.prepull.dev. The ClusterRole \(Self.role) lets "
            + "people do so."
        ))
    }
    if case .namespaces(let names) = prepulls {
      let shown = names.sorted().prefix(8).joined(separator: ", ") + (names.count > 8 ? " and others" : "")
      notes.append(
        (
          "scope prepulls",
          names.isEmpty
            ? "No Prepulls are shown: you may list prepulls.prepull.dev in no namespace that has any."
            : "Only what is wanted in \(shown) is shown: you may list no other Prepulls."
        ))
    }
    return notes
  }

  /// The ClusterRole that lets people see the rows: `prepull install --dashboard` prints it, and binds it to nobody.
  static let role = "prepull-dashboard-viewer"
}

extension WarmNode {
  /// Without all that Prepulls of other namespaces want, and without what is told of all of them together.
  ///
  /// - Parameter isSeen: whether Prepulls of a namespace may be seen.
  func narrowed(_ isSeen: (String) -> Bool) -> WarmNode {
    func hasSeen(_ plan: String) -> Bool { plan.split(separator: "/").first.map { isSeen(String($0)) } ?? false }
    var record = self
    record.spec = spec?.narrowed(hasSeen)
    guard var status else { return record }
    (status.desired, status.warm, status.conditions) = (nil, nil, nil)
    let isWhole = (status.images ?? []).allSatisfy { image in
      image.wantedBy?.isEmpty == false && image.wantedBy?.allSatisfy(hasSeen) == true && image.pulledWith == nil
        && image.failures?.allSatisfy { hasSeen($0.prepull) } ?? true
    }
    // What is all seen is one copy for all views, of which a large cluster has megabytes.
    if !isWhole {
      status.images = status.images?.compactMap { image in
        var image = image
        image.wantedBy = image.wantedBy?.filter(hasSeen)
        guard image.wantedBy?.isEmpty == false else { return nil }
        image.failures = image.failures?.filter { hasSeen($0.prepull) }
        image.pulledWith = nil
        return image
      }
    }
    let seen = Set((status.images ?? []).map(\.image))
      .union((spec?.images ?? []).filter { $0.prepulls.contains(where: hasSeen) }.map(\.image))
    if var agent = status.agent {
      agent.images = agent.images?.filter { seen.contains($0.image) }.map { held in
        var held = held
        held.order = held.order.flatMap { hasSeen($0) ? $0 : nil }
        return held
      }
      (agent.conditions, agent.pins) = (nil, nil)
      status.agent = agent
    }
    record.status = status
    return record
  }
}

extension WarmNode.Spec {
  /// What Prepulls that may be seen want, and the orders of these; nil for nothing.
  ///
  /// - Parameter isSeen: whether a Prepull, or an order, which begin alike, may be seen.
  func narrowed(_ isSeen: (String) -> Bool) -> WarmNode.Spec? {
    var spec = WarmNode.Spec()
    spec.images = (images ?? []).compactMap { wish in
      var seen = WarmNode.Wish(image: wish.image, prepulls: wish.prepulls.filter(isSeen))
      seen.order = wish.order.flatMap { isSeen($0) ? $0 : nil }
      return seen.prepulls.isEmpty ? nil : seen
    }
    return spec.images?.isEmpty == false ? spec : nil
  }
}
