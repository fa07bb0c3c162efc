@testable import Unpacking

/// An image whose layers hold what layers seldom do.
struct OddImage: Sendable, CustomStringConvertible {
  let description: String
  /// Lowest first.
  let layers: @Sendable () -> [PackedLayer]

  init(_ name: String, _ layers: @escaping @Sendable () -> [PackedLayer]) {
    description = name
    self.layers = layers
  }

  /// One with plain layers on a base that has some files.
  init(_ name: String, onBase layers: (@Sendable (inout LayerBuilder) -> Void)...) {
    self.init(name) { [PackedLayer(Self.base)] + layers.map { PackedLayer(Self.build(.pax, $0)) } }
  }

  /// One with a single layer.
  init(_ name: String, _ format: LayerBuilder.Format, alone layer: @escaping @Sendable (inout LayerBuilder) -> Void) {
    self.init(name) { [PackedLayer(Self.build(format, layer))] }
  }

  static func build(_ format: LayerBuilder.Format = .pax, _ layer: (inout LayerBuilder) -> Void) -> [UInt8] {
    var builder = LayerBuilder(format)
    layer(&builder)
    return builder.archive
  }

  static let base = build {
    $0.folder("etc")
    $0.add("etc/motd", content: "hello")
    $0.folder("private", mode: 0o700, user: 1000, group: 1000)
    $0.add("private/key", content: "secret", mode: 0o600, user: 1000, group: 1000)
    $0.folder("tmp", mode: 0o1777)
    $0.folder("private/deep", mode: 0o2750, user: 1000, group: 50)
    $0.add("private/marked/", "5", mode: 0o711, records: [("SCHILY.xattr.user.note", Array("low".utf8))])
    $0.add("lib", "2", link: "usr/lib")
    $0.folder("usr")
    $0.folder("usr/lib", mode: 0o750, group: 7)
    $0.add("usr/lib/one", content: "1")
  }

  static let capability: [UInt8] = [1, 0, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]

  static let all: [OddImage] = plain + types + whiteouts + replaced + names + packed + cut

  private static let plain: [OddImage] = [
    OddImage("every kind of file", .gnu) {
      $0.folder("d")
      $0.add("d/file", content: "content")
      $0.add("d/empty")
      $0.add("d/link", "2", link: "../nowhere")
      $0.add("d/hard", "1", link: "d/file")
      $0.add("d/char", "3", mode: 0o666, device: (1, 3))
      $0.add("d/block", "4", mode: 0o660, group: 6, device: (7, 300))
      $0.add("d/fifo", "6", mode: 0o622)
      $0.add("d/link2", "1", link: "d/link")
      $0.add("d/fifo2", "1", link: "d/fifo")
    },
    OddImage("modes and owners", .pax) {
      for mode in [0o4755, 0o2755, 0o6711, 0o1777, 0, 0o7777] {
        $0.add("f\(mode)", content: "x", mode: mode, user: 1000, group: 1001)
        $0.folder("d\(mode)", mode: mode, user: 3, group: 4)
      }
      $0.add("big", content: "x", user: 4_000_000, group: 3_000_000_000)
    },
    OddImage("a group that folders hand on", .pax) {
      $0.folder("d", mode: 0o2775, group: 50)
      $0.add("d/f", content: "x")
      $0.add("d/sub/f", content: "x")
      $0.add("d/l", "2", link: "x")
      $0.add("d/p", "6")
    },
    OddImage("attributes", .pax) {
      let capability = [("SCHILY.xattr.security.capability", Self.capability)]
      $0.add("ping", content: "x", mode: 0o755, user: 5, records: capability)
      $0.add("user", content: "x", records: [("SCHILY.xattr.user.a", [0, 1, 255]), ("SCHILY.xattr.user.empty", [])])
      $0.add("folder/", "5", mode: 0o755, records: [("SCHILY.xattr.user.b", [65])])
      $0.add("trusted", content: "x", records: [("SCHILY.xattr.trusted.overlay.opaque", [121])])
      $0.add("twice", content: "x", records: [("SCHILY.xattr.user.a", [65]), ("SCHILY.xattr.user.a", [66])])
      $0.add("hard", "1", link: "ping", records: [("SCHILY.xattr.user.c", [67])])
    },
    OddImage("times", .pax) {
      $0.add("nano", content: "x", records: [("mtime", Array("1500000000.123456789".utf8))])
      $0.add("changed", content: "x", records: [("ctime", Array("1750000000.5".utf8))])
      $0.add("before", content: "x", records: [("mtime", Array("-5.5".utf8))])
      $0.add("far", content: "x", records: [("mtime", Array("99999999999999".utf8))])
      $0.add("link", "2", link: "x", time: 1_234_567_890)
      $0.add("folder/", "5", mode: 0o755, time: 1_111_111_111)
      $0.add("folder/inside", content: "x")
      $0.add("zero", content: "x", time: 0)
    },
    OddImage("sparse files of GNU", .gnu) { Sparse.old(&$0) },
    OddImage("sparse files of pax", .pax) { Sparse.pax(&$0) },
    OddImage("hard links change their file", .pax) {
      $0.add("a", content: "x", mode: 0o600)
      $0.add("b", "1", link: "a", mode: 0o4755, user: 9, time: 1_400_000_000)
      $0.add("c", "1", link: "./b/../b", mode: 0o644)
      $0.add("d", "1", link: "/a", mode: 0o640)
    },
  ]

