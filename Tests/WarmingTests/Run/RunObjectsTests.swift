import ImageModel
@testable import Warming
import Kubernetes
import Testing

@Suite("The objects of a run", .timeLimit(.minutes(10)))
struct RunObjectsTests {
  private func objects(
    _ images: [String] = ["nginx", "docker.io/library/redis:7"], _ change: (inout RunRequest) -> Void = { _ in }
  ) throws -> RunObjects {
    var request = RunRequest(images: try images.map(wanted), namespace: "web")
    change(&request)
    return RunObjects(request, run: "x7k2p")
  }

  private func pod(_ objects: RunObjects, _ images: [Int]? = nil) -> Pod {
    var owner = objects.configMap(expires: "2026-01-01T00:00:00Z")
    owner.metadata.uid = "the-uid"
    return objects.pod(
      .ofRun(on: "node-1", serial: 12), images: images ?? [0, 1], architecture: .arm64,
      owner: owner)
  }

  @Test("An ordinary container per image, as the user writes it, in that order")
  func containers() throws {
    let pod = pod(try objects())
    #expect(pod.spec.containers.map(\.image) == ["nginx", "docker.io/library/redis:7"])
    #expect(pod.spec.containers.allSatisfy { $0.command == ["/prepull/touch"] && $0.imagePullPolicy == .ifNotPresent })
    #expect(pod.spec.initContainers == nil)
    #expect(pod.spec.restartPolicy == "OnFailure")
    #expect(pod.spec.volumes?.first?.configMap?.items?.first?.key == "touch-arm64")
    #expect(self.pod(try objects(), [1]).spec.containers.map(\.name) == ["redis-7"])
  }

  @Test("The node is reached by affinity, or by its name when that is asked for")
  func placement() throws {
    let term = pod(try objects()).spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
    #expect(term?.nodeSelectorTerms.first?.matchFields?.first?.values == ["node-1"])
    let direct = pod(try objects { $0.placement = .nodeName })
    #expect(direct.spec.nodeName == "node-1")
    #expect(direct.spec.affinity == nil)
  }

  @Test("It bears with what DaemonSet pods bear with, and with what the user says")
  func tolerations() throws {
    let plain = try #require(pod(try objects()).spec.tolerations)
    #expect(plain.count == 6)
    #expect(plain.contains(Toleration(key: "node.kubernetes.io/not-ready", operator: .exists, effect: .noExecute)))
    let more = try #require(
      pod(try objects { $0.nodes.tolerations = [TolerationRule(key: "gpu", value: "yes", effect: "NoSchedule")] })
        .spec.tolerations)
    #expect(more.contains(Toleration(key: "gpu", operator: .equal, value: "yes", effect: .noSchedule)))
  }

  @Test("Pod Security's restricted level takes it, it preempts nothing by itself, and it belongs to the ConfigMap")
  func shell() throws {
    let pod = pod(try objects { $0.pullSecrets = ["regcred"] })
    #expect(restrictedViolations(of: pod.spec) == [])
    #expect(pod.spec.preemptionPolicy == nil, "the admission refuses one that is not the priority class's")
    #expect(pod.spec.automountServiceAccountToken == false)
    #expect(pod.spec.enableServiceLinks == false)
    #expect(pod.spec.activeDeadlineSeconds == 15 * 60 + 60)
    #expect(pod.spec.imagePullSecrets?.map(\.name) == ["regcred"])
    #expect(pod.metadata.annotations?["cluster-autoscaler.kubernetes.io/safe-to-evict"] == "true")
    #expect(pod.metadata.ownerReferences?.map(\.uid) == ["the-uid"])
    #expect(pod.metadata.labels?["prepull.dev/run"] == "x7k2p")
    #expect(pod.metadata.labels?["app.kubernetes.io/instance"] == "prepull-nginx")
    #expect(pod.metadata.annotations?["prepull.dev/node"] == "node-1")
  }

  @Test("Names stay within what a host may be called, however long the user's is")
  func names() throws {
    let long = try objects { $0.name = String(repeating: "a", count: 63) }
    for name in [pod(long).metadata.name ?? "", pod(try objects()).metadata.name ?? ""] {
      #expect(NamingRule.label.problem(in: name) == nil, "\(name)")
    }
    #expect(pod(try objects()).metadata.name == "prepull-nginx-x7k2p-12")
  }

  @Test("A pod of the largest part is far below what the API server takes")
  func size() throws {
    let long = String(repeating: "a", count: 120)
    let objects = try objects((0..<50).map { "registry.example.com/\(long)/\(long)/app-\($0):\(long)" })
    #expect(pod(objects, Array(0..<50)).encodedSize < 100_000)
  }

  @Test("What a quota, a LimitRange or a policy asks for is on the pods, and labels of ours stay ours")
  func template() throws {
    let objects = try objects {
      $0.template = PodTemplateOptions(
        labels: ["team": "web", RunObjects.Key.run: "other"], annotations: ["note": "x"],
        requests: ["memory": "64Mi"], limits: ["cpu": "100m"])
    }
    let pod = pod(objects)
    #expect(pod.metadata.labels?["team"] == "web")
    #expect(pod.metadata.labels?[RunObjects.Key.run] == "x7k2p")
    #expect(pod.metadata.annotations?["note"] == "x")
    for container in pod.spec.containers {
      #expect(container.resources?.requests == ["cpu": "1m", "memory": "64Mi"])
      #expect(container.resources?.limits == ["cpu": "100m"])
    }
    #expect(pod.spec.dnsPolicy == "Default")
  }

  @Test("A pod that proves what is there pulls nothing")
  func proof() throws {
    let objects = try objects { $0.policy = .always }
    let pod = objects.pod(
      .ofRun(on: "node-1", serial: 13), images: [1], architecture: .amd64,
      owner: objects.configMap(expires: ""), isProof: true)
    #expect(pod.spec.containers.map(\.imagePullPolicy) == [.never])
  }
}
