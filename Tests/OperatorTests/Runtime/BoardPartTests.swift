import Warming
@testable import Operator
@testable import PrepullAPI
import Documents
import ImageModel
import Kubernetes
import Testing

@Suite("Parts of the operator's board", .timeLimit(.minutes(10)))
struct BoardPartTests {
  private let id = PrepullID(namespace: "team", name: "web", uid: "u-1")

  // MARK: Queues

  @Test("What is due first comes first, and a key is due once, at its earliest time")
  func dueQueue() {
    var queue = DueQueue<String>()
    for (key, time) in [("c", 3), ("a", 1), ("b", 2), ("a", 9), ("c", 1)] { queue.add(key, at: .seconds(time)) }
    queue.remove("b")
    #expect(queue.count == 2)
    #expect(queue.next(at: .zero) == nil)
    #expect(queue.next(at: .seconds(5)) == "a")
    #expect(queue.next(at: .seconds(5)) == "c")
    #expect(queue.next(at: .seconds(50)) == nil)
  }

  @Test("A key is never written twice at a time, and what changes meanwhile is written after")
  func writesOnce() {
    var queue = WriteQueue()
    queue.want(.status("x"), at: .zero)
    #expect(queue.next(at: .zero) == .status("x"))
    queue.begin(.status("x"))
    queue.want(.status("x"), at: .zero)
    #expect(queue.next(at: .seconds(1)) == nil)
    queue.succeeded(.status("x"))
    #expect(queue.next(at: .seconds(1)) == .status("x"))
  }

  @Test("A failed write waits longer each time, and as long as the server asks for")
  func writesBackOff() {
    var queue = WriteQueue()
    var now = Duration.zero
    queue.want(.record("n"), at: now)
    var waits: [Duration] = []
    for _ in 1...4 {
      #expect(queue.next(at: now) == .record("n"))
      queue.begin(.record("n"))
      queue.failed(.record("n"), retryAfter: nil, random: 1, at: now)
      let start = now
      while queue.next(at: now) == nil { now += .milliseconds(100) }
      queue.want(.record("n"), at: now)
      waits.append(now - start)
    }
    #expect(waits == waits.sorted() && waits[3] >= waits[0] * 7)
    #expect(queue.next(at: now) == .record("n"))
    queue.begin(.record("n"))
    queue.failed(.record("n"), retryAfter: .seconds(100), random: 0, at: now)
    #expect(queue.next(at: now + .seconds(99)) == nil)
    #expect(queue.next(at: now + .seconds(100)) == .record("n"))
  }

  @Test("What presses has places of its own")
  func writePlaces() {
    var queue = WriteQueue(places: 2)
    for number in 1...5 { queue.want(.record("\(number)"), at: .zero) }
    var begun = 0
    while let key = queue.next(at: .zero) {
      queue.begin(key)
      begun += 1
    }
    #expect(begun == 2)
    queue.want(.gate(node: "n", taint: "t"), at: .zero)
    #expect(queue.next(at: .zero) == .gate(node: "n", taint: "t"))
  }

  // MARK: Objects

