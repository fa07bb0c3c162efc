import CUnpacking
import struct Crypto.SHA256

/// The entries of a layer, read by libarchive, and the digest of all its bytes.
final class TarStream {
  private let ring: BlockRing
  private let archive: OpaquePointer
  private var hash = SHA256()
  private(set) var bytes: Int64 = 0
  private var failure: UnpackError?
  private var header = TarHeader()
  /// Where the content of the last entry ends; of a sparse one, beyond that.
  private var contentEnd: Int64 = 0
  /// Zeros, in place of those that a stream lacks at its end.
  private let padding = UnsafeMutableRawBufferPointer.allocate(byteCount: 512, alignment: 16)
  private var isPadded = false

  init(_ ring: BlockRing) throws(UnpackError) {
    guard let archive = archive_read_new() else {
      throw UnpackError(.child, "libarchive cannot be used: not enough memory")
    }
    self.ring = ring
    self.archive = archive
    padding.initializeMemory(as: UInt8.self, repeating: 0)
    archive_read_support_format_tar(archive)
    // A layer of no bytes at all.
    archive_read_support_format_empty(archive)
  }

  deinit {
    archive_read_free(archive)
    padding.deallocate()
  }

  /// Reads the first block.
  func open() throws(UnpackError) {
    let result = archive_read_open(
      archive, Unmanaged.passUnretained(self).toOpaque(), nil,
      { _, context, block in
        guard let context else { return -1 }
        return Unmanaged<TarStream>.fromOpaque(context).takeUnretainedValue().read(into: block)
      }, nil)
    guard result == ARCHIVE_OK else { throw problem() }
  }

  /// The next entry; nil at the end.
  func next() throws(UnpackError) -> OpaquePointer? {
    var entry: OpaquePointer?
    let result = archive_read_next_header(archive, &entry)
    contentEnd = archive_filter_bytes(archive, 0) &+ max(0, entry.map { archive_entry_size($0) } ?? 0)
    switch result {
    case ARCHIVE_OK: return entry
    case ARCHIVE_EOF: return nil
    // The names of pax headers are UTF-8, and this process has no locale: so every name beyond ASCII cannot be converted,
    // and is given byte by byte as it stands. With a locale libarchive 3.6 would compose its characters anew.
    case ARCHIVE_WARN where message.hasSuffix("can't be converted from UTF-8 to current locale."): return entry
    default: throw problem()
    }
  }

  /// The type of the last entry as its header has it; nil where something stands between the header and its content.
  var letter: UInt8? { header.letter(before: archive_filter_bytes(archive, 0)) }

  /// The next piece of the entry's content and where it belongs; nil at its end.
  func data() throws(UnpackError) -> (bytes: UnsafeRawBufferPointer, offset: Int64)? {
    var start: UnsafeRawPointer?
    var size = 0
    var offset: la_int64_t = 0
    switch archive_read_data_block(archive, &start, &size, &offset) {
    case ARCHIVE_OK: return (UnsafeRawBufferPointer(start: start, count: size), Int64(offset))
    case ARCHIVE_EOF: return nil
    default: throw problem()
    }
  }

  /// Takes what comes after the last entry, and returns the digest of the whole stream.
  func finish() throws(UnpackError) -> [UInt8] {
    while try block() != nil {}
    return Array(hash.finalize())
  }

  private func block() throws(UnpackError) -> UnsafeRawBufferPointer? {
    guard let block = try ring.next() else { return nil }
    hash.update(bufferPointer: block)
    header.add(block, at: bytes)
    bytes += Int64(block.count)
    return block
  }

  private func read(into target: UnsafeMutablePointer<UnsafeRawPointer?>?) -> Int {
    do {
      let block = try block() ?? missingPadding()
      target?.pointee = block?.baseAddress
      return block?.count ?? 0
    } catch {
      failure = error
      return -1
    }
  }

  /// What a stream lacks that ends with the last byte of a file: some tools write no more (`umoci insert`), and Go's
  /// reader, which containerd has, takes it.
  private func missingPadding() -> UnsafeRawBufferPointer? {
    let over = Int(bytes % 512)
    guard !isPadded, over > 0, bytes >= contentEnd else { return nil }
    isPadded = true
    return UnsafeRawBufferPointer(rebasing: padding[..<(512 - over)])
  }

  private var message: String { archive_error_string(archive).map { String(cString: $0) } ?? "" }

  private func problem() -> UnpackError {
    failure ?? UnpackError(.layer, "the layer is no tar archive, or a broken one: \(message)")
  }
}
