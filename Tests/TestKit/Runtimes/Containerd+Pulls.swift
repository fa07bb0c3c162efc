import CUnpacking
import Foundation
import Glibc
package import ImageModel
import SystemPackage
package import VirtualCluster

@testable import Runtimes

/// What pulls leave at a containerd with overlayfs.
extension Containerd {
  /// The content store's folder.
  package var content: String { folder("root/io.containerd.content.v1.content") }
  package var snapshots: String { folder("root/io.containerd.snapshotter.v1.overlayfs/snapshots") }

  /// What runs of this program left in the staging folder.
  package func staging() throws -> [String] {
    let path = folder("root/prepull-staging")
    guard FileManager.default.fileExists(atPath: path) else { return [] }
    return try FileManager.default.contentsOfDirectory(atPath: path).filter { $0 != "lock" }
  }

  package func leases() async throws -> [String] {
    try await ctr("leases", "list", "-q").split(separator: "\n").map(String.init)
  }

  /// Of each layer of an image, the bytes that need not come again: in the content store, or of a run that was killed.
  package func bytesHeld(of image: SampleImage) throws -> [Digest: Int64] {
    let left = try staging().flatMap { PartialBlobs.find(in: FilePath(folder("root/prepull-staging/\($0)"))) }
    let layers = image.variants[0].layers.map { layer -> (Digest, Int64) in
      let digest = layer.descriptor.digest
      let isWhole = FileManager.default.fileExists(atPath: content + "/blobs/sha256/\(digest.encoded)")
      // Of a blob that is in the store too, a name stays there for a moment.
      return (digest, isWhole ? layer.descriptor.size : left.first { $0.content.digest == digest }?.bytes ?? 0)
    }
    return Dictionary(layers) { first, _ in first }
  }

  /// What the layers of all images unpacked to: a text for each layer, in an order that does not depend on when it came.
  package func files() async throws -> [String] {
    // Folders of snapshots that were removed stay until then.
    try await collectGarbage()
    let script = """
      set -euo pipefail
      shopt -s nullglob
      cd "$1"
      for layer in */fs; do
        cd "$1/$layer"
        echo "== $(stat -c '%a %u %g' .)"
        find . -mindepth 1 \\( -type d -printf '%P %y %m %U %G\\n' -o -type f -printf '%P %y %m %U %G %s %n %T@\\n' \
          -o -printf '%P %y %m %U %G %l\\n' \\) | LC_ALL=C sort
        find . -type f -print0 | LC_ALL=C sort -z | xargs -0r sha256sum
        find . -mindepth 1 -type c -exec stat -c '%n %t %T' {} + | LC_ALL=C sort
        find . -mindepth 1 -type d -printf "attributes $1/$layer/%P\\n" | LC_ALL=C sort
      done
      """
    let text = try await output(of: "bash", ["-c", script, "files", snapshots])
    let lines = text.split(separator: "\n").map { line in
      guard line.hasPrefix("attributes ") else { return String(line) }
      let path = String(line.dropFirst("attributes ".count))
      return "attributes " + attributes(of: path).joined(separator: " ")
    }
    return lines.joined(separator: "\n").components(separatedBy: "== ").filter { !$0.isEmpty }.sorted()
  }

  private func attributes(of path: String) -> [String] {
    var list = [CChar](repeating: 0, count: 10_000)
    let size = llistxattr(path, &list, list.count)
    guard size > 0 else { return [] }
    return list[..<size].split(separator: 0).map { name in
      String(decoding: name.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }.sorted()
  }
}