  @Test("A gate's patch takes all taints of its key and no other, and tests what it takes")
  func gatePatch() throws {
    let taints = [
      Taint(key: "a", effect: "NoSchedule"), Taint(key: "gate", effect: "NoSchedule"),
      Taint(key: "gate", effect: "NoExecute"),
    ]
    let patch = try #require(GatePatch.removal(of: "gate", from: taints, nodeUID: "u"))
    guard case .json(let operations) = patch else {
      Issue.record("it is no JSON patch")
      return
    }
    #expect(operations.first?["value"] == "u")
    #expect(
      operations.filter { $0["op"] == "remove" }.compactMap { $0["path"]?.string }
        == ["/spec/taints/2", "/spec/taints/1"])
    #expect(GatePatch.removal(of: "b", from: taints, nodeUID: "u") == nil)
  }

  @Test("A record comes back from its WarmNode as it was")
  func recordRoundTrip() throws {
    var record = NodeRecord(node: "n", uid: "u")
    let digest = try Digest(parsing: "sha256:" + String(repeating: "a", count: 64))
    record.verifiedAt = .milliseconds(1_700_000_100_000)
    record.warmedAt = .milliseconds(1_700_000_060_000)
    record.gates = [NodeRecord.Gate(taint: "t", since: .milliseconds(1_700_000_000_000))]
    record.images = [
      NodeRecord.Image(
        reference: "a:1", state: .warm, wantedBy: ["team/web"],
        held: NodeRecord.Held(
          digest: digest, since: .milliseconds(1_700_000_050_000), pullSeconds: 2.5,
          access: [.anonymous, PullAccess(namespace: "team", secrets: ["b", "a"])])),
      NodeRecord.Image(
        reference: "b:1", state: .failed, wantedBy: ["team/web"],
        failures: [
          NodeRecord.Failure(
            prepull: "team/web", failure: WarmFailure(code: "notFound", detail: "no such tag. Look.", remedy: ""),
            nature: .final, tries: 3, retryAt: .milliseconds(1_700_000_200_000))
        ]),
    ]
    let node = WarmNode(record, architecture: "amd64", conditions: [], at: "2026-01-01T00:00:00Z")
    #expect(node.record == record)
    #expect(node.status?.warm == 1 && node.status?.desired == 2)
    #expect(node.status?.conditions?["Warm"]?.isTrue == false)
    let part = node.statusPart(over: "7")
    #expect(part.metadata.resourceVersion == "7" && part.metadata.labels == nil && part.status == node.status)
    #expect(node.head.status == nil && node.head.metadata.ownerReferences?.map(\.uid) == ["u"])
  }

  @Test("A pod that waits for its Prepull's ConfigMap is given up when the Prepull vanishes")
  func vanishes() throws {
    var spec = Prepull.Spec()
    spec.images = [Prepull.Image(image: "nginx:1.27")]
    var metadata = ObjectMeta(name: "web", namespace: "team")
    (metadata.uid, metadata.generation, metadata.finalizers) = ("u", 1, [PullerKey.cleanup])
    let prepull = Prepull(metadata: metadata, spec: spec)
    var node = NodeSketch(
      metadata: ObjectMeta(name: "n", labels: [:]), spec: nil,
      status: NodeSketch.Status(
        conditions: [Condition(type: "Ready", status: "True")],
        nodeInfo: NodeSketch.Status.Info(architecture: "amd64", operatingSystem: "linux", bootID: "b"),
        images: ListedImages()))
    node.metadata.uid = "n-uid"
    var board = FleetBoard(machine: FleetMachine(), metrics: ControllerMetrics())
    let start = Duration.seconds(1_700_000_000)
    for signal in [
      ControllerSignal.prepulls(.restarted([prepull])), .nodes(.restarted([node])), .pods(.restarted([])),
      .rememberedAll,
    ] { _ = board.take(signal, at: start) }
    // No registry answers: it goes on without.
    for second in 1...10 { _ = board.take(.tick, at: start + .seconds(second)) }
    #expect(board.machine.livePods.count == 1)
    _ = board.take(.prepulls(.deleted(prepull)), at: start + .seconds(11))
    #expect(board.machine.livePods.isEmpty)
  }

  @Test("The pod of the same work has the same name, and says what it is for")
  func pods() throws {
    var spec = Prepull.Spec()
    spec.images = [Prepull.Image(image: "nginx:1.27")]
    let objects = PullerObjects(id, try PrepullSettings(spec), bearing: ["example.com/cold"])
    let name = String(repeating: "n", count: 200)
    let pod = objects.pod(
      node: name, nodeUID: "nu", purpose: "Verify", machine: "arm64",
      images: [("nginx:1.27", .never), ("not a reference", .never)])
    #expect(pod.metadata.name == PullerNames(id).pod(node: name, nodeUID: "nu"))
    #expect(pod.metadata.name != PullerNames(id).pod(node: name, nodeUID: "other"))
    #expect(NamingRule.label.problem(in: pod.metadata.name ?? "") == nil)
    #expect(pod.pullerID == FleetPod.ID(prepull: id, node: name, nodeUID: "nu"))
    let terms = pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms
    #expect(terms?.first?.matchFields?.first?.values == [name])
    #expect(pod.spec.restartPolicy == "OnFailure" && pod.spec.activeDeadlineSeconds != nil)
    #expect(pod.spec.tolerations?.contains { $0.key == "example.com/cold" } ?? false)
    #expect(pod.spec.tolerations?.contains { $0.key == "node.kubernetes.io/not-ready" && $0.effect == nil } ?? false)
    #expect(pod.spec.containers.allSatisfy { NamingRule.label.problem(in: $0.name) == nil })
    #expect(NamingRule.subdomain.problem(in: PullerNames(id).configMap) == nil)
  }

  @Test("Puller pods take labels, annotations, requests and limits from the spec, then from what holds for all")
  func podTemplate() throws {
    var spec = Prepull.Spec()
    spec.images = [Prepull.Image(image: "nginx:1.27")]
    var template = Prepull.PodTemplate()
    template.labels = ["team": "web", PullerKey.prepull: "mine"]
    template.annotations = ["sidecar.istio.io/inject": "false"]
    var resources = Prepull.Resources()
    resources.limits = ["memory": .string("64Mi"), "cpu": .int(1)]
    template.resources = resources
    spec.podTemplate = template
    let objects = PullerObjects(
      id, try PrepullSettings(spec), bearing: [],
      defaults: PodTemplateOptions(labels: ["team": "all", "cost": "c"], requests: ["cpu": "5m"]))
    let pod = objects.pod(
      node: "n", nodeUID: "nu", purpose: "Pull", machine: "amd64", secrets: ["regcred"],
      images: [("nginx:1.27", .ifNotPresent)])
    #expect(pod.metadata.labels?["team"] == "web" && pod.metadata.labels?["cost"] == "c")
    // What we find our pods by stays.
    #expect(pod.metadata.labels?[PullerKey.prepull] == "u-1")
    #expect(pod.metadata.annotations?["sidecar.istio.io/inject"] == "false")
    #expect(pod.spec.imagePullSecrets == [LocalObjectReference(name: "regcred")])
    #expect(pod.spec.containers[0].resources?.limits == ["memory": "64Mi", "cpu": "1"])
    #expect(pod.spec.containers[0].resources?.requests == ["cpu": "5m", "memory": "1Mi"])
  }

  @Test(
    "What quotas, LimitRanges and policies ask for is answered by a field of the spec",
    arguments: [
      (.quotaDemands, "spec.podTemplate.resources"), (.limitRange, "spec.podTemplate.resources"),
      (.webhookDenied, "spec.podTemplate"), (.invalid, "spec.podTemplate"),
    ] as [(APIError.Code, String)])
  func refusedPods(code: APIError.Code, field: String) {
    let error = APIError(
      code, verb: "create", resource: "pods", name: "p", isRetryable: false, detail: "must specify limits.cpu")
    guard case .final(let failure) = CreationFailure(error, of: .podTemplate) else {
      Issue.record("it is not final")
      return
    }
    #expect(failure.detail.contains("limits.cpu") && failure.remedy.contains(field))
  }

  // MARK: Reading

  @Test("Two containers that state the same hold the same; a name of other content says nothing by itself")
  func otherNames() throws {
    let digests = try ["a", "b", "c"].map { try Digest(parsing: "sha256:" + String(repeating: $0, count: 64)) }
    let resolution = ImageResolution(digest: digests[0], platforms: [], variants: [:])
    func reports(_ tag: String, _ pinned: String?) throws -> [FleetPod.Report] {
      var pod = Pod(
        metadata: ObjectMeta(name: "p"),
        spec: PodSpec(containers: [
          Container(name: "tag", image: "r.io/app:1"), Container(name: "digest", image: "r.io/app@\(digests[0])"),
        ]))
      let stated = [("tag", tag)] + (pinned.map { [("digest", $0)] } ?? [])
      let statuses = try stated.map { name, imageID in
        try JSON.object(["name": .string(name), "imageID": .string(imageID)]).decoded(as: ContainerStatus.self)
      }
      pod.status = PodStatus()
      pod.status?.containerStatuses = statuses
      var reader = PodReader()
      let fleetID = FleetPod.ID(prepull: id, node: "n", nodeUID: "nu")
      return FleetPod(fleetID, pod, reader.read(pod)) { _ in resolution }.images.map(\.report)
    }
    #expect(try reports("r.io/app@\(digests[0])", nil) == [.held(digests[0]), .waiting])
    #expect(try reports("r.io/app@\(digests[1])", nil) == [.held(digests[1]), .waiting])
    #expect(try reports("a.io/copy@\(digests[2])", nil) == [.unclear, .waiting])
    #expect(
      try reports("a.io/copy@\(digests[2])", "a.io/copy@\(digests[2])") == [.held(digests[0]), .held(digests[0])])
    #expect(try reports("a.io/copy@\(digests[2])", "r.io/app@\(digests[0])") == [.unclear, .held(digests[0])])
  }

  @Test("What a pod says of itself is what the fleet knows of it")
  func readings() throws {
    var pod = Pod(
      metadata: ObjectMeta(name: "p", annotations: [PullerKey.purpose: "Verify"]),
      spec: PodSpec(containers: [Container(name: "a", image: "r.io/app:1"), Container(name: "b", image: "r.io/b:1")]))
    pod.metadata.uid = "pu"
    pod.metadata.creationTimestamp = "1970-01-01T00:00:07Z"
    pod.spec.containers[0].imagePullPolicy = .never
    pod.status = PodStatus()
    pod.status?.phase = "Running"
    pod.status?.conditions = [Condition(type: "PodScheduled", status: "False", message: "no room")]
    pod.status?.containerStatuses = [
      try JSON.object(["name": "a", "state": ["waiting": ["reason": "ErrImageNeverPull"]]]).decoded(),
      try JSON.object(["name": "b", "imageID": "no-digest"]).decoded(),
    ]
    var reader = PodReader()
    let fleetID = FleetPod.ID(prepull: id, node: "n", nodeUID: "nu")
    let read = FleetPod(fleetID, pod, reader.read(pod)) { _ in nil }
    #expect(read.id == fleetID && read.uid == "pu" && read.purpose == .verify && read.createdAt == .seconds(7))
    #expect(!read.isScheduled && read.unschedulable == "no room" && read.phase == .running && !read.isBeingDeleted)
    #expect(read.images.map(\.policy) == [.never, .ifNotPresent] && read.images[1].report == .held(nil))
    guard case .failing(let failure, .local, count: 1) = read.images[0].report else {
      Issue.record("\(read.images[0].report)")
      return
    }
    #expect(failure.code == "neverPull")
    #expect(
      FleetPod(fleetID, Pod(metadata: ObjectMeta(name: "p"), spec: pod.spec), reader.read(pod)) { _ in nil }.purpose
        == .pull)
  }

  @Test("Images that admission renames, and containers that it adds, hide nothing of what a pod was made for")
  func renamed() throws {
    var spec = Prepull.Spec()
    spec.images = [Prepull.Image(image: "r.io/a:1"), Prepull.Image(image: "r.io/b:1")]
    let objects = PullerObjects(id, try PrepullSettings(spec), bearing: [])
    var pod = objects.pod(
      node: "n", nodeUID: "nu", purpose: "Pull", machine: "amd64",
      images: [("r.io/a:1", .ifNotPresent), ("r.io/b:1", .ifNotPresent)])
    for index in pod.spec.containers.indices {
      pod.spec.containers[index].image = "mirror.io/\(pod.spec.containers[index].image)"
    }
    pod.spec.containers.insert(Container(name: "istio-proxy", image: "r.io/proxy:1"), at: 0)
    var reader = PodReader(references: pod.madeFor)
    #expect(reader.read(pod).images.map(\.reference) == ["r.io/a:1", "r.io/b:1"])
    // A pod of an earlier version says nothing: what it names counts.
    pod.metadata.annotations?[PullerKey.images] = nil
    #expect(pod.madeFor == nil)
  }

  // MARK: Status

  private func report(
    _ summary: FleetSummary, generation: Int, last: Prepull.Status?, at now: String,
    _ change: (inout Prepull.Spec) -> Void = { _ in }
  ) -> Prepull.Status {
    var spec = Prepull.Spec()
    spec.images = [Prepull.Image(image: "nginx:1.27")]
    change(&spec)
    var metadata = ObjectMeta(name: "web", namespace: "team")
    metadata.generation = generation
    var entry = PrepullEntry(Prepull(metadata: metadata, spec: spec))
    entry.settings = try? PrepullSettings(spec)
    entry.images = [("nginx:1.27", ["spec"])]
    return PrepullReport(entry: entry, last: last, summary: summary, answers: { _ in nil }, now: now).status
  }

  @Test("The same state gives the same status, and a condition's time changes with its status only")
  func stableStatus() {
    var summary = FleetSummary(generation: 1)
    summary.nodes.warm = 2
    summary.nodes.pulling = 1
    let first = report(summary, generation: 1, last: nil, at: "2026-01-01T00:00:00Z")
    #expect(report(summary, generation: 1, last: first, at: "2026-01-01T00:01:00Z") == first)
    #expect(first.conditions?["Ready"]?.isTrue == false)
    #expect(first.nodes?.warm == 2 && first.nodes?.desired == 3)
    summary.nodes.warm = 3
    summary.nodes.pulling = 0
    let second = report(summary, generation: 1, last: first, at: "2026-01-01T00:02:00Z")
    #expect(second.conditions?["Ready"]?.lastTransitionTime == "2026-01-01T00:02:00Z")
    #expect(second.conditions?["Degraded"]?.lastTransitionTime == "2026-01-01T00:00:00Z")
  }

  @Test("Without nodes nothing is ready, and what is done once has failed")
  func emptyStatus() {
    let summary = FleetSummary(generation: 1)
    let kept = report(summary, generation: 1, last: nil, at: "2026-01-01T00:00:00Z").conditions
    #expect(kept?["Ready"]?.isTrue == false && kept?["Ready"]?.reason == "NoNodes")
    #expect(kept?["Degraded"]?.isTrue == false)
    let once = report(summary, generation: 1, last: nil, at: "2026-01-01T00:00:00Z") { $0.mode = "Once" }.conditions
    #expect(once?["Ready"]?.isTrue == false && once?["Ready"]?.reason == "NoNodes")
    #expect(once?["Degraded"]?.isTrue == true)
  }

  @Test("Nodes that cannot be reached do not hold Ready up, and its message names them")
  func unreachableNodes() {
    var summary = FleetSummary(generation: 1)
    summary.nodes.warm = 3
    summary.nodes.unreachable = 2
    summary.unreachableExamples = ["n4 (cordoned)", "n5 (not ready)"]
    let status = report(summary, generation: 1, last: nil, at: "2026-01-01T00:00:00Z")
    let ready = status.conditions?["Ready"]
    #expect(ready?.isTrue == true && status.nodes?.unreachable == 2 && status.nodes?.desired == 5)
    #expect(ready?.message == "3 of 5 nodes are warm; 2 cannot be reached: n4 (cordoned), n5 (not ready)")
    summary.nodes.warm = 0
    let none = report(summary, generation: 1, last: nil, at: "2026-01-01T00:00:00Z").conditions?["Ready"]
    #expect(none?.isTrue == false && none?.reason == "NodesUnreachable")
  }

  @Test("A pod of others that nodes are left to is named")
  func yielding() {
    var summary = FleetSummary(generation: 1)
    summary.nodes.pending = 2
    summary.blocked = [.busy: 2]
    summary.yieldsTo = "web/front-1 on n1"
    let message = report(summary, generation: 1, last: nil, at: "2026-01-01T00:00:00Z").conditions?["Progressing"]?
      .message
    #expect(
      message == "nodes pulling: 0, pending: 2; 2 yield to pods of others that pull their images there: "
        + "web/front-1 on n1")
  }

  @Test("What nodes wait for where seeds go first is said before all else")
  func seeding() {
    var summary = FleetSummary(generation: 1)
    summary.nodes.pulling = 4
    summary.nodes.pending = 40
    summary.blocked = [.seeds: 38, .noRoom: 2]
    summary.seedWait = SeedWait(nodes: 38, reference: "web:2.0", holders: 2, pulling: 4)
    let condition = report(summary, generation: 1, last: nil, at: "2026-01-01T00:00:00Z").conditions?["Progressing"]
    #expect(condition?.reason == "Seeding")
    #expect(
      condition?.message
        == "38 nodes wait for seeds: web:2.0 is on 2 nodes, and 4 pull it; nodes pulling: 4, pending: 40; "
        + "2 have no room for a pod")
  }

  @Test("What is refused, paused and full of failures says so, with what to do")
  func troubledStatus() {
    var summary = FleetSummary(generation: 1)
    summary.nodes.failed = 3
    summary.isPaused = true
    var image = FleetSummary.Image(reference: "nginx:1.27")
    image.refusal = WarmFailure(code: "notFound", detail: "no such tag", remedy: "Check the tag.")
    summary.images = [image]
    let status = report(summary, generation: 1, last: nil, at: "2026-01-01T00:00:00Z")
    #expect(status.conditions?["Degraded"]?.reason == "ImageNotFound")
    #expect(status.conditions?["Degraded"]?.message == "nginx:1.27: no such tag. Check the tag.")
    #expect(status.conditions?["Progressing"]?.reason == "MaxFailuresReached")
    #expect(status.conditions?["Ready"]?.reason == "NodesFailed")
    #expect(status.images?.first?.reason == "NotFound")
  }
}
