import ImageModel
import KubeAPIServer
import TestKit
import Documents
import Logging
import Testing

@testable import VirtualCluster

/// A sandbox of the tests: quick, without TLS, its errors silent.
enum Cluster {
  static var logger: Logger {
    var logger = Logger(label: "sandbox")
    logger.logLevel = .critical
    return logger
  }

  static func options(_ nodes: [NodeTemplate] = NodeTemplate.numbered(3), speed: Double = 50) -> SandboxOptions {
    var options = SandboxOptions(nodes: nodes)
    options.speed = speed
    options.tls = false
    return options
  }

  static func with<R>(
    _ options: SandboxOptions = options(), _ body: (Sandbox) async throws -> R
  ) async throws -> R {
    try await withSandbox(options, logger: logger, body)
  }
}

extension Sandbox {
  /// Stores a pod whose containers run `touch`, one per image; `node` bypasses the scheduler.
  @discardableResult
  func run(
    _ name: String, _ images: [String], program: [String] = ["/prepull/touch"], node: String? = nil,
    policy: String? = nil, edit: (inout JSON) -> Void = { _ in }
  ) throws -> String {
    var pod: JSON = [
      "metadata": ["name": .string(name), "namespace": "default"],
      "spec": [
        "restartPolicy": "OnFailure",
        "containers": .array(
          images.enumerated().map { number, image in
            var container: JSON = [
              "name": .string("c\(number)"), "image": .string(image), "command": .array(program.map(JSON.string)),
            ]
            if let policy { container["imagePullPolicy"] = .string(policy) }
            return container
          }),
      ],
    ]
    if let node { pod[path: "spec", "nodeName"] = .string(node) }
    edit(&pod)
    try store.create(pod, as: .pods)
    return name
  }

  func pod(_ name: String) -> JSON? { store.get(.pods, namespace: "default", name: name) }

  func pod(_ name: String, when what: String, _ condition: (JSON) -> Bool) async throws -> JSON {
    do {
      return try await eventually("\(name) \(what)") { pod(name).flatMap { condition($0) ? $0 : .none } }
    } catch {
      Issue.record("it is \(pod(name)?["status"]?.text ?? "gone")")
      throw error
    }
  }

  func pod(_ name: String, in phase: String) async throws -> JSON {
    try await pod(name, when: "to be \(phase)") { $0.phase == phase }
  }

  func podIsGone(_ name: String) async throws {
    _ = try await eventually("\(name) to go") { pod(name) == nil ? true : nil }
  }

  /// Reasons and messages of the events on an object, oldest first as far as seconds tell.
  func events(_ name: String) -> [(reason: String, message: String, container: String)] {
    store.list(.events).items.filter { $0[path: "involvedObject", "name"]?.string == name }.map {
      (
        $0["reason"]?.string ?? "", $0["message"]?.string ?? "",
        $0[path: "involvedObject", "fieldPath"]?.string ?? ""
      )
    }
  }

  func reasons(_ name: String) -> Set<String> { Set(events(name).map(\.reason)) }
  func messages(_ name: String) -> Set<String> { Set(events(name).map(\.message)) }
}

/// Levers that only these tests pull.
extension Sandbox {
  /// Fails a pod as a kubelet does that is short of something.
  func evictPod(_ name: String, namespace: String = "default") throws {
    guard let pod = store.get(.pods, namespace: namespace, name: name) else { throw StatusError.notFound(.pods, name) }
    fleet.evict(pod.uid, message: "The node was low on resource: memory. Threshold quantity: 100Mi, available: 60Mi. ")
  }

  /// Puts an image on a node past its kubelet, as an agent or `ctr` does it: it has no pull record, and is open to every
  /// pod.
  func preload(_ reference: String, on name: String) async throws {
    let kubelet = try #require(fleet.kubelet(name))
    _ = try await kubelet.images.preload(try Reference(parsing: reference), credential: nil)
    await kubelet.imagesChanged()
  }
}

extension JSON {
  /// The status of a pod's container.
  func container(_ name: String) -> JSON? {
    ((self[path: "status", "containerStatuses"]?.array ?? [])
      + (self[path: "status", "initContainerStatuses"]?.array ?? [])).first { $0["name"]?.string == name }
  }

  func waiting(_ name: String) -> String? { container(name)?[path: "state", "waiting", "reason"]?.string }
  func waitingMessage(_ name: String) -> String? { container(name)?[path: "state", "waiting", "message"]?.string }
  func terminated(_ name: String) -> JSON? { container(name)?[path: "state", "terminated"] }
}
