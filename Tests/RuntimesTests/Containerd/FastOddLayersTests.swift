import struct Crypto.SHA256
import Foundation
import ImageModel
import TestKit
import Testing
import VirtualCluster

@testable import Runtimes

extension Daemons {
  /// Layers that depend on those below them, which are unpacked at the same time.
  @Suite(.timeLimit(.minutes(10))) struct FastOddLayersTests {
    /// What each layer is made of: commands in an empty folder, and the entries of its archive in their order.
    private static let layers: [(commands: String, entries: String)] = [
      (
        """
        mkdir -p home/user tmp opt/gone opt/opaque/old; echo 1 > home/user/first; echo 2 > opt/gone/file
        echo 3 > opt/opaque/old/file; echo 4 > opt/file; ln opt/file opt/same; ln -s ../opt etc
        chown -R 1000:1001 home/user; chmod 0700 home/user; chmod 1777 tmp; chmod 4755 opt/file; chmod 0711 .
        """,
        "home home/user home/user/first tmp opt opt/gone opt/gone/file opt/opaque opt/opaque/old opt/opaque/old/file "
          + "opt/file opt/same etc"
      ),
      // No entry for the folders that the files are in.
      (
        "mkdir -p home/user/deep/er tmp opt; echo 5 > home/user/deep/er/file; echo 6 > tmp/file; echo > opt/.wh.gone",
        "home/user/deep/er/file tmp/file opt/.wh.gone"
      ),
      (
        "mkdir -p opt/opaque home/user; echo > opt/opaque/.wh..wh..opq; echo 7 > opt/opaque/new; echo 8 > home/user/last",
        "opt/opaque/.wh..wh..opq opt/opaque/new home/user/last"
      ),
      // Names its own folder.
      ("chown 7:8 .; chmod 0750 .; echo 9 > file", ". file"),
      ("echo 10 > file", "file"),
    ]

    private func add(to registry: EmbeddedRegistry) async throws -> Reference {
      var blobs: [SampleImage.Blob] = []
      var diffIDs: [Digest] = []
      for (commands, entries) in Self.layers {
        try await withTemporaryFolder("layer") { folder in
          let script = """
            set -eu; mkdir "$1/l"; cd "$1/l"; \(commands)
            find . -exec touch -h -d @1700000000 {} +
            tar --no-recursion --numeric-owner -cf "$1/tar" \(entries); gzip -nk "$1/tar"
            """
          _ = try await output(of: "bash", ["-c", script, "layer", folder])
          diffIDs.append(Digest(bytes: SHA256.hash(data: try Data(contentsOf: URL(filePath: folder + "/tar")))))
          let packed = Array(try Data(contentsOf: URL(filePath: folder + "/tar.gz")))
          blobs.append(SampleImage.Blob(packed, mediaType: MediaType.ociLayerGzip))
        }
      }
      let config = SampleImage.Blob(
        Array(try JSONEncoder().encode(ImageConfig(platform: .host, diffIDs: diffIDs))), mediaType: MediaType.ociConfig)
      for blob in blobs + [config] { registry.add(blob) }
      let manifest = Manifest(config: config.descriptor, layers: blobs.map(\.descriptor))
      return registry.add(
        manifest: SampleImage.Blob(Array(try JSONEncoder().encode(manifest)), mediaType: MediaType.ociManifest))
    }

    @Test(arguments: ContainerdRelease.all) func areAsAfterASerialPull(_ release: ContainerdRelease) async throws {
      var expected: [String] = []
      for fast in [FastPulls.off, .always] {
        try await FastLab.run(ContainerdOptions(release: release)) { lab in
          let reference = try await add(to: lab.registry)
          try await lab.pull(reference, fast)
          let files = try await lab.files()
          if fast == .off { expected = files }
          #expect(files == expected)
        }
      }
      #expect(expected.count == 5)
    }
  }
}
