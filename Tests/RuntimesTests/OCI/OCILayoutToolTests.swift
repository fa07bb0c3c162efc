import Foundation
import ImageModel
import TestKit
import Testing
import VirtualCluster

@testable import Runtimes

/// Other programs read what we wrote.
@Suite("OCI layout: other tools", .timeLimit(.minutes(10)))
struct OCILayoutToolTests {
  private static let other = Platform(
    os: "linux", architecture: Platform.host.architecture == "s390x" ? "amd64" : "s390x")

  /// Pulls an image into the lab's layout.
  private func pull(_ image: SampleImage, _ lab: LayoutLab) async throws -> Reference {
    let reference = lab.registry.add(image)
    _ = try await lab.runtime().pull(lab.order(reference)) { _ in }
    return reference
  }

  @Test(arguments: [false, true])
  func skopeoReadsIt(forTwoPlatforms: Bool) async throws {
    try await withLayoutLab { lab in
      let image = try SampleImage(platforms: forTwoPlatforms ? [.host, Self.other] : [.host], gzip: true)
      let reference = try await pull(image, lab)
      let source = "oci:\(lab.path):\(reference)"
      let raw = try await output(of: "skopeo", ["inspect", "--raw", source])
      #expect(Array(raw.utf8) == image.root.bytes)
      try await output(of: "skopeo", ["copy", source, "dir:\(lab.path).copy"])
      for blob in [image.variants[0].config] + image.variants[0].layers {
        #expect(FileManager.default.fileExists(atPath: "\(lab.path).copy/\(blob.descriptor.digest.encoded)"))
      }
    }
  }

  @Test func skopeoReadsDockerManifestsWhenTheyAreAlone() async throws {
    try await withLayoutLab { lab in
      let image = try SampleImage(platforms: [.host, Self.other], docker: true)
      _ = try await pull(image, lab)
      let raw = try await output(of: "skopeo", ["inspect", "--raw", "oci:\(lab.path)"])
      #expect(Array(raw.utf8) == image.root.bytes)
      try await output(of: "skopeo", ["copy", "oci:\(lab.path)", "dir:\(lab.path).copy"])
    }
  }

  @Test func umociUnpacksIt() async throws {
    try await withLayoutLab { lab in
      let image = try SampleImage(files: ["etc/motd": Array("hello".utf8)], gzip: true)
      let reference = try await pull(image, lab)
      #expect(try await output(of: "umoci", ["list", "--layout", lab.path]).contains("\(reference)"))
      try await output(
        of: "umoci", ["unpack", "--rootless", "--image", "\(lab.path):\(reference)", lab.path + ".bundle"])
      #expect(try String(contentsOfFile: lab.path + ".bundle/rootfs/etc/motd", encoding: .utf8) == "hello")
    }
  }

  @Test(arguments: [false, true], ContainerdRelease.all)
  func containerdImportsItUnderItsName(docker: Bool, release: ContainerdRelease) async throws {
    try await withContainerd(ContainerdOptions(release: release)) { containerd in
      try await withLayoutLab { lab in
        let image = try SampleImage(platforms: [.host, Self.other], gzip: true, docker: docker)
        let reference = try await pull(image, lab)
        try await output(of: "tar", ["-C", lab.path, "-cf", "\(lab.path).tar", "."])
        try await containerd.ctr("images", "import", "\(lab.path).tar")
        let images = try await containerd.ctr("images", "list")
        let line = try #require(images.split(separator: "\n").first { $0.hasPrefix("\(reference) ") })
        #expect(line.contains("\(image.root.descriptor.digest)"))
        // Besides it, only the name that containerd's CRI gives to an image by itself.
        #expect(images.split(separator: "\n").dropFirst().filter { !$0.hasPrefix("sha256:") } == [line])
        let check = try await containerd.ctr("images", "check")
        #expect(check.contains("complete (\(image.variants[0].layers.count + 1)/"))
      }
    }
  }

  @Test func skopeosEntriesAreReadAndKept() async throws {
    try await withLayoutLab { lab in
      let image = try SampleImage(seed: 5, gzip: true)
      let theirs = lab.registry.add(image, tag: "theirs")
      try await output(
        of: "skopeo", ["copy", "--src-tls-verify=false", "docker://\(theirs)", "oci:\(lab.path):\(theirs)"])
      let found = try #require(try await lab.runtime().image(theirs))
      #expect(found.id == "\(image.variants[0].config.descriptor.digest)")
      let ours = try await pull(try SampleImage(seed: 6, gzip: true), lab)
      #expect(try await lab.runtime().list().flatMap(\.references) == ["\(theirs)", "\(ours)"])
      #expect(try await lab.runtime().remove(ours))
      try await output(of: "skopeo", ["copy", "oci:\(lab.path):\(theirs)", "dir:\(lab.path).copy"])
    }
  }

  @Test func whatContainerdExportsIsFound() async throws {
    try await withContainerd { containerd in
      try await withLayoutLab { lab in
        let image = try SampleImage(gzip: true)
        let reference = lab.registry.add(image)
        try await containerd.ctr("images", "pull", "--plain-http", "\(reference)")
        try await containerd.ctr("images", "export", "\(lab.path).tar", "\(reference)")
        try FileManager.default.createDirectory(atPath: lab.path, withIntermediateDirectories: true)
        try await output(of: "tar", ["-C", lab.path, "-xf", "\(lab.path).tar"])
        let found = try #require(try await lab.runtime().image(reference))
        #expect(found.digests == [image.root.descriptor.digest])
        #expect(try await lab.runtime().list() == [found])
        let before = try lab.index()
        #expect(try await lab.runtime().pull(lab.order(reference)) { _ in } == found)
        #expect(try lab.index() == before)
        #expect(lab.offsets(of: image.variants[0].layers[0].descriptor).count == 1)
      }
    }
  }
}
