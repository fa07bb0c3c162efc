import Foundation
import SystemPackage
import TestKit
import Testing

@testable import Unpacking

/// Folders that no entry named look as those of the lower layers, where containerd would have seen them.
@Suite(.timeLimit(.minutes(2))) struct ImplicitFolderTests {
  @Test("The nearest lower layer that has one counts; where none has, it stays as it was made")
  func nearest() async throws {
    try await withScratchFolder("unp") { folder in
      var layers: [String] = []
      for (index, mode) in [0o700, 0o1777].enumerated() {
        layers.append(folder("lower\(index)"))
        let tar = OddImage.build {
          $0.folder("both", mode: mode, user: index + 1, group: index + 5)
          $0.add("only\(index)/", "5", mode: mode, user: index + 1, records: [("SCHILY.xattr.user.a", [65])])
        }
        try await Unpacked.layer(PackedLayer(tar), into: layers[index])
      }
      let upper = folder("upper")
      let layer = try await Unpacked.layer(
        PackedLayer(OddImage.build { for name in ["both", "only0/deep", "only1", "new"] { $0.add("\(name)/f") } }),
        into: upper)
      #expect(
        layer.implicitFolders.map { String(decoding: $0, as: UTF8.self) } == [
          "both", "new", "only0", "only0/deep", "only1",
        ])
      try ImplicitFolders.complete(
        layer.implicitFolders, in: FilePath(upper), lower: [FilePath(layers[1]), FilePath(layers[0])])
      let lines = try FolderListing.lines(of: upper).filter { $0.contains(" folder ") }
      #expect(
        lines == [
          "/ folder 755 0:0", "/both folder 1777 2:6", "/new folder 755 0:0", "/only0 folder 700 1:0 user.a=A",
          "/only0/deep folder 755 0:0", "/only1 folder 1777 2:0 user.a=A",
        ])
    }
  }

  @Test("Links of lower layers are followed inside of them only")
  func links() async throws {
    try await withScratchFolder("unp") { folder in
      try FileManager.default.createDirectory(
        atPath: folder("secret"), withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
      let lower = folder("lower")
      let tar = OddImage.build {
        $0.folder("usr", mode: 0o750)
        $0.add("inside", "2", link: "/usr")
        $0.add("outside", "2", link: folder("secret"))
        $0.add("above", "2", link: "../secret")
      }
      try await Unpacked.layer(PackedLayer(tar), into: lower)
      let upper = folder("upper")
      let layer = try await Unpacked.layer(
        PackedLayer(OddImage.build { for name in ["inside", "outside", "above"] { $0.add("\(name)/f") } }), into: upper)
      try ImplicitFolders.complete(layer.implicitFolders, in: FilePath(upper), lower: [FilePath(lower)])
      let lines = try FolderListing.lines(of: upper).filter { $0.contains(" folder ") }
      #expect(
        lines == ["/ folder 755 0:0", "/above folder 755 0:0", "/inside folder 750 0:0", "/outside folder 755 0:0"])
    }
  }

  @Test(
    "A folder that is a link by now is refused, whatever said that it is one",
    arguments: ["link", "../secret", "d/../../secret", "link/x"])
  func refused(_ name: String) async throws {
    try await withScratchFolder("unp") { folder in
      for path in ["root/d", "secret/x", "lower/link/x"] {
        try FileManager.default.createDirectory(
          atPath: folder(path), withIntermediateDirectories: true, attributes: [.posixPermissions: 0o711])
      }
      try FileManager.default.createSymbolicLink(atPath: folder("root/link"), withDestinationPath: "../secret")
      let before = try FolderListing.lines(of: folder("secret"))
      #expect(throws: UnpackError.self) {
        try ImplicitFolders.complete(
          [Array(name.utf8)], in: FilePath(folder("root")), lower: [FilePath(folder("lower"))])
      }
      #expect(throws: UnpackError.self) {
        try OpaqueMark.set(on: Array(name.utf8), in: OpenFolder(at: folder("root")))
      }
      #expect(try FolderListing.lines(of: folder("secret")) == before)
    }
  }
}
