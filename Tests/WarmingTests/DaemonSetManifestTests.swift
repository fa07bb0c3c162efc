import Warming
import Foundation
import ImageModel
import Kubernetes
import Testing

@Suite("DaemonSet manifest", .timeLimit(.minutes(10)))
struct DaemonSetManifestTests {
  @Test("A ConfigMap carries touch for the architectures asked for, and each has a DaemonSet that mounts it")
  func architectures() throws {
    var manifest = try manifest("nginx:1.27")
    manifest.architectures = [.s390x, .amd64]
    let resources = try manifest.resources()
    let files = try #require((resources[0] as? ConfigMap)?.binaryData)
    #expect(files.entries.keys.sorted() == ["touch-amd64", "touch-s390x"])
    for architecture in manifest.architectures {
      let text = try #require(files["touch-\(architecture.rawValue)"])
      #expect(Data(base64Encoded: text) == Data(TouchProgram.bytes(for: architecture)))
    }

    let sets = resources.compactMap { $0 as? DaemonSet }
    #expect(sets.map(\.metadata.name) == ["prepull-nginx-amd64", "prepull-nginx-s390x"])
    for (set, architecture) in zip(sets, ["amd64", "s390x"]) {
      let pod = set.spec.template.spec
      #expect(pod.nodeSelector == ["kubernetes.io/arch": architecture, "kubernetes.io/os": "linux"])
      let volume = try #require(pod.volumes?.first?.configMap)
      #expect(volume.name == resources[0].metadata.name)
      #expect(volume.defaultMode == 0o555)
      #expect(volume.items == [Volume.KeyToPath(key: "touch-\(architecture)", path: "touch")])
    }
  }

  @Test("No two DaemonSets select each other's pods, and each selects its own")
  func selectors() throws {
    var manifest = try manifest("nginx")
    manifest.labels = ["team": "web"]
    let sets = try daemonSets(of: manifest)
    #expect(Set(sets.map(\.spec.selector)).count == sets.count)
    for set in sets {
      let selected = try #require(set.spec.selector.matchLabels?.entries)
      let labels = try #require(set.spec.template.metadata.labels?.entries)
      #expect(selected.allSatisfy { labels[$0.key] == $0.value })
      #expect(labels["team"] == "web")
      #expect(selected["team"] == nil, "a selector cannot be changed later, labels can")
    }
  }

  @Test("The kubelet engine: an init container per image, as the user writes it, and one that holds on the first")
  func kubelet() throws {
    let digest = "sha256:" + String(repeating: "a", count: 64)
    var manifest = try manifest("nginx", "docker.io/library/redis:7", "[::1]:5000/app@\(digest)")
    manifest.policy = .always
    let pod = try daemonSets(of: manifest)[0].spec.template.spec
    let pulling = try #require(pod.initContainers)
    #expect(pulling.map(\.image) == ["nginx", "docker.io/library/redis:7", "[::1]:5000/app@\(digest)"])
    #expect(pulling.map(\.name) == ["nginx-latest", "redis-7", "app"])
    #expect(pulling.allSatisfy { $0.command == ["/prepull/touch"] && $0.imagePullPolicy == .always })
    #expect(pod.containers.map(\.image) == ["nginx"])
    #expect(pod.containers[0].command == ["/prepull/touch", "hold"])
    #expect(pod.containers[0].imagePullPolicy == .ifNotPresent)
  }

  @Test("Isolated: a container that holds per image, and nothing that could keep them waiting")
  func isolated() throws {
    var manifest = try manifest("nginx", "redis")
    manifest.isolate = true
    manifest.policy = .always
    let pod = try daemonSets(of: manifest)[0].spec.template.spec
    #expect(pod.initContainers == nil)
    #expect(pod.containers.map(\.image) == ["nginx", "redis"])
    #expect(pod.containers.allSatisfy { $0.command == ["/prepull/touch", "hold"] && $0.imagePullPolicy == .always })
  }

