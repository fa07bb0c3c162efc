@testable import Operator
@testable import Workloads
import Documents
import Kubernetes
import Testing

@Suite("Discovery: whose images are wanted why", .timeLimit(.minutes(10)))
struct WorkloadIndexTests {
  private let web = DiscoveryRequest(namespaces: ["web"])

  private func pod(
    _ name: String, _ image: String, container: String = "app", owner: (kind: String, name: String)? = nil,
    labels: StringMap = [:], annotations: StringMap = [:]
  ) throws -> WorkloadEntry {
    var metadata = ObjectMeta(name: name, namespace: "web", labels: labels, annotations: annotations)
    metadata.ownerReferences = owner.map {
      [OwnerReference(apiVersion: "v1", kind: $0.kind, name: $0.name, uid: "u", controller: true)]
    }
    let spec = WorkloadPod.Spec(containers: [.init(name: container, image: image)])
    return try #require(WorkloadEntry(WorkloadObject<PodShape>(metadata: metadata, spec: spec)))
  }

  private func template<Shape: WorkloadShape>(
    _ shape: Shape.Type, _ name: String, _ image: String, annotations: StringMap = [:], owner: String? = nil
  ) throws -> WorkloadEntry where Shape.Spec == TemplateSpec {
    var metadata = ObjectMeta(name: name, namespace: "web", annotations: annotations)
    metadata.ownerReferences = owner.map {
      [OwnerReference(apiVersion: "batch/v1", kind: "CronJob", name: $0, uid: "u", controller: true)]
    }
    let pod = WorkloadPod(spec: .init(containers: [.init(name: "app", image: image)]))
    return try #require(WorkloadEntry(WorkloadObject<Shape>(metadata: metadata, spec: TemplateSpec(template: pod))))
  }

  private func index(_ entries: WorkloadEntry...) -> WorkloadIndex {
    var index = WorkloadIndex()
    for entry in entries {
      let scope = WorkloadIndex.Scope(kind: entry.key.kind, namespace: entry.key.namespace)
      if !index.isListed(scope) { _ = index.apply(.listed([]), in: scope) }
      _ = index.apply(.put(entry), in: scope)
    }
    return index
  }

