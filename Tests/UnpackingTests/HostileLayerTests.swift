import Foundation
import Glibc
import SystemPackage
import TestKit
import Testing

@testable import Unpacking

/// Layers that mean harm: each is refused with a clear error, or does nothing outside of its folder.
@Suite(.timeLimit(.minutes(5))) struct HostileLayerTests {
  /// Unpacks into `folder/root`, beside files that must stay as they are.
  private func attack(
    _ layer: PackedLayer, limits: UnpackLimits = Unpacked.limits, isLowest: Bool = false, lists: Bool = true
  ) async throws -> (error: UnpackError?, lines: [String]) {
    try await withScratchFolder("unp") { folder in
      for name in ["outside", "outside/etc"] {
        try FileManager.default.createDirectory(atPath: folder(name), withIntermediateDirectories: true)
      }
      for name in ["outside/file", "outside/etc/passwd", "beside"] {
        try Data("mine".utf8).write(to: URL(filePath: folder(name)))
      }
      let before = try FolderListing.lines(of: folder.path)
      var refusal: UnpackError?
      do {
        try await Unpacked.layer(layer, into: folder("root"), limits: limits, isLowest: isLowest)
      } catch let error as UnpackError {
        refusal = error
      }
      let lines = lists ? try FolderListing.lines(of: folder("root")) : []
      try removeUnpacked(FilePath(folder("root")))
      #expect(try FolderListing.lines(of: folder.path) == before)
      return (refusal, lines)
    }
  }

  private func attack(
    _ format: LayerBuilder.Format = .pax, limits: UnpackLimits = Unpacked.limits, isLowest: Bool = false,
    _ build: (inout LayerBuilder) -> Void
  ) async throws -> (error: UnpackError?, lines: [String]) {
    try await attack(PackedLayer(OddImage.build(format, build)), limits: limits, isLowest: isLowest)
  }

  @Test("Names with .. and absolute ones stay inside")
  func names() async throws {
    let (error, lines) = try await attack {
      $0.add("../beside", content: "theirs")
      $0.add("../../../../../../../../../../tmp/pp-escaped", content: "theirs")
      $0.add("a/../../outside/file", content: "theirs")
      $0.add("/etc/passwd", content: "theirs")
    }
    #expect(error == nil)
    #expect(
      lines.map { $0.prefix { $0 != " " } } == [
        "/", "/beside", "/etc", "/etc/passwd", "/outside", "/outside/file", "/tmp", "/tmp/pp-escaped",
      ])
    #expect(!FileManager.default.fileExists(atPath: "/tmp/pp-escaped"))
  }

  @Test(
    "Files through links stay inside", arguments: ["../outside", "/etc", "/proc/self/root/etc", "../../../../etc", "/"])
  func links(_ target: String) async throws {
    let passwd = try Data(contentsOf: URL(filePath: "/etc/passwd"))
    let (error, _) = try await attack {
      $0.add("link", "2", link: target)
      $0.add("link/passwd", content: "theirs")
      $0.add("link/file", content: "theirs")
      $0.add("link/.wh.hosts")
      $0.add("link/.wh..wh..opq")
      $0.add("link/hard", "1", link: "link/passwd")
    }
    #expect(error == nil)
    #expect(try Data(contentsOf: URL(filePath: "/etc/passwd")) == passwd)
  }

  @Test(
    "Hard links to the outside name nothing", arguments: ["../beside", "/etc/passwd", "../outside/file", "link/passwd"])
  func hardLinks(_ target: String) async throws {
    let (error, _) = try await attack {
      $0.add("link", "2", link: "/etc")
      $0.add("hard", "1", link: target)
    }
    #expect(error?.code == .layer)
    #expect(error?.message.contains("No such file or directory") == true, "\(error?.message ?? "none")")
  }

  @Test("A mark of an opaque folder through a link of the layer stays inside")
  func opaqueLink() async throws {
    let (error, lines) = try await attack {
      $0.folder("etc")
      $0.folder("d")
      $0.add("d/.wh..wh..opq")
      $0.add("d", "2", link: "/etc")
    }
    #expect(error == nil)
    #expect(lines.count == 3 && !lines.contains { $0.contains("opaque") }, "\(lines)")
  }

  @Test(
    "Whiteouts of folders themselves and of what is above them are refused",
    arguments: [".wh.", ".wh..", ".wh...", "d/.wh...", "d/.wh.."], [true, false])
  func whiteouts(_ name: String, _ isLowest: Bool) async throws {
    let (error, _) = try await attack(isLowest: isLowest) {
      $0.folder("d")
      $0.add(name)
    }
    #expect(error?.code == .layer)
    #expect(error?.message.hasSuffix("names no file") == true)
  }

  @Test("A bomb of 1:1000 ends at the limit of bytes")
  func bomb() async throws {
    let layer = PackedLayer(OddImage.build { $0.add("bomb", content: String(repeating: "\0", count: 64 << 20)) })
    #expect(layer.bytes.count < 70_000)
    let (error, _) = try await attack(layer, limits: UnpackLimits(bytes: 1 << 20, files: 10, seconds: 60))
    #expect(error == UnpackError(.limit, "the layer's files have more than 1048576 bytes"))
    let late = PackedLayer(OddImage.base + [UInt8](repeating: 0, count: 64 << 20))
    let (second, _) = try await attack(late, limits: UnpackLimits(bytes: 1 << 20, files: 100, seconds: 60))
    #expect(second == UnpackError(.limit, "the layer unpacks to more than 1048576 bytes"))
  }

  @Test("A sparse file counts with its holes")
  func sparseBomb() async throws {
    let (error, _) = try await attack {
      $0.add(
        "sparse", content: "x",
        records: [
          ("GNU.sparse.size", Array("9000000000000000000".utf8)), ("GNU.sparse.numblocks", Array("1".utf8)),
          ("GNU.sparse.map", Array("0,1".utf8)),
        ])
    }
    #expect(error?.code == .limit, "\(error?.message ?? "none")")
  }

  @Test("Very many files end at the limit of files")
  func files() async throws {
    var builder = LayerBuilder()
    for number in 0..<3000 { builder.add("f\(number)") }
    let (error, lines) = try await attack(
      PackedLayer(builder.archive), limits: UnpackLimits(bytes: 1 << 30, files: 1000, seconds: 60))
    #expect(error == UnpackError(.limit, "the layer has more than 1000 files"))
    #expect(lines.count == 1001)
  }

  @Test("Processor time ends")
  func time() async throws {
    // One folder that is replaced again and again.
    let round = OddImage.build {
      $0.add("d/e/x")
      $0.add("d", "2", link: "y")
      $0.folder("d")
    }.dropLast(1024)
    let tar = Array(repeating: round, count: 60_000).flatMap { $0 }
    let (error, _) = try await attack(
      PackedLayer(tar, .none), limits: UnpackLimits(bytes: 1 << 30, files: 1_000_000, seconds: 1))
    #expect(error == UnpackError(.limit, "unpacking the layer takes more than 1 s of processor time"))
  }

  @Test("Names that no file system has", arguments: [5000, 300, 70_000])
  func longNames(_ length: Int) async throws {
    for format in [LayerBuilder.Format.pax, .gnu] {
      let (error, _) = try await attack(format) { $0.add(String(repeating: "n", count: length), content: "x") }
      #expect(error?.code == .layer)
      #expect(error?.message.contains("File name too long") == true, "\(error?.message ?? "none")")
      #expect((error?.message.utf8.count ?? 0) < 700)
    }
  }

  @Test("Folders deeper than any path")
  func deepFolders() async throws {
    let part = Array(repeating: "d", count: 1000).joined(separator: "/")
    let tar = OddImage.build {
      $0.add(part, "5")
      $0.add("l", "2", link: part)
      $0.add("l/\(part)", "5")
      $0.add("m", "2", link: "l/\(part)")
      $0.add("m/\(part)", "5")
    }
    let (error, _) = try await attack(PackedLayer(tar), lists: false)
    #expect(error?.message == "a folder's name is longer than 4,095 bytes")
  }

  @Test("Devices, where none may be made, are refused by name")
  func devices() async throws {
    try await withScratchFolder("unp") { folder in
      let layer = PackedLayer(OddImage.build { $0.add("null", "3", device: (1, 3)) })
      let program =
        "exec setpriv --bounding-set=-mknod --inh-caps=-mknod \(try PrepullProgram.path) unpack-layer gzip upper 1000000 10 10"
      try Data(layer.bytes).write(to: URL(filePath: folder("layer")))
      try FileManager.default.createDirectory(atPath: folder("root"), withIntermediateDirectories: true)
      let answer = try await output(of: "sh", ["-c", "cd \(folder("root")) && \(program) < \(folder("layer"))"])
      #expect(answer.contains(#""error":"permission""#) && answer.contains("/null"), "\(answer)")
    }
  }

  @Test(
    "What is no archive, or a broken one, is refused",
    arguments: [
      Array("no archive at all".utf8), [UInt8](repeating: 0xff, count: 2000), Array(OddImage.base[..<700]),
      Array(OddImage.base[..<512]) + [UInt8](repeating: 1, count: 512),
    ])
  func noArchives(_ tar: [UInt8]) async throws {
    for compression in LayerCompression.allCases {
      let (error, _) = try await attack(PackedLayer(tar, compression))
      #expect(error?.code == .layer, "\(compression): \(error?.message ?? "none")")
    }
  }

  @Test("Random bytes are refused, and never crash it", arguments: 1...40)
  func noise(_ seed: Int) async throws {
    var random = SystemRandomNumberGenerator()
    var tar = OddImage.base
    for _ in 0..<(1 + seed % 9) {
      tar[Int.random(in: tar.indices, using: &random)] = UInt8.random(in: 0...255, using: &random)
    }
    let (error, _) = try await attack(PackedLayer(tar, .none))
    #expect(error?.code != .child, "\(error?.message ?? "none")")
    var packed = PackedLayer.gzip(OddImage.base)
    packed[Int.random(in: packed.indices, using: &random)] ^= 0x55
    let (second, _) = try await attack(PackedLayer(tar: OddImage.base, packed: packed, .gzip))
    #expect(second?.code != .child, "\(second?.message ?? "none")")
  }

  @Test("A zstd window of more than 32 MiB is left to the runtime")
  func largeWindow() async throws {
    let tar = OddImage.build { $0.add("file", content: String(repeating: "abcdefgh", count: 1 << 20)) }
    let (allowed, _) = try await attack(PackedLayer(tar: tar, packed: PackedLayer.zstd(tar, windowLog: 25), .zstd))
    #expect(allowed == nil)
    let (error, _) = try await attack(PackedLayer(tar: tar, packed: PackedLayer.zstd(tar, windowLog: 26), .zstd))
    #expect(error?.code == .unsupported)
    #expect(error?.message.contains("32 MiB") == true)
  }

  @Test("Attributes of security modules are left to the runtime")
  func securityAttribute() async throws {
    let (error, _) = try await attack {
      $0.add("file", content: "x", records: [("SCHILY.xattr.security.ima", [4, 4])])
    }
    #expect(error?.code == .unsupported)
    #expect(error?.message == "/file has the attribute security.ima, which only the runtime can set")
  }
}
