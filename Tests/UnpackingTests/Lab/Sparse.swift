/// Sparse files, as GNU tar writes them.
enum Sparse {
  /// A type of its own: the header says where its pieces belong.
  static func old(_ builder: inout LayerBuilder) {
    var header = LayerBuilder(.gnu)
    header.add("sparse", "S", content: Array(repeating: "d", count: 1024).joined())
    var bytes = header.bytes
    func octal(_ value: Int, at offset: Int) {
      let text = String(value, radix: 8)
      let digits = Array((String(repeating: "0", count: 11 - text.count) + text).utf8) + [0]
      for (index, byte) in digits.enumerated() { bytes[offset + index] = byte }
    }
    // Two pieces of 512 bytes in 100,000.
    for (index, piece) in [(4096, 512), (50_000, 512)].enumerated() {
      octal(piece.0, at: 386 + 24 * index)
      octal(piece.1, at: 398 + 24 * index)
    }
    octal(100_000, at: 483)
    for index in 148..<156 { bytes[index] = 32 }
    let sum = String(bytes[..<512].reduce(0) { $0 + Int($1) }, radix: 8)
    let digits = Array((String(repeating: "0", count: 6 - sum.count) + sum).utf8) + [0, 32]
    for (index, byte) in digits.enumerated() { bytes[148 + index] = byte }
    builder.raw(bytes)
    builder.add("after", content: "x")
  }

  /// The three forms that pax headers have for it.
  static func pax(_ builder: inout LayerBuilder) {
    let content = String(repeating: "d", count: 1000)
    func texts(_ pairs: [(String, String)]) -> [(String, [UInt8])] { pairs.map { ($0.0, Array($0.1.utf8)) } }
    builder.add(
      "sparse00", content: content,
      records: texts([
        ("GNU.sparse.size", "90000"), ("GNU.sparse.numblocks", "2"), ("GNU.sparse.offset", "0"),
        ("GNU.sparse.numbytes", "400"), ("GNU.sparse.offset", "50000"), ("GNU.sparse.numbytes", "600"),
      ]))
    builder.add(
      "sparse01", content: content,
      records: texts([
        ("GNU.sparse.size", "90000"), ("GNU.sparse.numblocks", "2"), ("GNU.sparse.map", "100,400,60000,600"),
      ]))
    let map = "2\n0\n400\n70000\n600\n"
    builder.add(
      "GNUSparseFile.0/x", content: map + String(repeating: "\0", count: 512 - map.utf8.count) + content,
      records: texts([
        ("GNU.sparse.major", "1"), ("GNU.sparse.minor", "0"), ("GNU.sparse.name", "sparse10"),
        ("GNU.sparse.realsize", "80000"),
      ]))
    builder.add("after", content: "x")
  }
}