  @Test("A Deployment's pods are told of only where they run something else")
  func owners() throws {
    let owner = ("ReplicaSet", "front-6d4cf56db6")
    let labels: StringMap = ["pod-template-hash": "6d4cf56db6"]
    let index = index(
      try template(DeploymentShape.self, "front", "app:2"),
      try pod("front-6d4cf56db6-a", "app:2", owner: owner, labels: labels),
      try pod("front-6d4cf56db6-b", "app:1", owner: owner, labels: labels),
      try pod("front-6d4cf56db6-c", "proxy:1", container: "proxy", owner: owner, labels: labels),
      try pod("lone", "tool:1"))
    #expect(
      index.images(for: web) == [
        DiscoveredImage(reference: "app:1", wantedBy: ["pods of Deployment web/front (app)"]),
        DiscoveredImage(reference: "app:2", wantedBy: ["Deployment web/front (app)"]),
        DiscoveredImage(reference: "proxy:1", wantedBy: ["pods of Deployment web/front (proxy)"]),
        DiscoveredImage(reference: "tool:1", wantedBy: ["Pod web/lone (app)"]),
      ])
  }

  @Test("While a rollout runs or is paused both revisions are wanted, whatever labels the pods bear")
  func rollout() throws {
    let deployment = WorkloadObject<DeploymentShape>(
      metadata: ObjectMeta(name: "front", namespace: "web", labels: ["tier": "front"]),
      spec: TemplateSpec(template: WorkloadPod(spec: .init(containers: [.init(name: "app", image: "app:2")]))))
    let index = index(
      try #require(WorkloadEntry(deployment)),
      try pod("front-abc-1", "app:1", owner: ("ReplicaSet", "front-abc"), labels: ["pod-template-hash": "abc"]),
      try pod("lone", "tool:1"))
    let request = DiscoveryRequest(namespaces: ["web"], selector: [NodeRequirement("tier", .in, ["front"])])
    #expect(index.images(for: request).map(\.reference) == ["app:1", "app:2"])
  }

  @Test("Earlier revisions are wanted as many as history says, the latest of them first", arguments: 0...3)
  func history(count: Int) throws {
    func revision<Shape: WorkloadShape>(
      _ shape: Shape.Type, of kind: String, _ owner: String, _ number: Int, _ image: String
    ) throws -> WorkloadEntry where Shape.Spec == TemplateSpec {
      var metadata = ObjectMeta(
        name: "\(owner)-\(number)", namespace: "web", labels: ["pod-template-hash": "\(number)"],
        annotations: shape.workload == .replicaSet ? ["deployment.kubernetes.io/revision": "\(number)"] : [:])
      metadata.ownerReferences = [
        OwnerReference(apiVersion: "apps/v1", kind: kind, name: owner, uid: "u", controller: true)
      ]
      let spec = TemplateSpec(template: WorkloadPod(spec: .init(containers: [.init(name: "app", image: image)])))
      var object = WorkloadObject<Shape>(metadata: metadata)
      if shape.workload == .replicaSet {
        object.spec = spec
      } else {
        (object.data, object.revision) = (RevisionData(spec: spec), number)
      }
      return try #require(WorkloadEntry(object))
    }
    let index = index(
      try template(DeploymentShape.self, "front", "app:10"), try template(StatefulSetShape.self, "db", "db:2"),
      try revision(ReplicaSetShape.self, of: "Deployment", "front", 10, "app:10"),
      try revision(ReplicaSetShape.self, of: "Deployment", "front", 9, "app:9"),
      try revision(ReplicaSetShape.self, of: "Deployment", "front", 2, "app:2"),
      try revision(ControllerRevisionShape.self, of: "StatefulSet", "db", 2, "db:2"),
      try revision(ControllerRevisionShape.self, of: "StatefulSet", "db", 1, "db:1"))
    let found = index.images(for: DiscoveryRequest(namespaces: ["web"], history: count))
    let expected = [
      ["app:10", "db:2"], ["app:10", "app:9", "db:1", "db:2"], ["app:10", "app:2", "app:9", "db:1", "db:2"],
    ]
    #expect(found.map(\.reference) == expected[min(count, 2)])
    let reasons = found.first { $0.reference == "app:9" }?.wantedBy
    #expect(count == 0 || reasons == ["revision 9 of Deployment web/front (app)"])
  }

  @Test("What is ignored takes along what it made, through Jobs too")
  func ignored() throws {
    let labels: StringMap = ["pod-template-hash": "abc"]
    let cron = WorkloadObject<CronJobShape>(
      metadata: ObjectMeta(name: "nightly", namespace: "web"),
      spec: CronSpec(
        jobTemplate: .init(
          metadata: .init(annotations: ["prepull.dev/ignore": "true"]),
          spec: TemplateSpec(template: WorkloadPod(spec: .init(containers: [.init(name: "app", image: "report:1")]))))))
    let index = index(
      try template(DeploymentShape.self, "front", "app:1", annotations: ["prepull.dev/ignore": ""]),
      try pod("front-abc-1", "app:1", owner: ("ReplicaSet", "front-abc"), labels: labels),
      try #require(WorkloadEntry(cron)), try template(JobShape.self, "nightly-1", "report:1", owner: "nightly"),
      try pod("nightly-1-x", "report:1", owner: ("Job", "nightly-1")),
      try template(StatefulSetShape.self, "db", "db:1", annotations: ["prepull.dev/ignore": "false"]))
    #expect(index.images(for: web).map(\.reference) == ["db:1"])
  }

  @Test("Every place of a pod that names an image counts, and one that names none does not")
  func places() throws {
    let pod: JSON = [
      "metadata": ["name": "a", "namespace": "web"],
      "spec": [
        "initContainers": [["name": "init", "image": "init:1"]],
        "containers": [["name": "app", "image": "app:1"], ["name": "later", "image": ""], ["name": "filled-in"]],
        "ephemeralContainers": [["name": "debug", "image": "debug:1", "targetContainerName": "app"]],
        "volumes": [
          ["name": "model", "image": ["reference": "model:1", "pullPolicy": "Always"]],
          ["name": "tmp", "emptyDir": [:]],
        ],
      ],
      "status": ["phase": "Running", "conditions": [["type": "Ready", "status": "True"]]],
    ]
    let entry = try #require(WorkloadEntry(try pod.decoded(as: WorkloadObject<PodShape>.self)))
    #expect(
      entry.uses.map { "\($0.container) \($0.reference)" } == [
        "init init:1", "app app:1", "debug debug:1", "model model:1",
      ])
  }

  @Test("What is done or ours is nothing")
  func nothing() throws {
    let spec = WorkloadPod.Spec(containers: [.init(name: "app", image: "app:1")])
    func entry(_ metadata: ObjectMeta, phase: String = "Running") -> WorkloadEntry? {
      WorkloadEntry(WorkloadObject<PodShape>(metadata: metadata, spec: spec, status: .init(phase: phase)))
    }
    let plain = ObjectMeta(name: "a", namespace: "web")
    #expect(entry(plain) != nil)
    #expect(entry(plain, phase: "Succeeded") == nil)
    #expect(entry(plain, phase: "Failed") == nil)
    #expect(
      entry(ObjectMeta(name: "a", namespace: "web", labels: ["app.kubernetes.io/managed-by": "prepull"])) == nil)
    var leaving = plain
    leaving.deletionTimestamp = "2026-01-01T00:00:00Z"
    #expect(entry(leaving) == nil)
    let done = WorkloadObject<JobShape>(
      metadata: plain, spec: TemplateSpec(template: WorkloadPod(spec: spec)),
      status: .init(conditions: [Condition(type: "Complete", status: "True")]))
    #expect(WorkloadEntry(done) == nil)
  }

  @Test("Of very many users of an image the first are told")
  func many() throws {
    var index = WorkloadIndex()
    let scope = WorkloadIndex.Scope(kind: .pod, namespace: "web")
    _ = index.apply(.listed(try (1...9).map { try pod("p\($0)", "app:1") }), in: scope)
    let image = try #require(index.images(for: web).first)
    #expect(image.wantedBy.count == 6)
    #expect(image.wantedBy.first == "Pod web/p1 (app)")
    #expect(image.wantedBy.last == "and 4 more")
  }

  @Test("What changes nothing is no change")
  func changes() throws {
    var index = WorkloadIndex()
    let scope = WorkloadIndex.Scope(kind: .pod, namespace: "web")
    let entry = try pod("a", "app:1")
    #expect(!index.isListed(scope))
    let events: [WorkloadIndex.Event] = [
      .put(entry), .listed([]), .put(entry), .put(entry), .listed([entry]), .removed("a"), .removed("a"),
    ]
    #expect(events.map { index.apply($0, in: scope) } == [false, true, true, false, false, true, false])
    #expect(index.isListed(scope))
  }
}