  @Test("The kubelet engine keeps Pod Security's restricted level", arguments: [false, true])
  func restricted(isolate: Bool) throws {
    var manifest = try manifest("nginx", "redis")
    manifest.isolate = isolate
    manifest.pullSecrets = ["regcred"]
    for set in try daemonSets(of: manifest) {
      #expect(restrictedViolations(of: set.spec.template.spec) == [])
    }
  }

  @Test(
    "The engines with a socket are root in one container only, without capabilities",
    arguments: [DaemonSetManifest.Engine.docker, .cri])
  func privileges(engine: DaemonSetManifest.Engine) throws {
    var manifest = try manifest("nginx")
    manifest.engine = engine
    let pod = try daemonSets(of: manifest)[0].spec.template.spec
    #expect(
      restrictedViolations(of: pod) == [
        "volume runtime is neither configMap nor projected", "pull: runAsNonRoot", "pull: runAsUser",
      ])
  }

  @Test("Docker and CRI: prepull pull with the socket, the policy, the credentials and the images")
  func sockets() throws {
    var manifest = try manifest("hello-world", "ghcr.io/a/b:1")
    manifest.engine = .docker
    var pod = try daemonSets(of: manifest)[0].spec.template.spec
    #expect(
      pod.initContainers?.map(\.args) == [
        [
          "pull", "--runtime", "docker:///var/run/docker.sock", "--policy", "IfNotPresent", "hello-world",
          "ghcr.io/a/b:1",
        ]
      ])
    #expect(pod.initContainers?.map(\.image) == ["example.com/prepull:1"])
    #expect(pod.containers.map(\.image) == ["example.com/prepull:1"])
    #expect(pod.volumes?.map(\.name) == ["touch", "runtime"])

    manifest.engine = .cri
    manifest.socket = "/run/k3s/containerd/containerd.sock"
    manifest.policy = .always
    manifest.pullSecrets = ["one", "two.example"]
    pod = try daemonSets(of: manifest)[0].spec.template.spec
    let pull = try #require(pod.initContainers?.first)
    #expect(
      pull.args == [
        "pull", "--runtime", "cri:///run/k3s/containerd/containerd.sock", "--policy", "Always",
        "--auth-file", "/prepull/auth/one.json", "--auth-file", "/prepull/auth/two.example.json",
        "hello-world", "ghcr.io/a/b:1",
      ])
    let runtime = try #require(pod.volumes?.first { $0.name == "runtime" }?.hostPath)
    #expect(runtime == Volume.HostPathSource(path: "/run/k3s/containerd/containerd.sock", type: "Socket"))
    #expect(pull.volumeMounts?.map(\.mountPath) == ["/run/k3s/containerd/containerd.sock", "/prepull/auth"])
    let auth = try #require(pod.volumes?.first { $0.name == "auth" }?.projected)
    #expect(auth.defaultMode == 0o400)
    #expect(auth.sources.compactMap(\.secret?.name) == ["one", "two.example"])
    #expect(auth.sources.compactMap(\.secret?.items?.first?.key) == [".dockerconfigjson", ".dockerconfigjson"])
    // The kubelet may need them for Prepull's own image.
    #expect(pod.imagePullSecrets?.map(\.name) == ["one", "two.example"])
  }

  @Test("Every pod ends quickly, asks for next to nothing, and needs nothing from the API server")
  func shell() throws {
    for engine in DaemonSetManifest.Engine.allCases {
      var manifest = try manifest("nginx")
      manifest.engine = engine
      for set in try daemonSets(of: manifest) {
        let pod = set.spec.template.spec
        #expect(pod.automountServiceAccountToken == false)
        #expect(pod.enableServiceLinks == false)
        #expect(pod.tolerations == nil)
        #expect(
          set.spec.template.metadata.annotations?["cluster-autoscaler.kubernetes.io/safe-to-evict"] == "true")
        for container in (pod.initContainers ?? []) + pod.containers {
          #expect(container.resources?.requests?["cpu"] != nil)
          #expect(container.resources?.limits == nil)
        }
      }
    }
  }

  @Test("Container names are labels of their own, however alike the images are")
  func containerNames() throws {
    let long = String(repeating: "a", count: 90)
    let manifest = try manifest(
      "a.io/x/my__image.v2:Tag_1", "b.io/x/my__image.v2:Tag_1", "hold", "x/\(long):1", "y/\(long):2", "pull", "1a:2"
    )
    let pod = try daemonSets(of: manifest)[0].spec.template.spec
    let names = ((pod.initContainers ?? []) + pod.containers).map(\.name)
    #expect(Set(names).count == names.count)
    #expect(names.allSatisfy { NamingRule.label.problem(in: $0) == nil })
    #expect(names.prefix(2) == ["my-image-v2-tag-1", "my-image-v2-tag-1-2"])
  }

  @Test("The name comes from the first image and leaves room for what is put behind it")
  func derivedName() throws {
    #expect(try manifest("ghcr.io/org/My.app".lowercased(), "redis").effectiveName == "prepull-my-app")
    let long = try manifest("x/" + String(repeating: "a-", count: 60) + "b:1")
    #expect(long.effectiveName.count <= 49)
    #expect(NamingRule.label.problem(in: long.effectiveName) == nil)
    var all = long
    all.architectures = Set(TouchProgram.Architecture.allCases)
    #expect(try all.resources().allSatisfy { ($0.metadata.name ?? "").count + "-abcde".count <= 63 })
  }

  @Test("Names, labels, annotations and placement reach every object that they are for")
  func options() throws {
    var manifest = try manifest("nginx")
    manifest.name = "warm"
    manifest.namespace = "prepull"
    manifest.labels = ["team": "web"]
    manifest.annotations = ["note": "x", "cluster-autoscaler.kubernetes.io/safe-to-evict": "false"]
    manifest.nodeSelector = ["pool": "gpu"]
    manifest.tolerations = [try Toleration(parsing: "all")]
    manifest.priorityClass = "low"
    manifest.maxUnavailable = .int(3)
    for resource in try manifest.resources() {
      #expect(resource.metadata.namespace == "prepull")
      #expect(resource.metadata.name?.hasPrefix("warm") == true)
      #expect(resource.metadata.labels?["team"] == "web")
      #expect(resource.metadata.labels?["app.kubernetes.io/instance"] == "warm")
      #expect(resource.metadata.annotations == manifest.annotations)
    }
    for set in try daemonSets(of: manifest) {
      let pod = set.spec.template.spec
      #expect(pod.nodeSelector?["pool"] == "gpu")
      #expect(pod.tolerations == [Toleration(operator: .exists)])
      #expect(pod.priorityClassName == "low")
      #expect(set.spec.updateStrategy == .rollingUpdate(maxUnavailable: .int(3)))
      #expect(set.spec.template.metadata.annotations == manifest.annotations)
    }
  }

  @Test("Many images are one object as long as the API server takes it, and refused beyond")
  func size() throws {
    let many = try DaemonSetManifest(
      images: (0..<400).map { try wanted("registry.example.com/team/app-\($0):1") }, prepullImage: "p")
    #expect(many.needsServerSideApply(try many.resources()) == false)
    let more = try DaemonSetManifest(
      images: (0..<800).map { try wanted("registry.example.com/team/app-\($0):1") }, prepullImage: "p")
    #expect(more.needsServerSideApply(try more.resources()))
    let tooMany = try DaemonSetManifest(
      images: (0..<3000).map { try wanted("registry.example.com/team/app-\($0):1") }, prepullImage: "p")
    #expect { try tooMany.resources() } throws: { ($0 as? ManifestError)?.code == .tooLarge }
  }
}

func wanted(_ text: String) throws -> WantedImage {
  WantedImage(given: text, reference: try Reference(parsing: text))
}

func manifest(_ images: String...) throws -> DaemonSetManifest {
  DaemonSetManifest(images: try images.map(wanted), prepullImage: "example.com/prepull:1")
}

func daemonSets(of manifest: DaemonSetManifest) throws -> [DaemonSet] {
  try manifest.resources().compactMap { $0 as? DaemonSet }
}
