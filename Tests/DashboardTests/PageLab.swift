import Documents
import Kubernetes
import Logging
import PrepullAPI
import Synchronization
import TestKit
import Warming

@testable import Dashboard

/// The page of a board that a test fills, served as `prepull dashboard` serves it.
struct PageLab: Sendable {
  let live: LiveMatrix
  /// Works once.
  let address: String
  let port: Int

  static func with<R: Sendable>(
    _ board: MatrixBoard, gate: PageGate = PageGate(), port: Int = 0, cost: CostReading? = nil,
    _ body: @escaping @Sendable (PageLab) async throws -> R
  ) async throws -> R {
    let live = LiveMatrix(board, waitingFor: [])
    await live.tick()
    var options = DashboardServer.Options(context: "lab")
    options.port = port
    let logger = Logger(label: "lab") { _ in SwiftLogNoOpLogHandler() }
    let server = DashboardServer(options, gate, live, cost: cost, logger: logger) {
      while (try? await Task.sleep(for: .milliseconds(50))) != nil { await live.tick() }
      await live.close()
    }
    let (addresses, continuation) = AsyncStream<String>.makeStream()
    return try await withThrowingTaskGroup(of: R?.self) { group in
      group.addTask {
        try await server.run { continuation.yield($0) }
        return nil
      }
      group.addTask {
        for await address in addresses { return try await body(PageLab(live: live, address: address, port: gate.port)) }
        return nil
      }
      defer { group.cancelAll() }
      while let result = try await group.next() { if let result { return result } }
      throw Browser.Failure(description: "the server ended")
    }
  }
}

/// Boards that tests begin with.
enum Boards {
  static func node(_ name: String, zone: String = "a", taint: String? = nil) -> Node {
    var node = Node(
      metadata: ObjectMeta(
        name: name,
        labels: [
          "topology.kubernetes.io/zone": zone, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64",
        ]))
    node.metadata.uid = name
    node.metadata.resourceVersion = "1"
    node.metadata.creationTimestamp = "2026-11-01T10:00:00Z"
    var status = Node.Status()
    status.conditions = [Condition(type: "Ready", status: "True")]
    node.status = status
    if let taint {
      var spec = Node.Spec()
      spec.taints = [Taint(key: taint, effect: "NoSchedule")]
      node.spec = spec
    }
    return node
  }

  static func record(_ name: String, _ images: [(String, WarmNode.ImageState)], version: Int = 1) -> WarmNode {
    var record = WarmNode(metadata: ObjectMeta(name: name))
    record.metadata.uid = name
    record.metadata.resourceVersion = "\(version)"
    var status = WarmNode.Status()
    status.images = images.map { text, state in
      var image = WarmNode.Image(image: text, state: state)
      image.wantedBy = ["shop/web"]
      if state == .warm {
        image.digest = "sha256:" + String(repeating: "ab", count: 32)
        image.warmSince = "2026-11-02T10:00:00Z"
        image.pullSeconds = 3.5
      }
      if state == .failed {
        image.failures = [
          WarmNode.Failure(
            prepull: "shop/web", reason: "NoSpace", message: "no space left on device. Free space on it.", tries: 2)
        ]
      }
      return image
    }
    record.status = status
    return record
  }

  static func prepull(_ name: String, _ images: [String], labels: StringMap? = nil) -> Prepull {
    var spec = Prepull.Spec()
    spec.images = images.map { Prepull.Image(image: $0) }
    if let labels {
      var nodes = Prepull.Nodes()
      nodes.selector = LabelSelector(matchLabels: labels)
      spec.nodes = nodes
    }
    var prepull = Prepull(metadata: ObjectMeta(name: name, namespace: "shop"), spec: spec)
    prepull.metadata.uid = "uid-\(name)"
    prepull.metadata.resourceVersion = "1"
    return prepull
  }

  /// What the operator asks the agent of a node for, and what that says; nil for an image of which it says nothing yet.
  ///
  /// - Parameter given: when the order was given; without one the record has none.
  static func agentRecord(
    _ name: String, _ images: [(String, WarmNode.HeldState?)], given: Double?, of prepull: String = "web",
    seconds: Double? = nil, until end: String? = nil, version: Int = 1
  ) -> WarmNode {
    var record = record(name, images.map { ($0.0, $0.1 == .warm ? .warm : .pending) }, version: version)
    let id = PrepullID(namespace: "shop", name: prepull, uid: "uid-\(prepull)")
    let order = given.map { WarmNode.Order(of: id, at: .seconds($0)).description }
    var spec = WarmNode.Spec()
    spec.images = images.map { image, _ in
      var wish = WarmNode.Wish(image: image, prepulls: [id.key])
      wish.order = order
      return wish
    }
    record.spec = spec
    var agent = WarmNode.Agent()
    agent.version = "1.0"
    agent.images = images.compactMap { image, state in
      guard let state else { return nil }
      var held = WarmNode.Held(image: image, state: state)
      (held.order, held.warmSince, held.pullSeconds) = (order, state == .warm ? end : nil, seconds)
      return held
    }
    record.status?.agent = agent
    return record
  }

  static let web = "registry.example/web:1"
  static let database = "registry.example/database:16"

  /// Nodes in two zones that want two images.
  static func small(nodes: Int = 4, _ states: [WarmNode.ImageState] = [.warm, .pending]) -> MatrixBoard {
    var board = MatrixBoard(context: "lab", server: "https://lab.example")
    board.take(.restarted((1...nodes).map { node("node-\($0)", zone: $0 % 2 == 0 ? "b" : "a") }))
    board.take(.restarted([prepull("web", [web, database])]))
    board.take(.restarted((1...nodes).map { record("node-\($0)", Array(zip([web, database], states))) }))
    return board
  }
}

extension MatrixBoard {
  /// For what does not ask when.
  mutating func take(_ event: WatchEvent<WarmNode>) { take(event, now: 0) }
}
