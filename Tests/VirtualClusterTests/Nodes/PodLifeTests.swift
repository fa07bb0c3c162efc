import KubeAPIServer
import TestKit
import Documents
import ImageModel
import Testing

@testable import VirtualCluster

@Suite(.serialized, .timeLimit(.minutes(10))) struct PodLifeTests {
  @Test func isolatesTheFailuresOfOnePodsImages() async throws {
    try await Cluster.with { sandbox in
      let (web, tiny) = (sandbox.sampleImages[0], sandbox.sampleImages[3])
      let missing = "\(sandbox.registry.host)/sample/web:none"
      let badHost = "127.0.0.1:1/sample/web:1.27"
      try sandbox.run("warm", [web, missing, tiny, badHost])
      let pod = try await sandbox.pod("warm", when: "to back off") {
        $0.waiting("c1") == "ImagePullBackOff" && $0.waiting("c3") == "ImagePullBackOff"
      }
      #expect(pod.phase == "Pending" || pod.phase == "Running")
      let digest = try await #require(sandbox.image(web, on: pod.nodeName ?? "")).digest
      #expect(pod.container("c0")?["imageID"]?.string == "\(sandbox.registry.host)/sample/web@\(digest)")
      #expect(pod.terminated("c0")?["exitCode"] == 0)
      #expect(pod.terminated("c2")?["reason"] == "Completed")
      #expect(pod.container("c1")?["imageID"] == "")
      let reference = "failed to resolve reference \"\(missing)\""
      #expect(pod.waitingMessage("c1")?.hasPrefix("Back-off pulling image \"\(missing)\": ErrImagePull: ") == true)
      #expect(pod.waitingMessage("c1")?.contains("\(reference): \(missing): not found") == true)
      #expect(pod.waitingMessage("c3")?.contains("connection refused") == true)
      #expect(pod.condition("PodScheduled") == "True")
      #expect(pod.condition("Initialized") == "True")
      #expect(pod.condition("Ready") == "False")
      let messages = sandbox.messages("warm")
      #expect(messages.contains("Successfully assigned default/warm to \(pod.nodeName ?? "")"))
      #expect(messages.contains("Pulling image \"\(web)\""))
      #expect(messages.contains { $0.hasPrefix("Successfully pulled image \"\(web)\" in ") })
      #expect(messages.contains { $0.contains("s including waiting). Image size: ") && $0.hasSuffix(" bytes.") })
      #expect(messages.contains { $0.hasPrefix("Failed to pull image \"\(missing)\": rpc error: code = NotFound") })
      #expect(messages.contains("Error: ErrImagePull"))
      #expect(messages.contains("Error: ImagePullBackOff"))
      #expect(messages.contains("Back-off pulling image \"\(missing)\""))
      #expect(sandbox.events("warm").contains { $0.reason == "Pulling" && $0.container == "spec.containers{c1}" })
      // A missing tag that appears is pulled at the next try.
      sandbox.registry.add(try SampleImage(seed: 99), to: "sample/web", tag: "none")
      _ = try await sandbox.pod("warm", when: "to have the missing image") { $0.terminated("c1") != nil }
    }
  }

  @Test func succeedsWhenAllContainersAreDoneAndSaysSoInOneWord() async throws {
    try await Cluster.with { sandbox in
      try sandbox.run("warm", [sandbox.sampleImages[0], sandbox.sampleImages[1]], node: "node-2")
      let pod = try await sandbox.pod("warm", in: "Succeeded")
      #expect(pod[path: "status", "hostIP"]?.string?.isEmpty == false)
      #expect(pod[path: "status", "podIP"]?.string?.isEmpty == false)
      #expect(pod[path: "status", "startTime"] != nil)
      #expect(pod[path: "status", "qosClass"] == "BestEffort")
      #expect(pod.condition("Initialized") == "True")
      #expect(pod.condition("ContainersReady") == "False")
      // The second pod finds the images there.
      try sandbox.run("again", [sandbox.sampleImages[0]], node: "node-2", policy: "IfNotPresent")
      _ = try await sandbox.pod("again", in: "Succeeded")
      #expect(
        sandbox.messages("again").contains(
          "Container image \"\(sandbox.sampleImages[0])\" already present on machine and can be accessed by the pod"))
    }
  }

  @Test func holdsUntilItIsDeleted() async throws {
    try await Cluster.with { sandbox in
      try sandbox.run("hold", [sandbox.sampleImages[3]], program: ["/prepull/touch", "hold"])
      let pod = try await sandbox.pod("hold", in: "Running")
      #expect(pod.condition("Ready") == "True")
      #expect(pod.container("c0")?["ready"] == true)
      let deletion = try sandbox.store.delete(.pods, namespace: "default", name: "hold")
      #expect(!deletion.isGone)
      try await sandbox.podIsGone("hold")
      #expect(sandbox.reasons("hold").contains("Killing"))
    }
  }

  @Test func runsInitContainersInOrderAndLetsTheFirstBadOneBlock() async throws {
    try await Cluster.with { sandbox in
      func initContainers(_ images: [String]) -> JSON {
        .array(
          images.enumerated().map {
            ["name": .string("i\($0)"), "image": .string($1), "command": ["/prepull/touch"]]
          })
      }
      try sandbox.run("good", [sandbox.sampleImages[3]], program: ["/prepull/touch", "hold"]) {
        $0[path: "spec", "initContainers"] = initContainers([sandbox.sampleImages[0], sandbox.sampleImages[1]])
      }
      let good = try await sandbox.pod("good", in: "Running")
      #expect(good.terminated("i0")?["exitCode"] == 0)
      #expect(good.terminated("i1")?["exitCode"] == 0)
      let missing = "\(sandbox.registry.host)/sample/web:none"
      try sandbox.run("bad", [sandbox.sampleImages[3]], program: ["/prepull/touch", "hold"]) {
        $0[path: "spec", "initContainers"] = initContainers([sandbox.sampleImages[0], missing, sandbox.sampleImages[1]])
      }
      let bad = try await sandbox.pod("bad", when: "to back off") { $0.waiting("i1") == "ImagePullBackOff" }
      #expect(bad.phase == "Pending")
      #expect(bad.waiting("i2") == "PodInitializing")
      #expect(bad.waiting("c0") == "PodInitializing")
      #expect(bad.condition("Initialized") == "False")
    }
  }

  @Test func saysContainerCreatingForAllWhileOneImageComes() async throws {
    try await Cluster.with { sandbox in
      sandbox.registry.inject(.hang) { $0.path.contains("/sample/database/") }
      try sandbox.run("slow", [sandbox.sampleImages[0], sandbox.sampleImages[2]])
      _ = try await eventually("the second pull to begin") {
        sandbox.messages("slow").contains("Pulling image \"\(sandbox.sampleImages[2])\"") ? true : nil
      }
      let pod = try #require(sandbox.pod("slow"))
      #expect(pod.waiting("c0") == "ContainerCreating")
      #expect(pod.waiting("c1") == "ContainerCreating")
      // Deleting it ends the pull.
      try sandbox.store.delete(.pods, namespace: "default", name: "slow")
      try await sandbox.podIsGone("slow")
    }
  }

  @Test func provesPresenceWithTheImageThatIsNeverPulled() async throws {
    try await Cluster.with { sandbox in
      let image = sandbox.sampleImages[0]
      try sandbox.run("absent", [image], node: "node-1", policy: "Never")
      let absent = try await sandbox.pod("absent", when: "to miss the image") {
        $0.waiting("c0") == "ErrImageNeverPull"
      }
      #expect(absent.waiting("c0") == "ErrImageNeverPull")
      #expect(absent.waitingMessage("c0") == "Container image \"\(image)\" is not present with pull policy of Never")
      try sandbox.run("warm", [image], node: "node-1")
      _ = try await sandbox.pod("warm", in: "Succeeded")
      _ = try await sandbox.pod("absent", in: "Succeeded")
    }
  }

  @Test func waitsForTheConfigMapOfItsVolume() async throws {
    try await Cluster.with { sandbox in
      try sandbox.run("warm", [sandbox.sampleImages[3]]) { pod in
        pod[path: "spec", "volumes"] = [
          ["name": "touch", "configMap": ["name": "x", "items": [["key": "touch-amd64", "path": "touch"]]]]
        ]
      }
      let text = "MountVolume.SetUp failed for volume \"touch\" : configmap \"x\" not found"
      _ = try await eventually("the failed mount") { sandbox.messages("warm").contains(text) ? true : nil }
      #expect(sandbox.pod("warm")?.waiting("c0") == "ContainerCreating")
      let map: JSON = ["metadata": ["name": "x", "namespace": "default"], "binaryData": ["touch-arm64": "AA=="]]
      try sandbox.store.create(map, as: .configMaps)
      let other =
        "MountVolume.SetUp failed for volume \"touch\" : configmap references non-existent config key: touch-amd64"
      _ = try await eventually("the missing key") { sandbox.messages("warm").contains(other) ? true : nil }
      try sandbox.store.modify(.configMaps, namespace: "default", name: "x") {
        $0["binaryData"] = ["touch-amd64": "AA=="]
      }
      _ = try await sandbox.pod("warm", in: "Succeeded")
    }
  }

  @Test func hasTheImageWhereTouchCannotStart() async throws {
    var node = NodeTemplate("noexec")
    node.isNoexec = true
    try await Cluster.with(Cluster.options([node], speed: 20)) { sandbox in
      try sandbox.run("warm", [sandbox.sampleImages[0]])
      let pod = try await sandbox.pod("warm", when: "to fail to start") { $0.waiting("c0") == "RunContainerError" }
      #expect(pod.container("c0")?["imageID"]?.string?.contains("/sample/web@sha256:") == true)
      let last = pod.container("c0")?[path: "lastState", "terminated"]
      #expect(last?["reason"] == "StartError")
      #expect(last?["exitCode"] == 128)
      _ = try await sandbox.pod("warm", when: "to be restarted") { $0.waiting("c0") == "CrashLoopBackOff" }
      try sandbox.run("once", [sandbox.sampleImages[0]]) { $0[path: "spec", "restartPolicy"] = "Never" }
      let once = try await sandbox.pod("once", in: "Failed")
      #expect(once.terminated("c0")?["reason"] == "StartError")
    }
  }

  @Test func restartsWhatFailsAndGivesUpNever() async throws {
    try await Cluster.with { sandbox in
      try sandbox.run("crash", [sandbox.sampleImages[3]], program: ["sh", "-c", "exit 3"])
      let pod = try await sandbox.pod("crash", when: "to loop") {
        $0.waiting("c0") == "CrashLoopBackOff" && $0.container("c0")?["restartCount"]?.integer ?? 0 >= 2
      }
      #expect(pod.container("c0")?[path: "lastState", "terminated", "exitCode"] == 3)
      #expect(pod.phase == "Running")
      try sandbox.run("never", [sandbox.sampleImages[3]], program: ["false"]) {
        $0[path: "spec", "restartPolicy"] = "Never"
      }
      _ = try await sandbox.pod("never", in: "Failed")
      try sandbox.run("late", [sandbox.sampleImages[3]], program: ["/prepull/touch", "hold"]) {
        $0[path: "spec", "activeDeadlineSeconds"] = 1
      }
      let late = try await sandbox.pod("late", in: "Failed")
      #expect(late[path: "status", "reason"] == "DeadlineExceeded")
    }
  }

  @Test func pullsForThePlatformOfItsNode() async throws {
    let nodes = [NodeTemplate("a", architecture: "amd64"), NodeTemplate("b", architecture: "arm64")]
    try await Cluster.with(Cluster.options(nodes)) { sandbox in
      let only = "\(sandbox.registry.host)/sample/amd64-only:v1"
      try sandbox.run("a", [only], node: "a")
      try sandbox.run("b", [only, sandbox.sampleImages[0]], node: "b")
      _ = try await sandbox.pod("a", in: "Succeeded")
      let pod = try await sandbox.pod("b", when: "to fail") { $0.waiting("c0") == "ImagePullBackOff" }
      #expect(pod.waitingMessage("c0")?.contains("no match for platform in manifest") == true)
      #expect(pod.terminated("c1") != nil)
    }
  }

  @Test func letsThePullSecretIn() async throws {
    try await Cluster.with { sandbox in
      let image = "\(sandbox.registry.host)/sample/private:v1"
      try sandbox.run("out", [image], node: "node-1") { $0[path: "spec", "imagePullSecrets"] = [["name": "regcred"]] }
      let refused = try await sandbox.pod("out", when: "to be refused") { $0.waiting("c0") == "ImagePullBackOff" }
      #expect(refused.waitingMessage("c0")?.contains("pull access denied, repository does not exist") == true)
      let missing =
        "Unable to retrieve some image pull secrets (regcred); attempting to pull the image may not succeed."
      #expect(sandbox.messages("out").contains(missing))
      let auth = Base64.encode(Array("\(SampleImages.username):\(SampleImages.password)".utf8))
      let config: JSON = ["auths": .object([sandbox.registry.host: ["auth": .string(auth)]])]
      try sandbox.store.create(
        [
          "metadata": ["name": "regcred", "namespace": "default"], "type": "kubernetes.io/dockerconfigjson",
          "data": [".dockerconfigjson": .string(Base64.encode(config.bytes()))],
        ], as: .secrets)
      _ = try await sandbox.pod("out", in: "Succeeded")
    }
  }

  @Test func nativeSidecarsRunBesideTheOthersAndEndWithThem() async throws {
    try await Cluster.with { sandbox in
      let image = sandbox.sampleImages[3]
      let sidecar: JSON = [
        "name": "side", "image": .string(image), "command": ["/prepull/touch", "hold"], "restartPolicy": "Always",
      ]
      try sandbox.run("both", [image], program: ["sleep", "50"]) {
        $0[path: "spec", "initContainers"] = [
          sidecar, ["name": "init", "image": .string(image), "command": ["/prepull/touch"]],
        ]
      }
      let running = try await sandbox.pod("both", in: "Running")
      #expect(running.container("side")?[path: "state", "running"] != nil)
      #expect(running.container("side")?["ready"] == true && running.container("side")?["started"] == true)
      #expect(running.terminated("init")?["exitCode"] == 0 && running.condition("Initialized") == "True")
      let over = try await sandbox.pod("both", in: "Succeeded")
      #expect(over.terminated("side") != nil)
      // One that ends by itself is started again, and holds nobody up.
      try sandbox.run("loop", [image], program: ["/prepull/touch", "hold"]) {
        var crashing = sidecar
        crashing["command"] = ["false"]
        $0[path: "spec", "initContainers"] = [crashing]
      }
      let loop = try await sandbox.pod("loop", when: "to loop") {
        $0.waiting("side") == "CrashLoopBackOff" && $0.container("c0")?[path: "state", "running"] != nil
      }
      #expect(loop.phase == "Running" && loop.condition("Ready") == "False")
    }
  }

  @Test func initContainersThatSleepOrCrashHoldUpTheOthers() async throws {
    try await Cluster.with { sandbox in
      let image = sandbox.sampleImages[3]
      for (name, program) in [("sleeps", ["sleep", "infinity"]), ("crashes", ["sh", "-c", "exit 3"])] {
        try sandbox.run(name, [image]) {
          $0[path: "spec", "initContainers"] = [
            ["name": "init", "image": .string(image), "command": .array(program.map(JSON.string))]
          ]
        }
      }
      let sleeps = try await sandbox.pod("sleeps", when: "to sleep") {
        $0.container("init")?[path: "state", "running"] != nil
      }
      #expect(sleeps.phase == "Pending" && sleeps.waiting("c0") == "PodInitializing")
      let crashes = try await sandbox.pod("crashes", when: "to loop") { $0.waiting("init") == "CrashLoopBackOff" }
      #expect(crashes.phase == "Pending" && crashes.waiting("c0") == "PodInitializing")
      #expect(!sandbox.events("crashes").contains { $0.container == "spec.containers{c0}" })
    }
  }

  @Test func anEnvironmentThatIsNotThereIsSaidAfterThePull() async throws {
    try await Cluster.with { sandbox in
      try sandbox.run("warm", [sandbox.sampleImages[0]]) { pod in
        var container = pod[path: "spec", "containers"]?.array?[0] ?? [:]
        container["env"] = [["name": "A", "valueFrom": ["configMapKeyRef": ["name": "x", "key": "k"]]]]
        pod[path: "spec", "containers"] = [container]
      }
      let pod = try await sandbox.pod("warm", when: "to miss the map") {
        $0.waiting("c0") == "CreateContainerConfigError"
      }
      #expect(pod.waitingMessage("c0") == "configmap \"x\" not found" && pod.container("c0")?["imageID"] == "")
      #expect(sandbox.messages("warm").contains("Error: configmap \"x\" not found"))
      #expect(sandbox.messages("warm").contains { $0.hasPrefix("Successfully pulled image") })
      try sandbox.store.create(
        ["metadata": ["name": "x", "namespace": "default"], "data": ["k": "v"]], as: .configMaps)
      _ = try await sandbox.pod("warm", in: "Succeeded")
    }
  }

  @Test func noTwoPodsHaveOneAddress() async throws {
    var nodes = NodeTemplate.numbered(3)
    for index in nodes.indices { nodes[index].maxPods = 300 }
    try await Cluster.with(Cluster.options(nodes)) { sandbox in
      let image = sandbox.sampleImages[3]
      for round in 0..<3 {
        for number in 0..<270 {
          try sandbox.run(
            "p\(round)-\(number)", [image], program: ["/prepull/touch", "hold"], node: "node-\(number % 3 + 1)")
        }
        let pods = try await eventually("all pods to run") { () -> [JSON]? in
          let pods = sandbox.store.list(.pods).items
          return pods.allSatisfy { $0.phase == "Running" } ? pods : nil
        }
        let addresses = pods.compactMap { $0[path: "status", "podIP"]?.string }
        #expect(addresses.count == pods.count && Set(addresses).count == pods.count)
        for pod in pods.prefix(100) {
          try sandbox.store.delete(.pods, namespace: "default", name: ObjectName(pod).name)
        }
        _ = try await eventually("some to go") { sandbox.store.count(.pods) <= pods.count - 100 ? true : nil }
      }
    }
  }
}
