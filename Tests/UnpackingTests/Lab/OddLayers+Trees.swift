@testable import Unpacking

extension OddImage {
  static let whiteouts: [OddImage] = [
    OddImage(
      "whiteouts",
      onBase: {
        $0.add("etc/.wh.motd", user: 3, group: 4)
        $0.add(".wh.tmp")
        $0.add("private/deep/.wh..wh..opq")
        $0.add("private/deep/new", content: "x")
        $0.add("never/.wh.was", content: "ignored")
      }),
    OddImage(
      "a whiteout of all",
      onBase: {
        $0.add(".wh..wh..opq")
        $0.add("new", content: "x")
      }),
    OddImage(
      "an opaque folder after its files",
      onBase: {
        $0.folder("private", mode: 0o755)
        $0.add("private/new", content: "x")
        $0.add("private/.wh..wh..opq")
      }),
    OddImage(
      "whiteouts of folders that come again",
      onBase: {
        $0.add(".wh.private")
        $0.folder("private", mode: 0o750)
        $0.add("private/other", content: "x")
      }),
    OddImage(
      "a whiteout of what is there",
      onBase: {
        $0.add("a", content: "x")
        $0.add(".wh.a")
      }),
    OddImage(
      "a file in a folder that is whited out",
      onBase: {
        $0.add(".wh.private")
        $0.add("private/other", content: "x")
      }),
    OddImage(
      "whiteouts of nothing special",
      onBase: {
        $0.add(".wh..wh.plnk", "5")
        $0.add(".wh.x/inside", content: "x")
        $0.add("d/.wh.link", "2", link: "x")
      }),
    OddImage("whiteouts in the lowest layer", .pax) {
      $0.folder("a")
      $0.add("a/file", content: "x")
      $0.add(".wh.a")
      $0.add("b/c/file", content: "x")
      $0.add("b/.wh..wh..opq")
      $0.folder("d")
      $0.add("d/file", content: "x")
      $0.add("d/e/file", content: "x")
      $0.add("d/.wh..wh..opq")
      $0.add("d/.wh.nothing")
    },
    OddImage("a folder that is gone when its time is set", .pax) {
      $0.folder("a")
      $0.add(".wh.a")
    },
    OddImage(
      "an opaque folder that goes",
      onBase: {
        $0.folder("d")
        $0.add("d/.wh..wh..opq")
        $0.add("d", content: "a file now")
      }),
  ]

  static let replaced: [OddImage] = [
    OddImage(
      "file over folder and folder over file",
      onBase: {
        $0.add("etc", content: "a file")
        $0.folder("etc/motd")
      }),
    OddImage("entries twice", .pax) {
      $0.add("a", content: "one", mode: 0o755, user: 1)
      $0.add("a", content: "two")
      $0.folder("d", mode: 0o700)
      $0.add("d/f", content: "x")
      $0.folder("d", mode: 0o755, user: 7)
      $0.add("h", "1", link: "a")
      $0.add("a", content: "three")
      $0.add("f", "6")
      $0.add("f", "2", link: "a")
      $0.add("f", "5", mode: 0o711)
      $0.add("x/y/z", content: "x")
      $0.add("x", content: "no folder any more")
    },
    OddImage(
      "files before their folders",
      onBase: {
        $0.add("private/deep/file", content: "x")
        $0.add("new/folder/file", content: "x")
        $0.folder("new", mode: 0o711, user: 12)
        $0.folder("private", mode: 0o701, user: 13)
      }),
    OddImage(
      "folders that only lower layers name",
      onBase: {
        $0.add("private/deep/file", content: "x")
        $0.add("private/marked/file", content: "x")
        $0.add("tmp/file", content: "x")
        $0.add("nowhere/file", content: "x")
        $0.add("usr/.wh.nothing")
      },
      {
        $0.add("private/deep/second", content: "x")
        $0.add("nowhere/file2", content: "x")
      }),
    OddImage(
      "new folders in one that hands on its group",
      onBase: {
        $0.add("private/deep/new/newer/file", content: "x")
      }),
    OddImage("folders under links of lower layers", onBase: { $0.add("lib/two", content: "2") }),
    OddImage(
      "a folder that a lower layer replaced", onBase: { $0.add("private", content: "file") },
      {
        $0.add("private/deep/file", content: "x")
      }),
    OddImage("links over folders, and files through them", .pax) {
      $0.folder("usr")
      $0.folder("usr/lib", mode: 0o750)
      $0.add("lib", "2", link: "usr/lib")
      $0.add("lib/file", content: "x")
      $0.add("abs", "2", link: "/usr/lib")
      $0.add("abs/sub/file", content: "x")
      $0.add("loose", "2", link: "not/there")
      $0.add("loose/file", content: "x")
      $0.add("up", "2", link: "../../../usr")
      $0.add("up/file", content: "x")
      $0.add("chain", "2", link: "lib/sub")
      $0.add("chain/file", content: "x")
      $0.add("hard", "1", link: "lib/file")
      $0.add("folder/", "5")
      $0.add("folder/f", content: "x")
      $0.add("folder", "2", link: "usr")
      $0.add("folder/late", content: "x")
      $0.add("lib", "5", mode: 0o700)
      $0.add("lib/mine", content: "x")
      $0.add("here", "2", link: ".")
      $0.add("here/here", content: "in its own place")
      $0.add("there", "2", link: ".")
      $0.add("there/there", "1", link: "there/here")
    },
    OddImage("links that go in a circle", .pax) {
      $0.add("a", "2", link: "b")
      $0.add("b", "2", link: "a")
      $0.add("a/file", content: "x")
    },
    OddImage("a file in a file", .pax) {
      $0.add("a", content: "x")
      $0.add("a/file", content: "x")
    },
    OddImage("a hard link to nothing", .pax) { $0.add("a", "1", link: "nothing") },
    OddImage("a hard link to a lower layer's file", onBase: { $0.add("a", "1", link: "etc/motd") }),
    OddImage("a hard link to itself", .pax) {
      $0.add("a", content: "x")
      $0.add("a", "1", link: "a")
    },
    OddImage("a hard link to a folder", .pax) {
      $0.folder("a")
      $0.add("b", "1", link: "a")
    },
  ]

