@testable import Workloads
import Documents
import Kubernetes
import Testing

private let podSpec = """
  {"initContainers": [{"name": "setup", "image": "busybox:1"}],
   "containers": [{"name": "web", "image": "nginx:1.27", "ports": [{"containerPort": 80}]},
                  {"name": "proxy", "image": "envoy:v1"}],
   "volumes": [{"name": "data", "emptyDir": {}}, {"name": "model", "image": {"reference": "models:7"}}],
   "imagePullSecrets": [{"name": "regcred"}, {}], "serviceAccountName": "web", "nodeSelector": {"pool": "gpu"},
   "affinity": {"podAntiAffinity": {}, "nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution":
     {"nodeSelectorTerms": [{"matchExpressions": [{"key": "zone", "operator": "In", "values": ["a", "b"]}]}, {}]}}},
   "tolerations": [{"key": "gpu", "operator": "Exists", "effect": "NoSchedule", "tolerationSeconds": 5}],
   "runtimeClassName": "gvisor"}
  """

private func templates(_ json: String) throws -> [WorkloadTemplate] {
  try WorkloadTemplate.all(in: JSON(parsing: Array(json.utf8)))
}

private func object(_ kind: String, _ spec: String, name: String = "web") -> String {
  #"{"kind": "\#(kind)", "metadata": {"name": "\#(name)", "namespace": "shop"}, \#(spec)}"#
}

