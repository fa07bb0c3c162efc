import Documents
import Foundation
import ImageModel
import Registry
import TestKit
import Testing
import VirtualCluster

@testable import Runtimes

@Suite("OCI layout: pull", .timeLimit(.minutes(10)))
struct OCILayoutPullTests {
  @Test func storesTheImageAndNamesIt() async throws {
    try await withLayoutLab { lab in
      let image = try SampleImage(layers: [100, 3_000_000, 40_000], gzip: true)
      let reference = lab.registry.add(image)
      let runtime = lab.runtime()
      #expect(try await runtime.image(reference) == nil)
      #expect(try await runtime.list() == [])

      let progress = ProgressRecord()
      let pulled = try await runtime.pull(lab.order(reference)) { progress.add($0) }

      let variant = image.variants[0]
      let size = image.blobs.reduce(0) { $0 + $1.descriptor.size }
      #expect(
        pulled
          == RuntimeImage(
            id: variant.config.descriptor.digest.description, references: [reference.description],
            digests: [image.root.descriptor.digest], sizeBytes: size))
      #expect(try await runtime.image(reference) == pulled)
      #expect(try await runtime.list() == [pulled])
      for blob in image.blobs + [image.root] { #expect(lab.blob(blob.descriptor) == blob.bytes) }
      #expect(progress.isMonotonic)
      #expect(progress.last == PullProgress(phase: .verifying, completedBytes: size, totalBytes: size))
      #expect(lab.partials == [] && lab.leases == [])
      #expect(
        try lab.index()
          == .object([
            "schemaVersion": .integer(2), "mediaType": .string(MediaType.ociIndex),
            "manifests": .array([
              .object([
                "mediaType": .string(MediaType.ociManifest), "digest": .string("\(image.root.descriptor.digest)"),
                "size": .integer(image.root.descriptor.size),
                "annotations": .object([
                  "org.opencontainers.image.ref.name": .string(reference.description),
                  "io.containerd.image.name": .string(reference.description),
                ]),
              ])
            ]),
          ]))
    }
  }

  @Test func showsTheLoginsOfTheOrder() async throws {
    try await withLayoutLab { lab in
      let reference = lab.registry.add(try SampleImage())
      lab.registry.require(.basic(username: "agent", password: "secret"))
      var order = lab.order(reference)
      await #expect(throws: RuntimeError.self) { try await lab.runtime().pull(order) { _ in } }
      order.logins = FixedLogins([.basic(username: "agent", password: "secret")])
      let held = try await lab.runtime().pull(order) { _ in }
      #expect(held.references == [reference.description])
    }
  }

  @Test func filesAreReadableByAll() async throws {
    try await withLayoutLab { lab in
      let image = try SampleImage()
      _ = try await lab.runtime().pull(lab.order(lab.registry.add(image))) { _ in }
      func mode(_ path: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
      }
      #expect(try mode(lab.path) == 0o755)
      #expect(try mode(lab.path + "/blobs/sha256") == 0o755)
      for file in ["oci-layout", "index.json"] { #expect(try mode(lab.path + "/" + file) == 0o644) }
      for blob in image.blobs { #expect(try mode("\(lab.layout.blob(blob.descriptor.digest))") == 0o644) }
    }
  }

  @Test func keepsAnIndexWhole_andOnlyTheBlobsOfItsPlatform() async throws {
    try await withLayoutLab { lab in
      let arm = Platform(os: "linux", architecture: "s390x")
      let intel = Platform(os: "linux", architecture: "riscv64")
      let image = try SampleImage(platforms: [arm, intel])
      let reference = lab.registry.add(image)
      let (first, second) = (lab.runtime(platform: arm), lab.runtime(platform: intel))

      let pulled = try await first.pull(lab.order(reference, platform: arm)) { _ in }
      #expect(pulled.digests == [image.root.descriptor.digest, image.variants[0].manifest.descriptor.digest])
      #expect(lab.blob(image.root.descriptor) == image.root.bytes)
      for blob in [image.variants[1].manifest, image.variants[1].config] + image.variants[1].layers {
        #expect(lab.blob(blob.descriptor) == nil)
      }
      #expect(try await first.image(reference) == pulled)
      #expect(try await second.image(reference) == nil)
      #expect(try await second.list() == [pulled])

      // The other platform joins under the same entry.
      let other = try await second.pull(lab.order(reference, platform: intel)) { _ in }
      #expect(other.id == image.variants[1].config.descriptor.digest.description)
      #expect(try await first.image(reference) == pulled)
      #expect(try await second.image(reference) == other)
      #expect(try lab.index()["manifests"]?.array?.count == 1)
    }
  }

  @Test func keepsDockerManifestsByteForByte() async throws {
    try await withLayoutLab { lab in
      let image = try SampleImage(indexed: true, docker: true)
      let reference = lab.registry.add(image)
      let pulled = try await lab.runtime().pull(lab.order(reference)) { _ in }
      #expect(pulled.digests.first == image.root.descriptor.digest)
      #expect(lab.blob(image.root.descriptor) == image.root.bytes)
      #expect(try lab.index()["manifests"]?.array?[0]["mediaType"]?.string == MediaType.dockerIndex)
    }
  }

  @Test func asksForNothingThatIsThere() async throws {
    try await withLayoutLab { lab in
      let image = try SampleImage(layers: [5000, 7000])
      let reference = lab.registry.add(image)
      let first = try await lab.runtime().pull(lab.order(reference)) { _ in }
      let layers = image.variants[0].layers.map(\.descriptor)
      #expect(layers.map(lab.offsets) == [[0], [0]])
      let progress = ProgressRecord()
      #expect(try await lab.runtime().pull(lab.order(reference)) { progress.add($0) } == first)
      #expect(layers.map(lab.offsets) == [[0], [0]])
      #expect(progress.last?.completedBytes == progress.last?.totalBytes)
    }
  }

  @Test func containerdsNameHasNoTagBesideADigest() async throws {
    try await withLayoutLab { lab in
      let image = try SampleImage()
      let tagged = lab.registry.add(image)
      let both = Reference(
        registry: tagged.registry, repository: tagged.repository, tag: tagged.tag,
        digest: image.root.descriptor.digest)
      _ = try await lab.runtime().pull(lab.order(both)) { _ in }
      let annotations = try lab.index()["manifests"]?.array?[0]["annotations"]
      #expect(annotations?["org.opencontainers.image.ref.name"]?.string == both.description)
      #expect(annotations?["io.containerd.image.name"]?.string == tagged.at(image.root.descriptor.digest).description)
      #expect(try await lab.runtime().image(both) != nil)
      #expect(try await lab.runtime().image(tagged) == nil)
    }
  }

  @Test func aMovedTagLetsGoOfTheOldImage() async throws {
    try await withLayoutLab { lab in
      let old = try SampleImage(seed: 1)
      let new = try SampleImage(seed: 2)
      let reference = lab.registry.add(old)
      _ = try await lab.runtime().pull(lab.order(reference)) { _ in }
      lab.registry.add(new)
      let pulled = try await lab.runtime().pull(lab.order(reference)) { _ in }
      #expect(pulled.digests == [new.root.descriptor.digest])
      #expect(try await lab.runtime().list() == [pulled])
      for blob in old.blobs + [old.root] { #expect(lab.blob(blob.descriptor) == nil) }
    }
  }

  @Test func mendsADamagedManifest() async throws {
    try await withLayoutLab { lab in
      let image = try SampleImage()
      let reference = lab.registry.add(image)
      _ = try await lab.runtime().pull(lab.order(reference)) { _ in }
      let damaged = [UInt8](repeating: 0, count: image.root.bytes.count)
      try Data(damaged).write(to: URL(filePath: "\(lab.layout.blob(image.root.descriptor.digest))"))
      #expect(try await lab.runtime().image(reference) == nil)
      #expect(try await lab.runtime().pull(lab.order(reference)) { _ in }.digests == [image.root.descriptor.digest])
    }
  }

  @Test func aShortBlobDoesNotCount() async throws {
    try await withLayoutLab { lab in
      let image = try SampleImage(layers: [5000])
      let reference = lab.registry.add(image)
      _ = try await lab.runtime().pull(lab.order(reference)) { _ in }
      let layer = image.variants[0].layers[0]
      try Data(layer.bytes.dropLast()).write(to: URL(filePath: "\(lab.layout.blob(layer.descriptor.digest))"))
      #expect(try await lab.runtime().image(reference) == nil)
      #expect(try await lab.runtime().list() == [])
      _ = try await lab.runtime().pull(lab.order(reference)) { _ in }
      #expect(lab.blob(layer.descriptor) == layer.bytes)
    }
  }

  @Test func spaceCountsTheBlobs() async throws {
    try await withLayoutLab { lab in
      let image = try SampleImage(layers: [50_000])
      let before = try await lab.runtime().space()
      #expect(before.usedBytes == 0)
      #expect((before.availableBytes ?? 0) > 0 && (before.capacityBytes ?? 0) >= (before.availableBytes ?? 0))
      _ = try await lab.runtime().pull(lab.order(lab.registry.add(image))) { _ in }
      let stored = (image.blobs + [image.root]).reduce(0) { $0 + $1.descriptor.size }
      #expect(try await lab.runtime().space().usedBytes == stored)
    }
  }

  @Test func saysWhatItIs() async throws {
    try await withLayoutLab { lab in
      let platform = Platform(os: "linux", architecture: "arm64")
      let identity = try await lab.runtime(platform: platform).identify()
      #expect(
        identity == RuntimeIdentity(name: "OCI layout", version: "1.0.0", apiVersion: "1.0.0", platform: platform))
      #expect(lab.runtime().endpoint.description == "oci:\(lab.path)")
    }
  }
}
