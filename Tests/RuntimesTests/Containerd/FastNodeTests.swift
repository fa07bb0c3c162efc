import Documents
import Foundation
import ImageModel
import Logging
import Registry
import Synchronization
import SystemPackage
import KubeAPIServer
import TestKit
import Testing
import VirtualCluster

@testable import Runtimes

extension Daemons {
  /// Where fast pulls are not used, and why.
  @Suite(.timeLimit(.minutes(10))) struct FastNodeTests {
    private func expectNote(_ part: String, _ lab: FastLab) async throws {
      let image = try SampleImage(gzip: true)
      let reference = lab.registry.add(image)
      let notes = Mutex<[String]>([])
      try await lab.pull(reference, .auto, notes: { note in notes.withLock { $0.append(note) } })
      let said = notes.withLock { $0 }
      #expect(said.count == 1 && said[0].contains(part), "\(said)")
      for layer in image.variants[0].layers { #expect(lab.bytesAsked(of: layer).ours == 0) }
      let error = await #expect(throws: RuntimeError.self) { try await lab.pull(reference, .always) }
      #expect(error?.code == .unsupported)
      #expect(error?.detail.contains(part) == true, "\(error?.description ?? "")")
      #expect(try lab.staging() == [])
      #expect(try await lab.leases() == [])
    }

    @Test(arguments: ContainerdRelease.all) func contentIsIsolated(_ release: ContainerdRelease) async throws {
      let more = """
        [plugins."io.containerd.metadata.v1.bolt"]
          content_sharing_policy = "isolated"
        """
      try await FastLab.run(ContainerdOptions(release: release, more: more)) { try await expectNote("isolated", $0) }
    }

    @Test(arguments: ContainerdRelease.all.prefix(2)) func theSnapshotterIsAnother(
      _ release: ContainerdRelease
    ) async throws {
      let more = """
        [plugins."io.containerd.grpc.v1.cri".containerd]
          snapshotter = "native"
        """
      try await FastLab.run(ContainerdOptions(release: release, more: more)) {
        try await expectNote("snapshotter is native", $0)
      }
    }

    /// containerd has a small image before it is known whether fast pulls can be done.
    @Test func theImageIsSmall() async throws {
      try await FastLab.run { lab in
        let image = try SampleImage(gzip: true)
        let reference = lab.registry.add(image)
        try await lab.connect(.auto, smallest: 1 << 20) { runtime, client in
          let resolved = try await client.image(reference, platform: .host)
          let order = PullOrder(reference: reference, platform: .host, resolved: resolved)
          _ = try await runtime.pull(order, progress: { _ in })
        }
        for layer in image.variants[0].layers { #expect(lab.bytesAsked(of: layer).ours == 0) }
        #expect(!FileManager.default.fileExists(atPath: lab.containerd.folder("root/prepull-staging")))
      }
    }

    /// A runtime that is not containerd pulls as ever, and nothing is said.
    @Test func theRuntimeIsAnother() async throws {
      try await withTemporaryFolder { folder in
        let endpoint = RuntimeEndpoint(kind: .cri, path: folder + "/s")
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let registry = RegistryClient(
          configuration: RegistryConfiguration(), credentials: Registry.NoCredentials(), logger: logger)
        let order = try SampleImage().order(
          Reference(registry: "docker.io", repository: "library/nginx", tag: "1.27", digest: nil))
        let fake = FakeCRI()
        try await fake.serve(at: endpoint.path) { endpoint in
          let notes = Mutex<[String]>([])
          let told = PullOrder(
            reference: order.reference, platform: order.platform, resolved: order.resolved,
            onNote: { note in notes.withLock { $0.append(note) } })
          try await withRuntime(
            endpoint, registry: registry, fast: .auto, fastSettings: FastSettings(smallest: 0), logger: logger
          ) { _ = try await $0.pull(told, progress: { _ in }) }
          #expect(notes.withLock { $0 } == [])
          #expect(fake.pulls.count == 1)
          let error = await #expect(throws: RuntimeError.self) {
            try await withRuntime(endpoint, registry: registry, fast: .always, logger: logger) { _ in }
          }
          #expect(error?.code == .unsupported)
          #expect(error?.detail.contains("containerd") == true)
        }
        try await registry.shutdown()
      }
    }

    @Test func theRegistryHasSettings() async throws {
      try await FastLab.run { lab in
        let folder = lab.containerd.folder("certs.d/\(lab.registry.host)")
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try Data("server =\n".utf8).write(to: URL(filePath: folder + "/hosts.toml"))
        // containerd cannot read it either; what it says of that is its own.
        let notes = Mutex<[String]>([])
        _ = try? await lab.pull(lab.registry.add(try SampleImage(gzip: true)), .auto) { note in
          notes.withLock { $0.append(note) }
        }
        let all = notes.withLock { $0 }
        #expect(all.contains { $0.contains("hosts.toml") && $0.contains("line 1") }, "\(all)")
      }
    }

    /// containerd 2 does not tell where its folders are; it was told by the file that it was started with.
    @Test("Layers come from the mirror that the node's hosts.toml names", arguments: ContainerdRelease.all)
    func heedsMirrors(_ release: ContainerdRelease) async throws {
      try await withEmbeddedRegistry { mirror in
        try await FastLab.run(ContainerdOptions(release: release)) { lab in
          let image = try SampleImage(gzip: true)
          mirror.add(image)
          let reference = lab.registry.add(image)
          let folder = lab.containerd.folder("certs.d/\(lab.registry.host)")
          try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
          try Data("[host.\"http://\(mirror.host)\"]\n".utf8).write(to: URL(filePath: folder + "/hosts.toml"))
          try await lab.pull(reference)
          for layer in image.variants[0].layers {
            let path = "/blobs/\(layer.descriptor.digest)"
            #expect(!lab.registry.requests.contains { $0.path.hasSuffix(path) })
            #expect(mirror.requests.contains { $0.path.hasSuffix(path) })
          }
        }
      }
    }

    @Test("A registry that only the node's hosts.toml makes known is pulled from fast")
    func heedsAuthorities() async throws {
      let authority = try CertificateAuthority()
      try await withRealRegistry(tls: authority) { registry in
        let reference = try await registry.push(try SampleImage(gzip: true))
        try await withTemporaryFolder { folder in
          let file = try authority.writeAuthority(to: folder)
          try await withEmbeddedRegistry { unused in
            try await withContainerd(ContainerdOptions(authorities: [registry.host: file])) { containerd in
              try await FastLab(containerd: containerd, registry: unused).connect { runtime, _ in
                let order = PullOrder(reference: reference, platform: .host, resolved: nil)
                let held = try await runtime.pull(order, progress: { _ in })
                #expect(!held.digests.isEmpty)
              }
            }
          }
        }
      }
    }

    /// The folder of a run that was killed, with what it left, and its lease.
    @Test func cleansUpAfterADeadRun() async throws {
      try await FastLab.run { lab in
        let dead = lab.containerd.folder("root/prepull-staging/run-dead")
        try FileManager.default.createDirectory(atPath: dead + "/x.fs/etc", withIntermediateDirectories: true)
        try Data().write(to: URL(filePath: dead + "/lock"))
        try await lab.containerd.ctr("leases", "create", "--id", "prepull-dead-1")
        try await lab.pull(lab.registry.add(try SampleImage(gzip: true)))
        #expect(try lab.staging() == [])
        #expect(try await lab.leases() == [])
      }
    }

    /// A blob that containerd does not find in its store is sent.
    @Test(arguments: ContainerdRelease.all) func sendsWhatIsNotSeen(_ release: ContainerdRelease) async throws {
      try await FastLab.run(ContainerdOptions(release: release)) { lab in
        try await CRIConnection.with(RuntimeEndpoint(parsing: lab.containerd.endpoint), limits: .test()) { connection in
          let bytes = (0..<5_500_000).map { UInt8(truncatingIfNeeded: $0 &* 7 >> 3) }
          let elsewhere = lab.containerd.folder("root/elsewhere")
          try FileManager.default.createDirectory(
            atPath: elsewhere + "/blobs/sha256", withIntermediateDirectories: true)
          let found = try await ContainerdPlaces.find(connection)
          let places = ContainerdPlaces(
            content: FilePath(elsewhere), snapshots: found.snapshots, verifier: found.verifier)
          let (folder, dead, _) = try StagingFolder.make(below: places.staging) { _ in }
          #expect(dead.isEmpty)
          let node = FastNode(
            places: places, staging: folder, dead: dead, registries: RuntimeRegistries(config: nil),
            settings: FastSettings(), logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
          let blob = StagedBlob(node: node, descriptor: DigestVerifier.descriptor(of: bytes), name: "x")
          try blob.create()
          try blob.write(bytes)
          let lease = try await ContainerdLease.begin("test", at: connection)
          let store = ContainerdStore(connection: connection, lease: lease, reference: nil)
          try await BlobAdoption(blob: blob, node: node, store: store, ref: "layer-x", labels: ["a": "b"]).run(
            Hold(nil, of: "layer-x", in: store))
          #expect(try await store.keep(blob: blob.descriptor.digest))
          let stored = try Data(contentsOf: URL(filePath: blob.target(in: FilePath(lab.content)).string))
          #expect(Array(stored) == bytes)
          #expect(try await lab.containerd.ctr("content", "list").contains("a=b"))
          await node.close(connection)
        }
      }
    }

    @Test(arguments: [
      (#"{"registry":{"configPath":"","mirrors":null,"configs":null}}"#, "docker.io", false),
      (#"{"registry":{"mirrors":{"docker.io":{"endpoint":["https://registry-1.docker.io"]}}}}"#, "docker.io", false),
      (#"{"registry":{"mirrors":{"docker.io":{"endpoint":["https://mirror.example"]}}}}"#, "docker.io", true),
      (#"{"registry":{"mirrors":{"*":{"endpoint":["https://mirror.example"]}}}}"#, "quay.io", true),
      (#"{"registry":{"configs":{"quay.io":{"auth":{}}}}}"#, "quay.io", true),
      (#"{"registry":{"configs":{"quay.io":{"auth":{}}}}}"#, "ghcr.io", false),
    ])
    func readsSettingsOfRegistries(_ config: String, _ registry: String, _ isSet: Bool) throws {
      let registries = RuntimeRegistries(config: try JSON(parsing: Array(config.utf8)))
      #expect((registries.settings(for: registry) != nil) == isSet)
    }

    @Test(arguments: [
      "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
      "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
      "application/vnd.oci.image.layer.v1.tar+gzip+encrypted", "application/x",
    ])
    func leavesOddLayersToTheRuntime(_ type: String) {
      let digest = DigestVerifier.descriptor(of: [1]).digest
      let layer = Descriptor(mediaType: type, digest: digest, size: 1)
      let manifest = Manifest(config: layer, layers: [layer])
      let obstacle = #expect(throws: FastObstacle.self) { try FastLayer.all(of: manifest, diffIDs: [digest]) }
      #expect(obstacle?.description.contains(type) == true)
    }
  }
}
