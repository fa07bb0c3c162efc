import Documents
import KubeAPIServer
import Testing

@Suite(.timeLimit(.minutes(10))) struct StoreTests {
  let store = Store()

  @Test func completesPodsAsTheAPIServerDoes() throws {
    let pod = try store.create(Samples.pod("a", image: "nginx"), as: Samples.pods)
    #expect(pod[path: "spec", "restartPolicy"] == "Always")
    #expect(pod[path: "spec", "terminationGracePeriodSeconds"] == 30)
    #expect(pod[path: "spec", "containers"]?.array?.first?["imagePullPolicy"] == "Always")
    #expect(pod[path: "spec", "tolerations"]?.array?.count == 2)
    #expect(pod["status"] == ["phase": "Pending", "qosClass": "BestEffort"])
    #expect(pod[path: "metadata", "uid"]?.string?.count == 36)
    #expect(pod[path: "metadata", "creationTimestamp"]?.string?.hasSuffix("Z") == true)
  }

  @Test(arguments: [
    ("nginx", "Always"), ("nginx:latest", "Always"), ("nginx:1", "IfNotPresent"), ("h:5000/nginx", "Always"),
    ("h:5000/nginx:1", "IfNotPresent"), ("nginx@sha256:" + String(repeating: "a", count: 64), "IfNotPresent"),
  ])
  func choosesThePullPolicyByTag(image: String, policy: String) throws {
    let pod = try store.create(Samples.pod("a", image: image), as: Samples.pods, dryRun: true)
    #expect(pod[path: "spec", "containers"]?.array?.first?["imagePullPolicy"]?.string == policy)
    #expect(store.get(Samples.pods, namespace: "default", name: "a") == nil)
  }

  @Test func aPodThatIsEndingStaysWhatItIsWhenItIsDeletedAgain() throws {
    try store.create(Samples.pod("a"), as: Samples.pods)
    try store.modify(Samples.pods, namespace: "default", name: "a", subresource: .binding) {
      $0[path: "spec", "nodeName"] = "n"
    }
    for _ in 0..<2 {
      #expect(try !store.delete(Samples.pods, namespace: "default", name: "a").isGone)
      let pod = try #require(store.get(Samples.pods, namespace: "default", name: "a"))
      #expect(pod[path: "metadata", "name"] == "a" && pod["kind"] == "Pod")
      #expect(pod[path: "metadata", "deletionTimestamp"] != nil)
      #expect(pod[path: "metadata", "finalizers"] == nil)
    }
    #expect(
      try store.delete(Samples.pods, namespace: "default", name: "a", options: DeleteOptions(gracePeriod: 0)).isGone)
  }

  @Test func refusesWhatIsThereAndWhatIsWrong() throws {
    try store.create(Samples.pod("a"), as: Samples.pods)
    let exists = #expect(throws: StatusError.self) { try store.create(Samples.pod("a"), as: Samples.pods) }
    #expect(exists?.code == 409)
    #expect(exists?.message == "pods \"a\" already exists")
    let invalid = #expect(throws: StatusError.self) {
      try store.create(Samples.pod("B", image: ""), as: Samples.pods)
    }
    #expect(invalid?.code == 422)
    #expect(invalid?.message.contains("spec.containers[0].image: Required value") == true)
    #expect(
      invalid?.message.hasPrefix("Pod \"B\" is invalid: [metadata.name: Invalid value: \"B\": a lowercase") == true)
    var lost = Samples.pod("a")
    lost[path: "metadata", "namespace"] = "nowhere"
    let missing = #expect(throws: StatusError.self) { try store.create(lost, as: Samples.pods) }
    #expect(missing?.message == "namespaces \"nowhere\" not found")
  }

  @Test func makesNames() throws {
    var pod = Samples.pod("x")
    pod[path: "metadata", "name"] = nil
    pod[path: "metadata", "generateName"] = "run-"
    let names = try (0..<20).map { _ in
      try store.create(pod, as: Samples.pods)[path: "metadata", "name"]?.string ?? ""
    }
    #expect(Set(names).count == 20)
    #expect(names.allSatisfy { $0.hasPrefix("run-") && $0.count == 9 })
  }

  @Test func countsRevisionsAndGenerations() throws {
    let first = try store.create(Samples.daemonSet("d"), as: Samples.daemonSets)
    #expect(first[path: "metadata", "generation"] == 1)
    let labelled = try store.modify(Samples.daemonSets, namespace: "default", name: "d") {
      $0[path: "metadata", "labels", "a"] = "b"
    }
    #expect(labelled[path: "metadata", "generation"] == 1)
    #expect(labelled[path: "metadata", "resourceVersion"] != first[path: "metadata", "resourceVersion"])
    let changed = try store.modify(Samples.daemonSets, namespace: "default", name: "d") {
      $0[path: "spec", "minReadySeconds"] = 5
      $0[path: "status", "numberReady"] = 9
    }
    #expect(changed[path: "metadata", "generation"] == 2)
    #expect(changed[path: "status", "numberReady"] == 0)
    let status = try store.modify(Samples.daemonSets, namespace: "default", name: "d", subresource: .status) {
      $0[path: "spec", "minReadySeconds"] = 7
      $0[path: "status", "numberReady"] = 9
    }
    #expect(status[path: "spec", "minReadySeconds"] == 5)
    #expect(status[path: "status", "numberReady"] == 9)
    #expect(status[path: "metadata", "generation"] == 2)
    let same = try store.modify(Samples.daemonSets, namespace: "default", name: "d") { _ in }
    #expect(same == status)
  }

  @Test func keepsImmutableFields() throws {
    try store.create(Samples.pod("a"), as: Samples.pods)
    let fault = #expect(throws: StatusError.self) {
      try store.modify(Samples.pods, namespace: "default", name: "a") { $0[path: "spec", "nodeName"] = "n" }
    }
    #expect(fault?.message.contains("pod updates may not change fields other than") == true)
    try store.modify(Samples.pods, namespace: "default", name: "a", subresource: .binding) {
      $0[path: "spec", "nodeName"] = "n"
    }
    try store.create(Samples.daemonSet("d"), as: Samples.daemonSets)
    let selector = #expect(throws: StatusError.self) {
      try store.modify(Samples.daemonSets, namespace: "default", name: "d") {
        $0[path: "spec", "selector", "matchLabels"] = ["app": "e"]
        $0[path: "spec", "template", "metadata", "labels"] = ["app": "e"]
      }
    }
    #expect(selector?.message.hasSuffix("field is immutable") == true)
  }

  @Test func deletesPodsGracefully() throws {
    try store.create(Samples.pod("free"), as: Samples.pods)
    #expect(try store.delete(Samples.pods, namespace: "default", name: "free").isGone)
    try store.create(Samples.pod("bound", node: "n1"), as: Samples.pods)
    let deletion = try store.delete(Samples.pods, namespace: "default", name: "bound")
    #expect(!deletion.isGone)
    #expect(deletion.object[path: "metadata", "deletionGracePeriodSeconds"] == 30)
    // The kubelet's status updates go through, and its deletion ends it.
    try store.modify(Samples.pods, namespace: "default", name: "bound", subresource: .status) {
      $0[path: "status", "phase"] = "Running"
    }
    #expect(store.get(Samples.pods, namespace: "default", name: "bound") != nil)
    let options = DeleteOptions(gracePeriod: 0)
    #expect(try store.delete(Samples.pods, namespace: "default", name: "bound", options: options).isGone)
    #expect(store.get(Samples.pods, namespace: "default", name: "bound") == nil)
  }

  @Test func waitsForFinalizersAndChecksPreconditions() throws {
    var map = Samples.configMap("m")
    map[path: "metadata", "finalizers"] = ["prepull.dev/x"]
    try store.create(map, as: Samples.configMaps)
    let other = #expect(throws: StatusError.self) {
      try store.delete(Samples.configMaps, namespace: "default", name: "m", options: DeleteOptions(uid: "other"))
    }
    #expect(other?.code == 409)
    #expect(try !store.delete(Samples.configMaps, namespace: "default", name: "m").isGone)
    try store.modify(Samples.configMaps, namespace: "default", name: "m") {
      $0[path: "metadata", "finalizers"] = nil
    }
    #expect(store.get(Samples.configMaps, namespace: "default", name: "m") == nil)
  }

  @Test func closesNamespacesThatTerminate() throws {
    try store.create(["metadata": ["name": "web"]], as: Samples.namespaces)
    #expect(try !store.delete(Samples.namespaces, name: "web").isGone)
    var map = Samples.configMap("m")
    map[path: "metadata", "namespace"] = "web"
    let fault = #expect(throws: StatusError.self) { try store.create(map, as: Samples.configMaps) }
    #expect(fault?.code == 403)
    #expect(
      fault?.message
        == "configmaps \"m\" is forbidden: unable to create new content in namespace web because it is being "
        + "terminated")
    #expect(fault?.details?["causes"]?.array?.first?["reason"] == "NamespaceTerminating")
    try store.modify(Samples.namespaces, name: "web", subresource: .finalize) {
      $0[path: "spec", "finalizers"] = []
    }
    #expect(store.get(Samples.namespaces, name: "web") == nil)
  }

  @Test func tellsWatchersWhatConcernsThem() async throws {
    try store.create(Samples.pod("a", labels: ["app": "x"]), as: Samples.pods)
    let filter = ObjectFilter(labels: try LabelQuery(parsing: "app=x"))
    var events = store.watch(Samples.pods, matching: filter).makeAsyncIterator()
    try store.create(Samples.pod("b"), as: Samples.pods)
    try store.modify(Samples.pods, namespace: "default", name: "b") { $0[path: "metadata", "labels"] = ["app": "x"] }
    try store.modify(Samples.pods, namespace: "default", name: "a") { $0[path: "metadata", "labels"] = ["app": "y"] }
    try store.delete(Samples.pods, namespace: "default", name: "b")
    var seen: [String] = []
    for _ in 0..<5 {
      switch await events.next() {
      case .added(let pod): seen.append("added \(pod[path: "metadata", "name"]?.string ?? "")")
      case .modified(let pod): seen.append("modified \(pod[path: "metadata", "name"]?.string ?? "")")
      case .deleted(let pod): seen.append("deleted \(pod[path: "metadata", "name"]?.string ?? "")")
      case .bookmark: seen.append("bookmark")
      case nil: seen.append("end")
      }
    }
    #expect(seen == ["added a", "bookmark", "added b", "deleted a", "deleted b"])
  }

  @Test func findsPodsByNode() throws {
    for index in 0..<10 { try store.create(Samples.pod("p\(index)", node: "n\(index % 2)"), as: Samples.pods) }
    let names = store.list(Samples.pods, matching: .node("n1")).items.map { $0[path: "metadata", "name"]?.string }
    #expect(names == ["p1", "p3", "p5", "p7", "p9"])
  }

  @Test func losesNoChangeOfManyWriters() async throws {
    try store.create(Samples.configMap("m"), as: Samples.configMaps)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for writer in 0..<8 {
        group.addTask { [store] in
          for step in 0..<25 {
            try store.modify(Samples.configMaps, namespace: "default", name: "m") {
              $0[path: "data", "k\(writer)-\(step)"] = "v"
            }
          }
        }
      }
      try await group.waitForAll()
    }
    #expect(store.get(Samples.configMaps, namespace: "default", name: "m")?["data"]?.object?.count == 200)
  }
}