  static let names: [OddImage] = [
    OddImage("names that are no text", .pax) { builder in Self.strange(&builder) },
    OddImage("names that are no text, of GNU", .gnu) { builder in Self.strange(&builder) },
    OddImage("names of pax that are no text", .pax) {
      for (index, name) in Self.strangeNames.enumerated() {
        $0.add("short\(index)", content: "x", records: [("path", name)])
        $0.add("link\(index)", "2", link: "x", records: [("linkpath", name)])
      }
    },
    OddImage("long names", .pax) { Self.long(&$0) },
    OddImage("long names of GNU", .gnu) { Self.long(&$0) },
    OddImage("names that need cleaning", .pax) {
      $0.add("./a//b/./c", content: "x")
      $0.add("a/../d", content: "x")
      $0.add("/absolute", content: "x")
      $0.add("../../above", content: "x")
      $0.add("..", "5")
      $0.add(".", "5", mode: 0o700, user: 5)
      $0.add("/", "5", mode: 0o700)
      $0.add("folder///", "5")
      $0.add("file/", "0")
    },
    OddImage("a name of 255 bytes", .pax) { $0.add(String(repeating: "n", count: 255), content: "x") },
    OddImage("a name of 256 bytes", .pax) { $0.add(String(repeating: "n", count: 256), content: "x") },
    OddImage("a header for all", .pax) {
      $0.block(
        "pax_global_header", "g", LayerBuilder.record("comment", Array("abc".utf8)) + LayerBuilder.record("uid", [55]))
      $0.add("a", content: "x")
    },
  ]

  private static let strangeNames: [[UInt8]] = [
    [0x61, 0xe9, 0x62], Array("e\u{301}".utf8), Array("\u{e9}".utf8), [0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80],
    [0xff, 0xfe],
    [0xc0, 0xaf], Array("😀".utf8), [0x20, 0x0a, 0x09, 0x1b, 0x5c], Array("-rf".utf8), Array("*".utf8),
  ]

  private static func strange(_ builder: inout LayerBuilder) {
    for (index, name) in strangeNames.enumerated() {
      builder.add(name, content: [65])
      builder.add(Array("l\(index)".utf8), "2", link: name)
      builder.add(Array("h\(index)".utf8), "1", link: name)
      builder.add(Array("d/".utf8) + name + Array("/f".utf8), content: [66])
    }
  }

  private static func long(_ builder: inout LayerBuilder) {
    let deep = Array(repeating: "folder-with-a-long-name", count: 60).joined(separator: "/")
    builder.add("\(deep)/file", content: "x")
    builder.add("\(deep)/hard", "1", link: "\(deep)/file")
    builder.add("link", "2", link: deep)
    builder.add("link/through", content: "x")
    builder.add(String(repeating: "x", count: 200), content: "x")
    builder.add(String(repeating: "y", count: 99), content: "x")
    builder.add(String(repeating: "z", count: 100), content: "x")
  }
}
