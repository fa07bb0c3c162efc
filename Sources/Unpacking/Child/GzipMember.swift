import CUnpacking

/// Members of a gzip file: inflated by ISA-L, or where this machine lacks it by zlib, at a third of the speed.
struct GzipMember: PackedPart, ~Copyable {
  private let igzip: UnsafeMutableRawPointer?
  private let zlib: UnsafeMutablePointer<z_stream>

  /// - Parameter igzip: ISA-L's state; nil where this machine lacks the library.
  init(igzip: UnsafeMutableRawPointer?) throws(UnpackError) {
    self.igzip = igzip
    zlib = .allocate(capacity: 1)
    zlib.initialize(to: z_stream())
    // 15: the largest window there is. 16: with gzip's header and check sum.
    guard inflateInit2_(zlib, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
      throw UnpackError(.child, "zlib cannot be used: not enough memory")
    }
  }

  deinit {
    inflateEnd(zlib)
    zlib.deallocate()
  }

  borrowing func begin() {
    if let igzip { prepull_igzip_reset(igzip) } else { inflateReset(zlib) }
  }

  borrowing func inflate(
    _ bytes: UnsafeRawBufferPointer, into room: UnsafeMutableRawBufferPointer
  ) throws(UnpackError) -> InflateStep {
    var input = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
    var output = room.baseAddress?.assumingMemoryBound(to: UInt8.self)
    var left = UInt32(bytes.count)
    var space = UInt32(room.count)
    let isEnd: Bool
    if let igzip {
      let result = prepull_igzip_inflate(igzip, &input, &left, &output, &space)
      guard result >= 0 else { throw Self.broken }
      isEnd = result == 1
    } else {
      zlib.pointee.next_in = UnsafeMutablePointer(mutating: input)
      zlib.pointee.avail_in = left
      zlib.pointee.next_out = output
      zlib.pointee.avail_out = space
      let result = CUnpacking.inflate(zlib, Z_NO_FLUSH)
      guard result == Z_OK || result == Z_STREAM_END || result == Z_BUF_ERROR else { throw Self.broken }
      left = zlib.pointee.avail_in
      space = zlib.pointee.avail_out
      isEnd = result == Z_STREAM_END
    }
    return InflateStep(taken: bytes.count - Int(left), given: room.count - Int(space), isEnd: isEnd)
  }

  private static let broken = UnpackError(.layer, "the layer is no gzip file, or a broken one")
}
