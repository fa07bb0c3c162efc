import Documents
import ImageModel
import KubeAPIServer
import Testing

@testable import VirtualCluster

/// Who may use what is on a node (KEP-2535), and what the node calls it.
@Suite(.serialized, .timeLimit(.minutes(5))) struct PullRecordTests {
  /// A registry where two users may read `team/`, and the pull secrets of both.
  private static func with(_ body: (Sandbox, String) async throws -> Void) async throws {
    try await Cluster.with(Cluster.options([NodeTemplate("node-1")])) { sandbox in
      sandbox.registry.require(.users(["ada": "1", "bob": "2"]), under: "team/")
      let image = sandbox.registry.add(try SampleImage(seed: 7), to: "team/app", tag: "v1").description
      try secret("ada", "ada", "1", sandbox)
      try secret("bob", "bob", "2", sandbox)
      try secret("eve", "eve", "3", sandbox)
      try await body(sandbox, image)
    }
  }

  private static func secret(_ name: String, _ user: String, _ password: String, _ sandbox: Sandbox) throws {
    let auth = Base64.encode(Array("\(user):\(password)".utf8))
    let config: JSON = ["auths": .object([sandbox.registry.host: ["auth": .string(auth)]])]
    try sandbox.store.create(
      [
        "metadata": ["name": .string(name), "namespace": "default"], "type": "kubernetes.io/dockerconfigjson",
        "data": [".dockerconfigjson": .string(Base64.encode(config.bytes()))],
      ], as: .secrets)
  }

  private static func run(
    _ name: String, _ images: [String], _ policy: String, _ secret: String?, _ sandbox: Sandbox
  ) throws {
    try sandbox.run(name, images, node: "node-1", policy: policy) { pod in
      if let secret { pod[path: "spec", "imagePullSecrets"] = [["name": .string(secret)]] }
    }
  }

  @Test func anImageOfASecretIsNotThereForPodsWithoutIt() async throws {
    try await Self.with { sandbox, image in
      try Self.run("first", [image], "IfNotPresent", "ada", sandbox)
      _ = try await sandbox.pod("first", in: "Succeeded")
      let text = "Container image \"\(image)\" is not present with pull policy of Never"
      for (name, secret) in [("none", nil), ("other", "bob"), ("wrong", "eve")] as [(String, String?)] {
        try Self.run(name, [image], "Never", secret, sandbox)
        let pod = try await sandbox.pod(name, when: "to be refused") { $0.waiting("c0") == "ErrImageNeverPull" }
        #expect(pod.waitingMessage("c0") == text)
      }
      try Self.run("same", [image], "Never", "ada", sandbox)
      _ = try await sandbox.pod("same", in: "Succeeded")
      // Without access the registry refuses: it is asked again.
      try Self.run("outsider", [image], "IfNotPresent", "eve", sandbox)
      _ = try await sandbox.pod("outsider", when: "to fail") { $0.waiting("c0") == "ImagePullBackOff" }
      // Another valid secret is let in once it has pulled: no layer is asked for.
      let layers = try SampleImage(seed: 7).variants[0].layers.map(\.descriptor.digest.description)
      sandbox.registry.clearRequests()
      try Self.run("record", [image], "IfNotPresent", "bob", sandbox)
      _ = try await sandbox.pod("record", in: "Succeeded")
      #expect(sandbox.messages("record").contains("Pulling image \"\(image)\""))
      #expect(!sandbox.registry.requests.contains { request in layers.contains { request.path.hasSuffix($0) } })
      _ = try await sandbox.pod("other", in: "Succeeded")
      #expect(sandbox.pod("none")?.waiting("c0") == "ErrImageNeverPull")
    }
  }

  @Test func anImageOfNoSecretOrPutTherePastTheKubeletIsOpenToAll() async throws {
    try await Self.with { sandbox, image in
      let open = sandbox.registry.add(try SampleImage(seed: 8), to: "open/app", tag: "v1").description
      try Self.run("first", [open], "IfNotPresent", nil, sandbox)
      _ = try await sandbox.pod("first", in: "Succeeded")
      try Self.run("second", [open], "Never", "eve", sandbox)
      _ = try await sandbox.pod("second", in: "Succeeded")
      let preloaded = sandbox.registry.add(try SampleImage(seed: 9), to: "team/preloaded", tag: "v1").description
      sandbox.registry.require(.open, under: "team/preloaded")
      try await sandbox.preload(preloaded, on: "node-1")
      sandbox.registry.require(.users(["ada": "1"]), under: "team/preloaded")
      try Self.run("third", [preloaded], "Never", nil, sandbox)
      _ = try await sandbox.pod("third", in: "Succeeded")
    }
  }

  @Test func kubeletsBefore135LetEveryPodIn() async throws {
    var node = NodeTemplate("node-1")
    node.hasPullRecords = false
    try await Cluster.with(Cluster.options([node])) { sandbox in
      sandbox.registry.require(.users(["ada": "1"]), under: "team/")
      let image = sandbox.registry.add(try SampleImage(seed: 7), to: "team/app", tag: "v1").description
      try Self.secret("ada", "ada", "1", sandbox)
      try Self.run("first", [image], "IfNotPresent", "ada", sandbox)
      _ = try await sandbox.pod("first", in: "Succeeded")
      try Self.run("second", [image], "Never", nil, sandbox)
      _ = try await sandbox.pod("second", in: "Succeeded")
    }
  }

  @Test func theSameContentHasOneNameWhateverItWasPulledAs() async throws {
    try await Self.with { sandbox, _ in
      let platforms = [Platform.host, Platform(os: "linux", architecture: "s390x")]
      let image = try SampleImage(seed: 10, platforms: platforms)
      let index = sandbox.registry.add(image, to: "b/app", tag: "v1")
      let copy = sandbox.registry.add(manifest: image.variants[0].manifest, to: "a/copy", tag: "v1")
      try Self.run("one", [index.description], "IfNotPresent", nil, sandbox)
      let one = try await sandbox.pod("one", in: "Succeeded")
      let root = image.root.descriptor.digest
      #expect(one.container("c0")?["imageID"] == .string("\(index.name)@\(root)"))
      try Self.run("two", [copy.description], "IfNotPresent", nil, sandbox)
      let two = try await sandbox.pod("two", in: "Succeeded")
      let other = "\(copy.name)@\(image.variants[0].manifest.descriptor.digest)"
      #expect(two.container("c0")?["imageID"] == .string(other))
      // From now on the first name is what the node states for the other one, too.
      try Self.run("proof", [index.description, "\(index.name)@\(root)"], "Never", nil, sandbox)
      let proof = try await sandbox.pod("proof", in: "Succeeded")
      #expect(proof.container("c0")?["imageID"] == .string(other))
      #expect(proof.container("c1")?["imageID"] == .string(other))
      #expect(proof.container("c1")?["image"] == .string(copy.description))
      // The node's own list counts the content once.
      let images = await sandbox.fleet.kubelet("node-1")?.images.all ?? []
      let listed = NodeDocument.list(images).filter { $0["names"]?.array?.contains(.string(other)) == true }
      #expect(listed.count == 1 && listed.first?["names"]?.array?.contains(.string("\(index.name)@\(root)")) == true)
    }
  }

  @Test func aTagThatMovedLeavesTheOldContentItsDigest() async throws {
    try await Self.with { sandbox, _ in
      let old = try SampleImage(seed: 11)
      let reference = sandbox.registry.add(old, to: "c/app", tag: "v1")
      try Self.run("one", [reference.description], "IfNotPresent", nil, sandbox)
      _ = try await sandbox.pod("one", in: "Succeeded")
      let new = try SampleImage(seed: 12)
      sandbox.registry.add(new, to: "c/app", tag: "v1")
      let newDigest = reference.at(new.root.descriptor.digest).description
      // The new content under its digest does not move the tag.
      try Self.run("two", [newDigest], "IfNotPresent", nil, sandbox)
      _ = try await sandbox.pod("two", in: "Succeeded")
      try Self.run("three", [reference.description], "Never", nil, sandbox)
      let three = try await sandbox.pod("three", in: "Succeeded")
      let oldDigest = reference.at(old.root.descriptor.digest).description
      #expect(three.container("c0")?["imageID"] == .string(oldDigest))
      try Self.run("four", [reference.description], "Always", nil, sandbox)
      let four = try await sandbox.pod("four", in: "Succeeded")
      #expect(four.container("c0")?["imageID"] == .string(newDigest))
      try Self.run("five", [oldDigest], "Never", nil, sandbox)
      let five = try await sandbox.pod("five", in: "Succeeded")
      #expect(five.container("c0")?["imageID"] == .string(oldDigest))
      // Collected, content goes with all of its names.
      try await sandbox.removeImage(reference.description, from: "node-1")
      #expect(try await sandbox.image(newDigest, on: "node-1") == nil)
      #expect(try await sandbox.image(oldDigest, on: "node-1") != nil)
    }
  }
}
