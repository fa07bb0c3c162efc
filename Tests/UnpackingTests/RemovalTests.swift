import Foundation
import SystemPackage
import TestKit
import Testing

@testable import Unpacking

@Suite(.timeLimit(.minutes(2))) struct RemovalTests {
  @Test("Everything goes, and nothing beside it") func everything() async throws {
    try await withScratchFolder("unp") { folder in
      let fm = FileManager.default
      try fm.createDirectory(atPath: folder("kept/inner"), withIntermediateDirectories: true)
      try Data("mine".utf8).write(to: URL(filePath: folder("kept/file")))
      let root = folder("root")
      let deep = Array(repeating: "d", count: 900).joined(separator: "/")
      try await Unpacked.layer(
        PackedLayer(
          OddImage.build {
            $0.folder("closed", mode: 0)
            $0.add("closed/file", mode: 0)
            $0.add("\(deep)/file")
            $0.add("link", "2", link: folder("kept"))
            $0.add("closed/link", "2", link: "../../kept")
            $0.add("device", "3", device: (1, 3))
            $0.add(".wh.gone")
            $0.add([0xff, 0x0a])
          }), into: root)
      try removeUnpacked(FilePath(root))
      #expect(!fm.fileExists(atPath: root))
      #expect(fm.fileExists(atPath: folder("kept/file")) && fm.fileExists(atPath: folder("kept/inner")))
      // Once more is no error.
      try removeUnpacked(FilePath(root))
    }
  }

  @Test("A link in its place goes, not what it names") func link() async throws {
    try await withScratchFolder("unp") { folder in
      try FileManager.default.createDirectory(atPath: folder("kept/inner"), withIntermediateDirectories: true)
      try FileManager.default.createSymbolicLink(atPath: folder("link"), withDestinationPath: "kept")
      try removeUnpacked(FilePath(folder("link")))
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["kept"])
      #expect(FileManager.default.fileExists(atPath: folder("kept/inner")))
    }
  }

  @Test("What cannot be removed is named") func busy() async throws {
    try await withSmallFileSystem(size: 1 << 20) { path in
      let error = #expect(throws: UnpackError.self) { try removeUnpacked(FilePath(path)) }
      #expect(error?.message == "cannot remove the folder \(path): Device or resource busy")
    }
  }
}