  /// Archives that end early: where nothing but zeros is missing, they are taken.
  private static let cut: [OddImage] = [
    (0, 512), (0, 1024), (0, 1024 + 300), (0, 1024 + 512 - 212), (0, 1024 + 512 - 211), (1, 1024 + 300),
  ]
  .map { folders, missing in
    OddImage("an archive that lacks \(missing) bytes, after \(folders) folders") {
      let tar = build {
        $0.folder("d")
        $0.add("d/.wh.gone", content: "")
        $0.add("d/last", content: String(repeating: "x", count: 212))
        for number in 0..<folders { $0.folder("e\(number)-\(missing)") }
      }
      return [PackedLayer(Self.base), PackedLayer(Array(tar.dropLast(missing)))]
    }
  }

  /// An archive of its own: a layer that containerd has already is not unpacked again.
  private static func archive(_ name: String) -> [UInt8] {
    build {
      $0.add("name", content: name)
      $0.raw(Array(base.dropLast(1024)))
      $0.add("text", content: String(repeating: name, count: 100))
    }
  }

  private static func packed(
    _ name: String, _ compression: LayerCompression = .gzip, _ pack: @escaping @Sendable ([UInt8]) -> [UInt8]
  ) -> OddImage {
    OddImage(name) {
      let tar = archive(name)
      return [PackedLayer(tar: tar, packed: pack(tar), compression)]
    }
  }

  private static let packed: [OddImage] = [
    OddImage("empty layers") {
      [PackedLayer(base), PackedLayer(build { _ in }), PackedLayer(build { $0.folder(".") })]
    },
    OddImage("a layer of no bytes") { [PackedLayer(base), PackedLayer([])] },
    OddImage("the same layer twice") { [PackedLayer(archive("twice")), PackedLayer(archive("twice"))] },
    packed("zstd", .zstd) { PackedLayer.zstd($0) },
    packed("uncompressed", .none) { $0 },
    packed("zstd in several frames", .zstd) {
      PackedLayer.zstd(Array($0[..<700])) + PackedLayer.zstd(Array($0[700...]))
    },
    packed("zstd with a frame to skip", .zstd) {
      [0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3] + PackedLayer.zstd($0)
    },
    packed("zstd that ends early", .zstd) { PackedLayer.zstd($0).dropLast(9) },
    packed("zstd with something else after it", .zstd) { PackedLayer.zstd($0) + Array("something else".utf8) },
    packed("gzip in several members") { tar in
      stride(from: 0, to: tar.count, by: 333)
        .flatMap { PackedLayer.gzip(Array(tar[$0..<min(tar.count, $0 + 333)])) }
    },
    packed("gzip with trailing zeros") { PackedLayer.gzip($0) + [UInt8](repeating: 0, count: 700) },
    packed("gzip with one trailing zero") { PackedLayer.gzip($0) + [0] },
    packed("gzip with something else after it") { PackedLayer.gzip($0) + Array("something else".utf8) },
    packed("gzip with nothing in it after it") { PackedLayer.gzip($0) + PackedLayer.gzip([]) },
    packed("gzip that ends early") { PackedLayer.gzip($0).dropLast(9) },
    packed("gzip that ends in its check sum") { PackedLayer.gzip($0).dropLast(3) },
    packed("gzip with a wrong check sum") {
      var bytes = PackedLayer.gzip($0)
      bytes[bytes.count - 5] ^= 1
      return bytes
    },
    packed("gzip with a name and a comment") {
      [0x1f, 0x8b, 8, 0x18, 0, 0, 0, 0, 0, 3, 97, 0, 98, 0] + PackedLayer.gzip($0)[10...]
    },
    packed("not packed as it says") { $0 },
    packed("gzip that says zstd", .zstd) { PackedLayer.gzip($0) },
    packed("zstd that says gzip") { PackedLayer.zstd($0) },
    packed("gzip that says nothing", .none) { PackedLayer.gzip($0) },
    OddImage("bytes after the end of the archive") {
      [PackedLayer(archive("after") + Array("not a header".utf8) + [UInt8](repeating: 7, count: 4000))]
    },
    OddImage("an archive without its end") { [PackedLayer(Array(archive("no end").dropLast(1024)))] },
    OddImage("an archive with half of its end") { [PackedLayer(Array(archive("half end").dropLast(512)))] },
    OddImage("an archive that ends in a file") { [PackedLayer(Array(archive("in a file").dropLast(1024 + 300)))] },
    OddImage("an archive that ends in a header") { [PackedLayer(Array(archive("in a header").dropLast(1024 + 1200)))] },
  ]

  private static let types: [OddImage] = "DKLMNSVX7A".unicodeScalars.map { letter in
    OddImage("type \(letter)") {
      [
        PackedLayer(
          build(.gnu) {
            $0.add("before", content: "x")
            $0.add("file", Character(letter), content: "content")
            $0.add("after", content: "x")
          })
      ]
    }
  }
}
