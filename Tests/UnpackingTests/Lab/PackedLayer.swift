import CUnpacking
import struct Crypto.SHA256
import Foundation
import ImageModel

@testable import Unpacking

/// A layer as a registry has it.
struct PackedLayer {
  let bytes: [UInt8]
  let compression: LayerCompression
  let diffID: Digest

  init(tar: [UInt8], packed bytes: [UInt8], _ compression: LayerCompression) {
    self.bytes = bytes
    self.compression = compression
    diffID = Digest(bytes: SHA256.hash(data: tar))
  }

  init(_ tar: [UInt8], _ compression: LayerCompression = .gzip) {
    let packed =
      switch compression {
      case .none: tar
      case .gzip: Self.gzip(tar)
      case .zstd: Self.zstd(tar)
      }
    self.init(tar: tar, packed: packed, compression)
  }

  var mediaType: String {
    switch compression {
    case .none: "application/vnd.oci.image.layer.v1.tar"
    case .gzip: "application/vnd.oci.image.layer.v1.tar+gzip"
    case .zstd: "application/vnd.oci.image.layer.v1.tar+zstd"
    }
  }

  /// One member.
  static func gzip(_ bytes: [UInt8], level: Int32 = 6) -> [UInt8] {
    var stream = z_stream()
    deflateInit2_(
      &stream, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    var input = bytes
    var output = [UInt8](repeating: 0, count: Int(deflateBound(&stream, UInt(bytes.count))) + 64)
    let count = input.withUnsafeMutableBufferPointer { input in
      output.withUnsafeMutableBufferPointer { output in
        stream.next_in = input.baseAddress
        stream.avail_in = UInt32(input.count)
        stream.next_out = output.baseAddress
        stream.avail_out = UInt32(output.count)
        deflate(&stream, Z_FINISH)
        return output.count - Int(stream.avail_out)
      }
    }
    deflateEnd(&stream)
    return Array(output[..<count])
  }

  /// One frame.
  static func zstd(_ bytes: [UInt8], windowLog: Int32? = nil) -> [UInt8] {
    let context = ZSTD_createCCtx()
    defer { ZSTD_freeCCtx(context) }
    if let windowLog {
      ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, windowLog)
      // Else the window is as large as the content.
      ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, 0)
      ZSTD_CCtx_setParameter(context, ZSTD_c_enableLongDistanceMatching, 1)
    }
    var output = [UInt8](repeating: 0, count: ZSTD_compressBound(bytes.count))
    guard windowLog != nil else {
      return Array(output[..<ZSTD_compress2(context, &output, output.count, bytes, bytes.count)])
    }
    return output.withUnsafeMutableBytes { room in
      bytes.withUnsafeBytes { bytes in
        var input = ZSTD_inBuffer(src: bytes.baseAddress, size: bytes.count, pos: 0)
        var result = ZSTD_outBuffer(dst: room.baseAddress, size: room.count, pos: 0)
        // In two steps, so that it does not know how much comes.
        input.size = bytes.count / 2
        ZSTD_compressStream2(context, &result, &input, ZSTD_e_continue)
        input.size = bytes.count
        while ZSTD_compressStream2(context, &result, &input, ZSTD_e_end) != 0 {}
        return Array(room[..<result.pos])
      }
    }
  }
}