@Suite("What a workload tells of its pods", .timeLimit(.minutes(10)))
struct WorkloadTests {
  @Test(
    "The pod template is found in every kind that has one",
    arguments: [
      ("Deployment", #""spec": {"template": {"spec": SPEC}}"#), ("Rollout", #""spec": {"template": {"spec": SPEC}}"#),
      ("CronJob", #""spec": {"jobTemplate": {"spec": {"template": {"spec": SPEC}}}}"#),
      ("PodTemplate", #""template": {"spec": SPEC}"#), ("Pod", #""spec": SPEC"#),
    ])
  func shapes(kind: String, shape: String) throws {
    let found = try templates(object(kind, shape.replacing("SPEC", with: podSpec)))
    let template = try #require(found.first)
    #expect(found.count == 1)
    #expect(template.source == "\(kind.lowercased())/web")
    #expect(template.namespace == "shop")
    #expect(template.images.map(\.name) == ["setup", "web", "proxy", "model"])
    #expect(template.images.map(\.reference) == ["busybox:1", "nginx:1.27", "envoy:v1", "models:7"])
    #expect(template.pullSecrets == ["regcred"])
    #expect(template.serviceAccount == "web")
    #expect(template.nodeSelector == ["pool": "gpu"])
    #expect(template.tolerations == [Toleration(key: "gpu", operator: .exists, effect: .noSchedule)])
    #expect(template.runtimeClass == "gvisor")
  }

  @Test func listsAreOpenedAndOtherObjectsPassedOver() throws {
    let one = object("Deployment", #""spec": {"template": {"spec": \#(podSpec)}}"#)
    let other = object("Job", #""spec": {"template": {"spec": {"containers": [{"name": "j", "image": "j:1"}]}}}"#)
    let found = try templates(
      #"{"kind": "List", "items": [\#(one), \#(object("Service", #""spec": {"type": "ClusterIP"}"#)), \#(other)]}"#)
    #expect(found.map(\.source) == ["deployment/web", "job/web"])
    #expect(try templates(object("ConfigMap", #""data": {}"#)).isEmpty)
    #expect(try templates("[]").isEmpty)
  }

  @Test func whereAPodRunsIsNotWhereTheNextOneMustRun() throws {
    let spec = #""spec": {"nodeName": "n1", "containers": [{"name": "a", "image": "a"}]}"#
    #expect(try templates(object("Pod", spec))[0].nodeName == "n1")
    #expect(try templates(object("Pod", spec + #", "status": {"phase": "Running"}"#))[0].nodeName == nil)
  }

  @Test(
    "What cannot be read names the place",
    arguments: [
      (#"{"containers": {}}"#, "containers of its pod template is not of the right form"),
      (#"{"containers": [], "volumes": [{}]}"#, "volumes[0] of its pod template has no name"),
      (#"{"containers": [{"name": "a", "image": 5}]}"#, "containers[0].image of its pod template"),
      (#"{"containers": [], "tolerations": [{"operator": 1}]}"#, "tolerations[0].operator of its pod template"),
    ])
  func malformed(spec: String, message: String) {
    let error = #expect(throws: WorkloadError.self) {
      try templates(object("Deployment", #""spec": {"template": {"spec": \#(spec)}}"#))
    }
    #expect(error?.description.hasPrefix("deployment/web: \(message)") == true, "\(error?.description ?? "")")
  }

  @Test func aContainerWithoutANameHasItsPlaceForOne() throws {
    let knative = try templates(
      object("Service", #""spec": {"template": {"spec": {"containers": [{"image": "a:1"}]}}}"#))
    #expect(knative.flatMap(\.images) == [WorkloadTemplate.Image(name: "containers[0]", reference: "a:1")])
  }

  @Test func imagesAreReplacedByTheNameOfTheirContainer() throws {
    var set = WorkloadSet(try templates(object("Pod", #""spec": \#(podSpec)"#)))
    try set.replace("web", with: "nginx:1.28")
    #expect(try set.references() == ["busybox:1", "nginx:1.28", "envoy:v1", "models:7"])
    let error = #expect(throws: WorkloadError.self) { try set.replace("wbe", with: "x") }
    #expect(
      error?.description
        == "there is no container 'wbe' whose image to replace: pod/web has setup, web, proxy, model")
  }

  @Test func anImageThatIsLeftOutMustBeNamed() throws {
    var set = WorkloadSet(try templates(object("Pod", #""spec": {"containers": [{"name": "a"}]}"#)))
    #expect(throws: WorkloadError.self) { try set.references() }
    try set.replace("a", with: "a:1")
    #expect(try set.references() == ["a:1"])
  }

  @Test func selectorAndAffinityHoldTogether() throws {
    let set = WorkloadSet(try templates(object("Pod", #""spec": \#(podSpec)"#)))
    let zone = NodeSelectorRequirement(key: "zone", operator: .in, values: ["a", "b"])
    let pool = NodeSelectorRequirement(key: "pool", operator: .in, values: ["gpu"])
    #expect(
      set.terms == [NodeSelectorTerm(matchExpressions: [zone, pool]), NodeSelectorTerm()],
      "an empty term goes on matching nothing")
  }

  @Test func severalWorkloadsShareARun() throws {
    func pod(_ name: String, _ spec: String) throws -> [WorkloadTemplate] {
      try templates(object("Pod", #""spec": {"containers": [{"name": "a", "image": "a"}]\#(spec)}"#, name: name))
    }
    let gpu = try pod("gpu", #", "nodeSelector": {"pool": "gpu"}"#)
    let web = try pod("web", #", "nodeSelector": {"pool": "web"}"#)
    let any = try pod("any", "")
    #expect(WorkloadSet(gpu + web).terms?.count == 2)
    #expect(!WorkloadSet(gpu + web).isOnePlacement)
    #expect(WorkloadSet(gpu + gpu).terms?.count == 1)
    #expect(WorkloadSet(gpu + gpu).isOnePlacement)
    #expect(WorkloadSet(gpu + any).terms == nil)
    #expect(try WorkloadSet(gpu + web).references() == ["a"])
    #expect(try WorkloadSet(gpu + web).namespace() == "shop")
    let elsewhere = try templates(#"{"kind": "Pod", "metadata": {"namespace": "x"}, "spec": {"containers": []}}"#)
    #expect(throws: WorkloadError.self) { try WorkloadSet(gpu + elsewhere).namespace() }
  }
}

@Suite("The name of a workload", .timeLimit(.minutes(10)))
struct WorkloadNameTests {
  @Test(
    arguments: [
      ("deployment/web", .deployment), ("deploy/web", .deployment), ("Deployments/web", .deployment),
      ("deployments.apps/web", .deployment), ("deployment.v1.apps/web", .deployment), ("sts/web", .statefulSet),
      ("ds/web", .daemonSet), ("rs/web", .replicaSet), ("job/web", .job), ("cj/web", .cronJob),
      ("cronjobs.batch/web", .cronJob), ("po/web", .pod), ("rc/web", .replicationController),
    ] as [(String, WorkloadKind)])
  func read(text: String, kind: WorkloadKind) throws {
    let name = try WorkloadName(parsing: text)
    #expect(name.kind == kind)
    #expect(name.description == "\(kind.singular)/web")
  }

  @Test(
    arguments: [
      ("web", "'web' is not kind/name"), ("/web", "not kind/name"), ("a/b/c", "not kind/name"), ("deploy/", "is empty"),
      ("service/web", "'service' is no kind"), ("deployment.batch/web", "no kind"), ("pod/Web", "may hold only"),
    ])
  func refused(text: String, message: String) {
    let error = #expect(throws: WorkloadError.self) { try WorkloadName(parsing: text) }
    #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
  }
}
