import CUnpacking
import Foundation
import Glibc
import TestKit

extension FastLab {
  /// What the layers of all images unpacked to: a text for each layer, in an order that does not depend on when it came.
  func files() async throws -> [String] {
    // Folders of snapshots that were removed stay until then.
    try await containerd.collectGarbage()
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
