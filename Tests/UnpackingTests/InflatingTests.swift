import Foundation
import SystemPackage
import TestKit
import Testing
import VirtualCluster

@testable import Unpacking

/// Whatever packs a layer, and however its bytes come, the tar stream is the same.
@Suite(.timeLimit(.minutes(5))) struct InflatingTests {
  /// About 3 MB, so that blocks fill up in the middle of everything.
  private static let tar = OddImage.build { builder in
    var random = SplitMix64(state: 7)
    for number in 0..<6 {
      builder.add(
        "random\(number)", content: String(decoding: random.bytes(100_000).map { $0 & 0x3f | 0x20 }, as: UTF8.self))
      builder.add("zeros\(number)", content: String(repeating: "\(number)", count: 400_000))
    }
  }

  private static func packed(_ seed: UInt64) -> PackedLayer {
    var random = SplitMix64(state: seed)
    let compression = LayerCompression.allCases[Int(seed % 3)]
    guard compression != .none else { return PackedLayer(tar, .none) }
    var packed: [UInt8] = []
    var position = 0
    while position < tar.count {
      let size = min(tar.count - position, Int.random(in: 1...(seed % 2 == 0 ? 60_000 : 2_000_000), using: &random))
      let part = Array(tar[position..<(position + size)])
      packed +=
        compression == .zstd
        ? PackedLayer.zstd(part) : PackedLayer.gzip(part, level: Int32.random(in: 0...9, using: &random))
      position += size
    }
    return PackedLayer(tar: tar, packed: packed, compression)
  }

  @Test("In many parts, in pieces of any size", arguments: UInt64(1)...12)
  func parts(_ seed: UInt64) async throws {
    try await withTemporaryFolder { folder in
      var random = SplitMix64(state: seed)
      let layer = Self.packed(seed)
      let piece = [1 << 20, 65_536, Int.random(in: 500...5000, using: &random)][Int(seed / 3 % 3)]
      let unpacked = try await Unpacked.layer(layer, into: folder + "/root", piece: piece)
      #expect(unpacked.diffID == layer.diffID)
      #expect(unpacked.bytes == Int64(Self.tar.count))
      #expect(unpacked.files == 12)
    }
  }

  @Test("Byte by byte") func bytes() async throws {
    let tar = OddImage.base
    let layers = [
      PackedLayer(tar: tar, packed: PackedLayer.gzip(Array(tar[..<777])) + PackedLayer.gzip(Array(tar[777...])), .gzip),
      PackedLayer(tar: tar, packed: PackedLayer.zstd(Array(tar[..<777])) + PackedLayer.zstd(Array(tar[777...])), .zstd),
    ]
    for layer in layers {
      try await withTemporaryFolder { folder in
        let unpacked = try await Unpacked.layer(layer, into: folder + "/root", piece: 1)
        #expect(unpacked.diffID == layer.diffID)
      }
    }
  }

  @Test("Without ISA-L, zlib inflates the same", arguments: UInt64(1)...4)
  func zlib(_ seed: UInt64) async throws {
    try await withScratchFolder("unp") { folder in
      let layer = Self.packed(seed * 3 + 1)
      try Data(layer.bytes).write(to: URL(filePath: folder("layer")))
      try FileManager.default.createDirectory(atPath: folder("root"), withIntermediateDirectories: true)
      let library = try await output(of: "sh", ["-c", "ldconfig -p | sed -n 's/.*libisal.so.2 .*=> //p'"])
        .trimmingCharacters(in: .whitespacesAndNewlines)
      #expect(!library.isEmpty, "libisal2 is not installed; run scripts/packages test")
      let child = "cd \(folder("root")) && exec \(try PrepullProgram.path) unpack-layer gzip upper 100000000 100 60"
      let answer = try await output(
        of: "unshare",
        ["-m", "sh", "-c", "mount --bind /dev/null \(library) && \(child) < \(folder("layer"))"])
      #expect(answer.contains("\(layer.diffID)"), "\(answer)")
    }
  }
}
