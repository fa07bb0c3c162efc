import CUnpacking

/// Frames of a zstd file.
struct ZstdFrame: PackedPart, ~Copyable {
  /// Frames whose window is larger are left to the runtime, as this process must not grow by what a layer says.
  private static let windowLog: Int32 = 25

  private let stream: OpaquePointer

  init() throws(UnpackError) {
    guard let stream = ZSTD_createDStream() else {
      throw UnpackError(.child, "zstd cannot be used: not enough memory")
    }
    ZSTD_DCtx_setParameter(stream, ZSTD_d_windowLogMax, Self.windowLog)
    self.stream = stream
  }

  deinit { ZSTD_freeDStream(stream) }

  /// The library begins the next frame by itself.
  borrowing func begin() {}

  borrowing func inflate(
    _ bytes: UnsafeRawBufferPointer, into room: UnsafeMutableRawBufferPointer
  ) throws(UnpackError) -> InflateStep {
    var input = ZSTD_inBuffer(src: bytes.baseAddress, size: bytes.count, pos: 0)
    var output = ZSTD_outBuffer(dst: room.baseAddress, size: room.count, pos: 0)
    let result = ZSTD_decompressStream(stream, &output, &input)
    guard ZSTD_isError(result) == 0 else {
      if ZSTD_getErrorCode(result) == ZSTD_error_frameParameter_windowTooLarge {
        throw UnpackError(.unsupported, "the layer's zstd window is larger than 32 MiB, so the runtime is to unpack it")
      }
      throw UnpackError(
        .layer, "the layer is no zstd file, or a broken one: \(String(cString: ZSTD_getErrorName(result)))")
    }
    return InflateStep(taken: input.pos, given: output.pos, isEnd: result == 0)
  }
}
