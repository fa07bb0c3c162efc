@testable import Warming
import Documents
import ImageModel
import Kubernetes
import Testing

@Suite("What one of our pods says", .timeLimit(.minutes(1)))
struct PodReaderTests {
  /// What a status says of a container.
  enum State: Sendable {
    /// Nothing at all.
    case absent
    case waiting(String)
    /// It waits, for no reason.
    case mute
    case running
    case ended
    /// The image is there, whatever the container waits for.
    case image(String, waiting: String? = nil)

    fileprivate func status(of container: String) throws -> ContainerStatus? {
      let members: [String: JSON]
      switch self {
      case .absent: return nil
      case .waiting(let reason): members = ["state": ["waiting": ["reason": .string(reason), "message": "it is so"]]]
      case .mute: members = ["state": ["waiting": [:]]]
      case .running: members = ["imageID": "", "state": ["running": [:]]]
      case .ended: members = ["state": ["terminated": ["exitCode": 137, "reason": "ContainerStatusUnknown"]]]
      case .image(let imageID, let reason):
        let waiting: JSON = reason.map { ["waiting": ["reason": .string($0)]] } ?? ["running": [:]]
        members = ["imageID": .string(imageID), "state": waiting]
      }
      return try JSON.object(members.merging(["name": .string(container)]) { first, _ in first }).decoded()
    }
  }

  /// What a reading says of an image, without texts.
  enum Expected: Hashable, Sendable {
    case waiting
    case present(stated: Bool)
    case failing(Int, code: String = "fault")

    init(_ report: PodReading.Report) {
      self =
        switch report {
        case .waiting: .waiting
        case .present(let identity): .present(stated: identity?.digest != nil)
        case .failing(let failures): .failing(failures.count, code: failures.failure.code)
        }
    }
  }

  private static let imageID = "r.io/a@sha256:" + String(repeating: "a", count: 64)

  private func pod(_ states: [String: State], images: [String: String] = [:]) throws -> Pod {
    let names = states.keys.sorted()
    var pod = Pod(
      metadata: ObjectMeta(name: "p"),
      spec: PodSpec(containers: names.map { Container(name: $0, image: images[$0] ?? "r.io/\($0):1") }))
    pod.status = PodStatus()
    pod.status?.containerStatuses = try names.compactMap { try states[$0]?.status(of: $0) }
    return pod
  }

  // MARK: Images

  @Test(
    "One image: its states one after the other, and what is known after the last",
    arguments: [
      // Nothing is known while the kubelet prepares or pulls.
      ([.absent], .waiting),
      ([.waiting("ContainerCreating")], .waiting),
      ([.waiting("PodInitializing")], .waiting),
      ([.mute], .waiting),
      // A container that runs or ended without an image is lost with its node, not proved.
      ([.running], .waiting),
      ([.ended], .waiting),
      // The image's name is the proof, whatever becomes of the container.
      ([.image(imageID)], .present(stated: true)),
      ([.image(imageID, waiting: "RunContainerError")], .present(stated: true)),
      ([.image("nonsense")], .present(stated: false)),
      ([.waiting("ErrImagePull"), .image(imageID)], .present(stated: true)),
      // Where the runtime names no image, only its container is at fault.
      ([.waiting("CreateContainerConfigError")], .present(stated: false)),
      ([.waiting("CreateContainerError")], .present(stated: false)),
      ([.waiting("RunContainerError")], .present(stated: false)),
      ([.waiting("CrashLoopBackOff")], .present(stated: false)),
      ([.waiting("ErrImagePull"), .waiting("CrashLoopBackOff")], .present(stated: false)),
      // Each kind of failure.
      ([.waiting("ErrImagePull")], .failing(1)),
      ([.waiting("InvalidImageName")], .failing(1, code: "invalidName")),
      ([.waiting("ErrImageNeverPull")], .failing(1, code: "neverPull")),
      ([.waiting("RegistryUnavailable")], .failing(1)),
      ([.waiting("SignatureValidationFailed")], .failing(1, code: "signature")),
      ([.waiting("ImageInspectError")], .failing(1)),
      // The same state told again is the same failure; the wait after it is none of its own.
      ([.waiting("ErrImagePull"), .waiting("ErrImagePull")], .failing(1)),
      ([.waiting("ErrImagePull"), .waiting("ImagePullBackOff")], .failing(1)),
      ([.waiting("ErrImagePull"), .waiting("ImagePullBackOff"), .waiting("ErrImagePull")], .failing(2)),
      ([.waiting("ErrImagePull"), .waiting("ErrImageNeverPull")], .failing(2, code: "neverPull")),
      // The failure before the first wait was missed; later ones cannot be told from the wait.
      ([.waiting("ImagePullBackOff")], .failing(1)),
      ([.waiting("ImagePullBackOff"), .waiting("ImagePullBackOff")], .failing(1)),
      ([.waiting("ImagePullBackOff"), .waiting("ErrImagePull")], .failing(2)),
      // A state between two failures makes two of them, also one without a reason: runs counted one there.
      ([.waiting("ErrImagePull"), .waiting("ContainerCreating"), .waiting("ErrImagePull")], .failing(2)),
      ([.waiting("ErrImagePull"), .mute, .waiting("ErrImagePull")], .failing(2)),
      ([.waiting("ErrImagePull"), .running, .waiting("ErrImagePull")], .failing(2)),
      // What failed is not forgotten by a status that says less.
      ([.waiting("ErrImagePull"), .waiting("ContainerCreating")], .failing(1)),
      ([.waiting("ErrImagePull"), .mute], .failing(1)),
      ([.waiting("ErrImagePull"), .absent], .failing(1)),
      ([.waiting("ErrImagePull"), .absent, .waiting("ErrImagePull")], .failing(1)),
      ([.waiting("SomethingNew")], .waiting),
    ] as [([State], Expected)])
  func images(states: [State], expected: Expected) throws {
    var reader = PodReader()
    var reports: [PodReading.Report] = []
    for state in states { reports = reader.read(try pod(["a": state])).images.map(\.report) }
    #expect(reports.map(Expected.init) == [expected])
  }

