import struct Crypto.SHA256
import Foundation
import ImageModel
import KubeAPIServer
import Networking
import Registry
import Synchronization
import TestKit
import Testing
import VirtualCluster

@testable import Runtimes

extension Daemons {
  /// Images that are not what they say, and what ends in the middle of a pull.
  @Suite(.timeLimit(.minutes(15))) struct FastTroubleTests {
    /// Adds an image of one layer whose configuration says of it what the caller says.
    private func add(_ layer: SampleImage.Blob, diffID: Digest, to registry: EmbeddedRegistry) throws -> Reference {
      let config = SampleImage.Blob(
        Array(try JSONEncoder().encode(ImageConfig(platform: .host, diffIDs: [diffID]))),
        mediaType: MediaType.ociConfig)
      for blob in [layer, config] { registry.add(blob) }
      let manifest = Manifest(config: config.descriptor, layers: [layer.descriptor])
      return registry.add(
        manifest: SampleImage.Blob(Array(try JSONEncoder().encode(manifest)), mediaType: MediaType.ociManifest))
    }

    private func expectNothing(of reference: Reference, in lab: FastLab) async throws {
      #expect(try lab.staging() == [])
      #expect(try await lab.leases() == [])
      #expect(try lab.containerd.ingests() == [])
      try await lab.connect(.off) { runtime, _ in
        let held = try await runtime.image(reference)
        #expect(held == nil)
      }
      try await lab.containerd.collectGarbage()
      #expect(try await lab.files().isEmpty)
    }

    /// containerd finds it out for itself too, where it is asked.
    @Test(arguments: [FastPulls.always, .auto]) func aLayerUnpacksToSomethingElse(_ fast: FastPulls) async throws {
      try await FastLab.run { lab in
        let layer = try SampleImage(layers: [3_000_000], gzip: true).variants[0].layers[0]
        let wrong = DigestVerifier.descriptor(of: [1]).digest
        let reference = try add(layer, diffID: wrong, to: lab.registry)
        let error = await #expect(throws: RuntimeError.self) { try await lab.pull(reference, fast) }
        if fast == .always {
          #expect(error?.code == .registry(.malformedImage))
          #expect(error?.detail.contains("\(wrong)") == true, "\(error?.detail ?? "")")
        }
        try await expectNothing(of: reference, in: lab)
      }
    }

    /// More than 200 times of its size is left to the runtime, which takes it.
    @Test func aLayerOfZeros() async throws {
      try await FastLab.run { lab in
        let (packed, diffID) = try await withTemporaryFolder("zeros") { folder in
          let script = """
            set -euo pipefail; cd "$1"; truncate -s 400M zeros; tar -cf tar zeros; rm zeros
            sha256sum < tar | cut -d ' ' -f 1; gzip -n tar
            """
          let sum = try await output(of: "bash", ["-c", script, "zeros", folder])
          return (
            Array(try Data(contentsOf: URL(filePath: folder + "/tar.gz"))),
            try Digest(parsing: "sha256:" + sum.trimmingCharacters(in: .whitespacesAndNewlines))
          )
        }
        let layer = SampleImage.Blob(packed, mediaType: MediaType.ociLayerGzip)
        let reference = try add(layer, diffID: diffID, to: lab.registry)
        let error = await #expect(throws: RuntimeError.self) { try await lab.pull(reference, .always) }
        #expect(error?.code == .registry(.malformedImage) && error?.detail.contains("bytes") == true)
        try await expectNothing(of: reference, in: lab)
        let notes = Mutex<[String]>([])
        try await lab.pull(reference, .auto, notes: { note in notes.withLock { $0.append(note) } })
        #expect(notes.withLock { $0.count == 1 && $0[0].contains("runtime's own pull") })
        #expect(try await lab.files().count == 1)
      }
    }

    /// A window of over 32 MiB, as `zstd --long` makes it, which the child does not have; containerd takes it.
    @Test(arguments: ContainerdRelease.all) func aLargeZstdWindow(_ release: ContainerdRelease) async throws {
      try await FastLab.run(ContainerdOptions(release: release)) { lab in
        let (packed, diffID) = try await withTemporaryFolder("zstd") { folder in
          // From a pipe: of a file that it knows it takes a window of no more than its size.
          let script = """
            set -euo pipefail; cd "$1"; head -c 300000 /dev/urandom > file; tar -cf tar file
            sha256sum < tar | cut -d ' ' -f 1; cat tar | zstd -q --long=26 -c > tar.zst
            """
          let sum = try await output(of: "bash", ["-c", script, "zstd", folder])
          return (
            Array(try Data(contentsOf: URL(filePath: folder + "/tar.zst"))),
            try Digest(parsing: "sha256:" + sum.trimmingCharacters(in: .whitespacesAndNewlines))
          )
        }
        let layer = SampleImage.Blob(packed, mediaType: MediaType.ociLayerZstd)
        let reference = try add(layer, diffID: diffID, to: lab.registry)
        let error = await #expect(throws: RuntimeError.self) { try await lab.pull(reference, .always) }
        #expect(error?.detail.contains("zstd window is larger than 32 MiB") == true, "\(error?.detail ?? "")")
        try await expectNothing(of: reference, in: lab)
        let notes = Mutex<[String]>([])
        try await lab.pull(reference, .auto, notes: { note in notes.withLock { $0.append(note) } })
        #expect(notes.withLock { $0.count == 1 && $0[0].contains("left to the runtime's own pull") })
        #expect(try await lab.files().count == 1)
        #expect(try lab.staging() == [])
      }
    }

    /// The registry takes the token of before no more, when some of the layers are there.
    @Test func theTokenEndsInTheMiddle() async throws {
      try await withTokenServer(certificates: CertificateAuthority()) { tokens in
        try await FastLab.run { lab in
          let image = try SampleImage(layers: [6_000_000, 3_000_000], gzip: true)
          let reference = lab.registry.add(image)
          lab.registry.require(.bearer(tokens))
          let asked = Mutex(0)
          lab.registry.inject(.hang) { request in
            let isDue =
              request.headers["range"] != nil
              && asked.withLock { count in
                count += 1
                return count == 4
              }
            if isDue { tokens.revokeAll() }
            return false
          }
          try await lab.pull(reference)
          #expect(lab.registry.requests.contains { $0.headers["range"] != nil })
          #expect(asked.withLock { $0 } > 4)
          #expect(tokens.requests.count >= 2)
          #expect(try await lab.files().count == 2)
          #expect(try lab.staging() == [])
        }
      }
    }

    /// Whatever is to be written when the disk is full: it is said, and nothing of it stays.
    @Test(arguments: stride(from: 4_000_000, through: 36_000_000, by: 4_000_000).map { $0 })
    func theDiskIsFullAnywhere(_ size: Int) async throws {
      try await FastLab.run(ContainerdOptions(diskSize: size)) { lab in
        let image = try SampleImage(layers: [9_000_000, 2_000_000], gzip: true)
        let reference = lab.registry.add(image)
        var failure: RuntimeError?
        do {
          try await lab.pull(reference, .auto)
        } catch let error as RuntimeError {
          failure = error
        }
        #expect(failure == nil || failure?.code == .noSpace, "\(failure?.description ?? "")")
        #expect(failure == nil || size < 30_000_000)
        #expect(failure != nil || size > 10_000_000)
        if failure != nil { try await expectNothing(of: reference, in: lab) }
      }
    }

    @Test("Where nothing but fast pulls is wanted, what the registry said is the reason, with its remedy")
    func refusedByTheRegistry() async throws {
      try await FastLab.run { lab in
        let reference = lab.registry.add(try SampleImage(layers: [2_000_000], gzip: true))
        lab.registry.require(.basic(username: "ann", password: "secret"))
        for (image, cause) in [
          (reference.description, "login"), ("127.0.0.1:1/shop/web:1", "refused"),
        ] {
          let run = try await PrepullProgram.run([
            "pull", "--fast", "always", "--runtime", lab.containerd.endpoint, "--retries", "0", image,
          ])
          #expect(run.exitCode == 1, "\(run)")
          let text = run.output + run.errors
          #expect(text.contains(cause) && !text.contains("--fast auto"), "\(run)")
        }
      }
    }

    @Test func twoProcesses() async throws {
      try await FastLab.run { lab in
        let image = try SampleImage(layers: Array(repeating: 3_000_000, count: 6), gzip: true)
        let reference = lab.registry.add(image)
        lab.registry.limit(reader: nil, registry: 15_000_000)
        let arguments = ["pull", "--fast", "always", "--runtime", lab.containerd.endpoint, reference.description]
        try await withThrowingTaskGroup(of: PrepullProgram.Outcome.self) { group in
          for _ in 1...2 { group.addTask { try await PrepullProgram.run(arguments) } }
          for try await run in group { #expect(run.exitCode == 0, "\(run.errors)") }
        }
        for layer in image.variants[0].layers {
          let asked = lab.bytesAsked(of: layer)
          #expect(asked.ours == layer.bytes.count && asked.runtimes == 0, "\(asked)")
        }
        try await lab.containerd.collectGarbage()
        #expect(try await lab.files().count == 6)
        #expect(try lab.staging() == [])
        #expect(try await lab.leases() == [])
      }
    }
  }
}
