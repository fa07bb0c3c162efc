import Foundation
import ImageModel
import Registry
import Synchronization
import SwiftProtobuf
import SystemPackage
import TestKit
import Testing
import VirtualCluster

@testable import Runtimes

/// Where containerd says that it keeps what it has.
@Suite(.timeLimit(.minutes(1))) struct ContainerdPlacesTests {
  private typealias Plugin = Containerd_Services_Introspection_V1_Plugin

  private func plugin(_ type: String, _ id: String, _ root: String) -> Plugin {
    .with {
      $0.type = "io.containerd.\(type)"
      $0.id = id
      $0.exports = ["root": root]
    }
  }

  private func folders(_ plugins: [Plugin], images: [String]) throws -> [FilePath] {
    let folders = try ContainerdPlaces.folders(plugins, images: images)
    return [folders.content, folders.snapshots]
  }

  @Test func usual() throws {
    let plugins = [
      plugin("content.v1", "content", "/r/io.containerd.content.v1.content"),
      plugin("snapshotter.v1", "native", "/r/io.containerd.snapshotter.v1.native"),
      plugin("snapshotter.v1", "overlayfs", "/r/io.containerd.snapshotter.v1.overlayfs"),
    ]
    let found = try folders(plugins, images: ["/r/io.containerd.snapshotter.v1.overlayfs"])
    #expect(
      found.map(\.string) == ["/r/io.containerd.content.v1.content", "/r/io.containerd.snapshotter.v1.overlayfs"])
  }

  /// CRI of containerd 1 names the usual folder wherever the snapshotter has its own.
  @Test(arguments: ["/elsewhere/snaps", "/r/io.containerd.snapshotter.v1.overlayfs"])
  func snapshotsElsewhere(_ told: String) throws {
    let plugins = [
      plugin("content.v1", "content", "/r/c"), plugin("snapshotter.v1", "overlayfs", "/elsewhere/snaps"),
    ]
    #expect(try folders(plugins, images: [told]).map(\.string) == ["/r/c", "/elsewhere/snaps"])
  }

  @Test(arguments: ["native", "btrfs", "zfs", "stargz", "devmapper", "fuse-overlayfs"])
  func anotherSnapshotter(_ name: String) throws {
    let plugins = [
      plugin("content.v1", "content", "/r/c"),
      plugin("snapshotter.v1", "overlayfs", "/r/io.containerd.snapshotter.v1.overlayfs"),
    ]
    let error = #expect(throws: FastObstacle.self) {
      try folders(plugins, images: ["/r/io.containerd.snapshotter.v1.\(name)"])
    }
    #expect(error?.description == "containerd's snapshotter is \(name), not overlayfs")
  }

  @Test func aPluginThatIsMissingOrFailed() throws {
    var failed = plugin("snapshotter.v1", "overlayfs", "/r/io.containerd.snapshotter.v1.overlayfs")
    failed.initErr = .init()
    let content = plugin("content.v1", "content", "/r/c")
    #expect(throws: FastObstacle("containerd has no overlayfs snapshotter")) {
      try folders([content, failed], images: [])
    }
    #expect(throws: FastObstacle("containerd does not tell where its content store is")) { try folders([], images: []) }
  }
}

extension Daemons {
  /// A containerd whose folders or settings are not where they usually are.
  @Suite(.timeLimit(.minutes(10))) struct FastPlacesTests {
    @Test("Snapshots in another folder of the same file system", arguments: ContainerdRelease.all)
    func snapshotsElsewhere(_ release: ContainerdRelease) async throws {
      try await withTemporaryFolder("snaps") { folder in
        let more = """
          [plugins."io.containerd.snapshotter.v1.overlayfs"]
            root_path = "\(folder)/own"
          """
        try await FastLab.run(ContainerdOptions(release: release, more: more)) { lab in
          let image = try SampleImage(layers: [2_000_000, 1_000_000], gzip: true)
          try await lab.pull(lab.registry.add(image))
          try await lab.containerd.collectGarbage()
          let names = try FileManager.default.contentsOfDirectory(atPath: folder + "/own/snapshots")
          #expect(names.count == 2)
        }
      }
    }

    @Test("Snapshots on another file system are left to containerd", arguments: ContainerdRelease.all)
    func anotherFileSystem(_ release: ContainerdRelease) async throws {
      try await withSmallFileSystem(size: 100_000_000) { path in
        let more = """
          [plugins."io.containerd.snapshotter.v1.overlayfs"]
            root_path = "\(path)/own"
          """
        try await FastLab.run(ContainerdOptions(release: release, more: more)) { lab in
          let image = try SampleImage(layers: [2_000_000], gzip: true)
          let notes = Mutex<[String]>([])
          try await lab.pull(lab.registry.add(image), .auto, notes: { note in notes.withLock { $0.append(note) } })
          let said = notes.withLock { $0 }
          #expect(said.count == 1 && said[0].contains("are on two file systems"), "\(said)")
          #expect(lab.bytesAsked(of: image.variants[0].layers[0]).ours == 0)
        }
      }
    }

    /// containerd 2 alone has them, and only its own pulls ask them.
    @Test(
      "What an image verifier is to judge is named by containerd alone",
      arguments: ContainerdRelease.all.filter { $0.description.hasPrefix("containerd-2") }, [true, false])
    func verifier(_ release: ContainerdRelease, _ hasToken: Bool) async throws {
      try await withTemporaryFolder("verify") { folder in
        try FileManager.default.createDirectory(atPath: folder + "/bin", withIntermediateDirectories: true)
        let program = "#!/bin/sh\necho \"$@\" >> \(folder)/asked\n"
        #expect(
          FileManager.default.createFile(
            atPath: folder + "/bin/judge", contents: Data(program.utf8), attributes: [.posixPermissions: 0o755]))
        let more = """
          [plugins."io.containerd.image-verifier.v1.bindir"]
            bin_dir = "\(folder)/bin"
            max_verifiers = 10
            per_verifier_timeout = "10s"
          """
        try await FastLab.run(ContainerdOptions(release: release, more: more)) { lab in
          let image = try SampleImage(layers: [2_000_000], gzip: true)
          let notes = Mutex<[String]>([])
          try await lab.pull(
            lab.registry.add(image), .auto, credential: hasToken ? .registryToken("t") : nil,
            notes: { note in notes.withLock { $0.append(note) } })
          let said = notes.withLock { $0 }
          let asked = lab.bytesAsked(of: image.variants[0].layers[0])
          #expect((asked.ours == 0) == hasToken && (asked.runtimes == 0) != hasToken, "\(asked)")
          #expect(hasToken ? said.count == 1 && said[0].contains("image verifiers") : said.isEmpty, "\(said)")
        }
      }
    }
  }
}
