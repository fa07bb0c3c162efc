import CUnpacking

/// Inflates a layer into blocks, in a thread of its own.
struct Inflating: ~Copyable {
  private var input = PackedInput()
  private let ring: BlockRing
  private let limit: Int64
  private let igzip: UnsafeMutableRawPointer?
  private var written: Int64 = 0

  /// - Parameter igzip: ISA-L's state; nil where this machine lacks the library.
  init(into ring: BlockRing, limit: Int64, igzip: UnsafeMutableRawPointer?) {
    self.ring = ring
    self.limit = limit
    self.igzip = igzip
  }

  /// Goes to the end of the layer. Whatever happens, the last block is given.
  consuming func run(_ compression: LayerCompression) {
    do throws(UnpackError) {
      let found = compression == .none ? .none : try look()
      switch found {
      case .none: try copy()
      case .gzip: try inflate(GzipMember(igzip: igzip), "gzip")
      case .zstd: try inflate(ZstdFrame(), "zstd")
      }
      _ = ring.room()
      ring.give(0)
    } catch {
      _ = ring.room()
      ring.give(0, failure: error)
    }
  }

  /// What the first bytes say, as containerd reads them.
  private mutating func look() throws(UnpackError) -> LayerCompression {
    let start = Array(try input.peek(4))
    if start.starts(with: [0x1f, 0x8b, 0x08]) { return .gzip }
    if start == [0x28, 0xb5, 0x2f, 0xfd] { return .zstd }
    if start.count == 4, (0x50...0x5f).contains(start[0]), start[1...].elementsEqual([0x2a, 0x4d, 0x18]) {
      return .zstd
    }
    return .none
  }

  private mutating func copy() throws(UnpackError) {
    while true {
      let bytes = try input.bytes()
      guard !bytes.isEmpty else { return }
      let room = ring.room()
      let count = min(bytes.count, room.count)
      room.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[..<count]))
      input.take(count)
      try give(count)
    }
  }

  private mutating func give(_ count: Int) throws(UnpackError) {
    written += Int64(count)
    ring.give(count)
    guard written <= limit else {
      throw UnpackError(.limit, "the layer unpacks to more than \(limit) bytes")
    }
  }

  /// Inflates one part after the other, of which such a file has one or many.
  private mutating func inflate(_ part: borrowing some PackedPart & ~Copyable, _ name: String) throws(UnpackError) {
    var filled = 0
    var isInside = false
    while true {
      let bytes = try input.bytes()
      if bytes.isEmpty, !isInside { break }
      if !isInside { try part.begin() }
      isInside = true
      let room = ring.room()
      // At the end of the input there may still be something that the library holds.
      let step = try part.inflate(bytes, into: UnsafeMutableRawBufferPointer(rebasing: room[filled...]))
      input.take(step.taken)
      filled += step.given
      if step.isEnd {
        isInside = false
      } else if step.taken == 0, step.given == 0 {
        throw UnpackError(.layer, "the layer ends in the middle of its \(name) stream")
      }
      if filled == room.count {
        try give(filled)
        filled = 0
      }
    }
    if filled > 0 { try give(filled) }
  }
}

/// A gzip member or zstd frame that is being inflated.
protocol PackedPart: ~Copyable {
  /// Makes ready for the next.
  borrowing func begin() throws(UnpackError)
  /// Takes some bytes and gives some.
  borrowing func inflate(
    _ bytes: UnsafeRawBufferPointer, into room: UnsafeMutableRawBufferPointer
  ) throws(UnpackError) -> InflateStep
}

struct InflateStep {
  let taken: Int
  let given: Int
  /// The part is whole.
  let isEnd: Bool
}
