import VirtualCluster

@testable import Unpacking

/// Layers that a seed decides: mostly such as builders write, now and then such as nobody should.
struct RandomImage {
  private(set) var layers: [PackedLayer] = []
  private var random: SplitMix64
  /// What the current layer has, by its path.
  private var files: [String] = []
  private var named: Set<String> = []
  private var parents: Set<String> = []
  /// Folders that hand on their group are made before what lies in them: see `ImplicitFolders.complete`.
  private var hasGroups = false

  init(seed: UInt64) {
    random = SplitMix64(state: seed &* 0x9e37_79b9)
    hasGroups = chance(50)
    for number in 0..<Int.random(in: 1...4, using: &random) { layers.append(layer(isLowest: number == 0)) }
  }

  private mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }

  private mutating func pick<Element>(_ elements: [Element]) -> Element {
    elements[Int.random(in: elements.indices, using: &random)]
  }

  /// Folders, files and links have names of their own, so that few things stand in each other's way.
  private mutating func folder() -> String {
    let link = chance(6) && !hasGroups ? "l\(pick([0, 1]))/" : ""
    return link + (0..<Int.random(in: 0...3, using: &random)).map { _ in "d\(pick([0, 1, 2]))/" }.joined()
  }

  private mutating func layer(isLowest: Bool) -> PackedLayer {
    (files, named, parents) = ([], [], [])
    var builder = LayerBuilder(pick([.pax, .gnu, .ustar]))
    for _ in 0..<Int.random(in: 0...40, using: &random) { add(to: &builder, isLowest) }
    let tar = chance(3) ? Array(builder.bytes) : builder.archive
    let compression = pick(LayerCompression.allCases)
    guard compression != .none, chance(30) else { return PackedLayer(tar, compression) }
    let middle = Int.random(in: 0...tar.count, using: &random)
    let parts = [Array(tar[..<middle]), Array(tar[middle...])]
    return PackedLayer(
      tar: tar, packed: parts.flatMap { compression == .gzip ? PackedLayer.gzip($0) : PackedLayer.zstd($0) },
      compression)
  }

  private mutating func add(to builder: inout LayerBuilder, _ isLowest: Bool) {
    let parent = folder()
    let mode = pick([0o644, 0o755, 0o600, 0o4755, 0o1777, 0] + (hasGroups ? [0o2755, 0o7777] : []))
    var above = ""
    for part in parent.split(separator: "/") {
      above += part + "/"
      parents.insert(above)
    }
    let (user, group) = (pick([0, 0, 1, 1000, 65534, 3_000_000]), pick([0, 0, 5, 1000]))
    let time = Int.random(in: 0...1_700_000_000, using: &random)
    func name(_ kind: String) -> String { parent + kind }
    let number = pick([0, 1, 2])
    switch Int.random(in: 0..<100, using: &random) {
    case 0..<30:
      let path = name("f\(number)")
      let size = pick([0, 1, 511, 512, 513, 5000])
      var records: [(String, [UInt8])] = []
      if builder.format == .pax {
        if chance(20) { records.append(("SCHILY.xattr.user.x\(number)", random.bytes(9))) }
        if chance(10) { records.append(("SCHILY.xattr.security.capability", OddImage.capability)) }
        if chance(30) { records.append(("mtime", Array("\(time).\(number)25".utf8))) }
      }
      let content = random.bytes(size)
      builder.add(
        Array(path.utf8), content: content, mode: mode, user: user, group: group, time: time, records: records)
      files.append(path)
    case 30..<55:
      let path = parent + "d\(number)/"
      guard !hasGroups || named.contains(path) || !parents.contains(path) else { return }
      named.insert(path)
      builder.add(
        chance(50) ? path : String(path.dropLast()), "5", mode: mode, user: user, group: group, time: time)
    case 55..<63:
      builder.add(
        name("l\(number)"), "2", link: pick(["d0", "/d1", "../d2", "d0/d1", "../../d0", "f0", "l1"]), user: user,
        time: time)
    case 63..<73 where !files.isEmpty:
      let target = pick(files)
      builder.add(
        name("h\(number)"), "1", link: chance(20) ? "./" + target : target, mode: mode, user: user, time: time)
    case 73..<77:
      builder.add(name("p\(number)"), pick(["6", "3", "4"]), mode: mode, user: user, device: (number + 1, 3))
    case 77..<86: builder.add(parent + ".wh." + (isLowest ? "f\(number)" : "w\(number)"), user: user)
    case 86..<89: builder.add(parent + ".wh..wh..opq")
    case 89..<91 where !isLowest: builder.add(parent + ".wh.d\(number)")
    case 91..<93:
      builder.add(
        parent + pick(["d0", "f1", "l0"]), pick(hasGroups ? ["0", "2"] : ["0", "5", "2"]), link: "d1", mode: mode)
    case 93..<95: builder.add(name("\(String(repeating: "long", count: 40))\(number)"), content: "x", time: time)
    case 95..<97:
      builder.add(Array((parent + "n").utf8) + random.bytes(3).map { $0 == 0 || $0 == 47 ? 1 : $0 }, content: [1])
    default: builder.add("./" + parent + "../" + "f\(number)", content: "again", mode: mode, time: time)
    }
  }
}
