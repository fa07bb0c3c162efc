package import ImageModel

/// How many bytes something takes when it is unpacked.
package struct UnpackedSize: Hashable, Sendable {
  package var bytes: Int64
  /// False: guessed from the compressed size.
  package var isKnown: Bool

  package init(bytes: Int64, isKnown: Bool) {
    self.bytes = bytes
    self.isKnown = isKnown
  }

  package static func + (a: UnpackedSize, b: UnpackedSize) -> UnpackedSize {
    UnpackedSize(bytes: a.bytes + b.bytes, isKnown: a.isKnown && b.isKnown)
  }

  package static let zero = UnpackedSize(bytes: 0, isKnown: true)

  /// What ordinary images come to: between 2 (libraries of GPUs) and 2.8 (distributions) times their compressed size.
  package static let typicalRatio = 2.5

  /// Of a layer, by what its descriptor says: an archive that is not compressed is as large as it is, and eStargz tells
  /// the size in an annotation. Nothing else does.
  package init(of layer: Descriptor, _ form: LayerForm) {
    let stated = layer.annotations?["io.containers.estargz.uncompressed-size"].flatMap { Int64($0) }
    if let stated, stated >= 0, stated < 1 << 50 {
      self.init(bytes: stated, isKnown: true)
    } else if form.compression == .none {
      self.init(bytes: layer.size, isKnown: true)
    } else {
      self.init(bytes: Int64(Double(layer.size) * Self.typicalRatio), isKnown: false)
    }
  }

  /// Of a gzip file, by its last four bytes (RFC 1952: ISIZE, the size modulo 2^32).
  ///
  /// Nil where they cannot be the size of the whole: of a file of several members they count the last one only, and a
  /// file that is large enough may have passed 4 GiB.
  package init?(trailer: [UInt8], compressed: Int64) {
    guard trailer.count == 4, compressed < 512 << 20 else { return nil }
    let size = trailer.reversed().reduce(Int64(0)) { $0 << 8 | Int64($1) }
    // What cannot be compressed grows by a few bytes for each block.
    guard size + size / 1000 + 64 >= compressed else { return nil }
    self.init(bytes: size, isKnown: true)
  }
}