  @Test("Each container is read by itself, with what the pod asks for it")
  func several() throws {
    var reader = PodReader()
    var pod = try pod(["a": .waiting("ErrImagePull"), "b": .image(Self.imageID), "c": .absent])
    pod.spec.containers[0].imagePullPolicy = .always
    let images = reader.read(pod).images
    #expect(images.map { Expected($0.report) } == [.failing(1), .present(stated: true), .waiting])
    #expect(images.map(\.policy) == [.always, nil, nil])
    #expect(images.map(\.reference) == ["r.io/a:1", "r.io/b:1", "r.io/c:1"])
    #expect(reader.references == ["a": "r.io/a:1", "b": "r.io/b:1", "c": "r.io/c:1"])
  }

  @Test("An image whose name no one can read is told by it")
  func unreadable() throws {
    var reader = PodReader()
    let image = try #require(
      reader.read(try pod(["a": .waiting("InvalidImageName")], images: ["a": "A:B:C"])).images.first)
    #expect(image.reference == "A:B:C" && Expected(image.report) == .failing(1, code: "invalidName"))
  }

  @Test("Where it is known what the pod was made for, admission's containers and names count for nothing")
  func admission() throws {
    let pod = try pod(
      ["a": .image(Self.imageID), "sidecar": .waiting("ErrImagePull")], images: ["a": "mirror.io/r.io/a:1"])
    var ours = PodReader(references: ["a": "r.io/a:1", "b": "r.io/b:1"])
    #expect(ours.read(pod).images.map(\.reference) == ["r.io/a:1"])
    var whole = PodReader()
    #expect(whole.read(pod).images.map(\.reference) == ["mirror.io/r.io/a:1", "r.io/sidecar:1"])
  }

  // MARK: The pod

  @Test(
    "Phases",
    arguments: [
      (nil, nil, nil, .pending), ("Pending", nil, nil, .pending), ("Unknown", nil, nil, .pending),
      ("Running", nil, nil, .running), ("Succeeded", nil, nil, .succeeded),
      ("Failed", nil, nil, .failed(reason: "the pod failed")),
      ("Failed", "OutOfpods", nil, .failed(reason: "OutOfpods")),
      ("Failed", "Evicted", "The node was low on memory.", .failed(reason: "Evicted: The node was low on memory.")),
      ("Failed", nil, "no room", .failed(reason: "no room")),
    ] as [(String?, String?, String?, PodReading.Phase)])
  func phases(phase: String?, reason: String?, message: String?, expected: PodReading.Phase) throws {
    var pod = try pod(["a": .absent])
    pod.status?.phase = phase
    pod.status?.reason = reason
    pod.status?.message = message
    var reader = PodReader()
    #expect(reader.read(pod).phase == expected)
  }

  @Test("A pod without any status waits")
  func bare() throws {
    var pod = try pod(["a": .absent])
    pod.status = nil
    var reader = PodReader()
    let reading = reader.read(pod)
    #expect(reading.images.map { Expected($0.report) } == [.waiting])
    #expect(
      reading.phase == .pending && !reading.isScheduled && !reading.isBeingDeleted && reading.unschedulable == nil)
  }

  @Test(
    "The scheduler's word",
    arguments: [
      (Condition(type: "PodScheduled", status: "False", reason: "Unschedulable", message: "0/3 nodes"), "0/3 nodes"),
      (Condition(type: "PodScheduled", status: "False", reason: "Unschedulable"), "Unschedulable"),
      (Condition(type: "PodScheduled", status: "False"), "no reason is given"),
      (Condition(type: "PodScheduled", status: "True"), nil), (Condition(type: "Ready", status: "False"), nil),
    ] as [(Condition, String?)])
  func scheduling(condition: Condition, expected: String?) throws {
    var pod = try pod(["a": .absent])
    pod.status?.conditions = [Condition(type: "Initialized", status: "True"), condition]
    var reader = PodReader()
    #expect(reader.read(pod).unschedulable == expected)
    #expect(!reader.read(pod).isScheduled)
    pod.spec.nodeName = "n"
    #expect(reader.read(pod).isScheduled)
  }

  @Test("A pod that is being deleted says so, and all else as before")
  func deletion() throws {
    var pod = try pod(["a": .image(Self.imageID)])
    pod.metadata.deletionTimestamp = "2026-01-01T00:00:00Z"
    pod.status?.phase = "Running"
    var reader = PodReader()
    let reading = reader.read(pod)
    #expect(reading.isBeingDeleted && reading.phase == .running)
    #expect(reading.images.map { Expected($0.report) } == [.present(stated: true)])
  }

  // MARK: Events

  private func event(
    _ reason: String, _ message: String, container: String = "a", type: String = "Warning"
  ) throws -> PodEvent {
    var event = Event(
      metadata: ObjectMeta(name: "e"),
      involvedObject: Event.ObjectReference(kind: "Pod", name: "p", fieldPath: "spec.containers{\(container)}"))
    event.reason = reason
    event.message = message
    event.type = type
    return try #require(PodEvent(event))
  }

  private func failed(container: String = "a") throws -> PodEvent {
    let cause = #"failed to resolve reference "r.io/a:1": r.io/a:1: not found"#
    return try event(
      "Failed", #"Failed to pull image "r.io/a:1": rpc error: code = NotFound desc = "# + cause, container: container)
  }

  @Test("A failure that both status and event tell counts once, whichever comes first; one that one of them missed too")
  func events() throws {
    var reader = PodReader()
    _ = reader.read(try pod(["a": .waiting("ErrImagePull")]))
    #expect(reader.read(try failed())?.count == 1)
    #expect(reader.read(try failed())?.count == 2)
    _ = reader.read(try pod(["a": .waiting("ImagePullBackOff")]))
    let second = reader.read(try pod(["a": .waiting("ErrImagePull")])).images[0].report
    #expect(Expected(second) == .failing(2), "the second one of the status, which the events told before")

    var later = PodReader(references: ["a": "r.io/a:1"])
    let first = try #require(later.read(try failed()), "before the pod was seen")
    #expect(first.count == 1 && first.failure.code == "notFound" && first.nature == .final)
    let waiting = later.read(try pod(["a": .waiting("ImagePullBackOff")])).images[0].report
    #expect(Expected(waiting) == .failing(1, code: "notFound"), "the wait after it tells nothing new")
  }

  @Test("Events that tell of no failure of ours change nothing")
  func otherEvents() throws {
    var reader = PodReader(references: ["a": "r.io/a:1"])
    #expect(reader.read(try failed(container: "sidecar")) == nil)
    #expect(reader.read(try event("Pulling", #"Pulling image "r.io/a:1""#, type: "Normal")) == nil)
    #expect(reader.read(try event("FailedMount", "no volume")) == nil)
    #expect(Expected(reader.read(try pod(["a": .absent])).images[0].report) == .waiting)
  }
}
