import ImageModel
import Synchronization
import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Which ranges of a blob have come to its file, written beside it: where this run is killed, the next one goes on there.
///
/// It is believed only as long as the machine was not started anew: what was written before a crash of the machine need
/// not be on the disk. And it is only believed until the digest says otherwise.
final class BlobRecord: Sendable {
  /// What a record says.
  struct Content: Hashable, Sendable {
    let digest: Digest
    let size: Int64
    /// In order, with gaps between them.
    let ranges: [Range<Int64>]
  }

  static let suffix = ".ranges"

  private let file: Mutex<FileDescriptor?>

  /// Begins a record, or goes on with one.
  ///
  /// - Parameter path: of the blob's file.
  init(of descriptor: Descriptor, beside path: FilePath) throws {
    let path = Self.path(beside: path)
    let file = try FastFault.naming("make", path) {
      try FileDescriptor.open(
        path, .writeOnly, options: [.create, .append, .closeOnExec], permissions: .ownerReadWrite)
    }
    self.file = Mutex(file)
    if (try? file.stat().size) == 0 { append(Self.header(descriptor.digest, descriptor.size)) }
  }

  deinit { file.withLock { try? $0?.close() } }

  static func path(beside path: FilePath) -> FilePath { FilePath(path.string + suffix) }

  /// Bytes are in the file. What cannot be recorded is fetched again, so nothing fails here.
  func add(_ count: Int64, at offset: Int64) { append("\(offset) \(count)\n") }

  private func append(_ line: String) {
    file.withLock { file in
      guard let open = file else { return }
      let bytes = Array(line.utf8)
      guard (try? bytes.withUnsafeBytes({ try open.write($0) })) == bytes.count else {
        // Half a line would change the meaning of the next one.
        try? open.close()
        file = nil
        return
      }
    }
  }

  private static func header(_ digest: Digest, _ size: Int64) -> String {
    "\(boot) \(digest) \(size)\n"
  }

  /// Another one after each start of the machine.
  private static let boot =
    SmallFile.bytes(of: "/proc/sys/kernel/random/boot_id").map {
      String(decoding: $0.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    } ?? "unknown"

  /// Reads one; nil where it is none of this start of the machine.
  static func content(beside path: FilePath) -> Content? {
    guard let bytes = SmallFile.bytes(of: self.path(beside: path)) else { return nil }
    var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    // What follows the last end of a line is none.
    lines.removeLast()
    let header = lines.first.map { $0.split(separator: UInt8(ascii: " ")) } ?? []
    guard header.count == 3, header[0].elementsEqual(boot.utf8),
      let digest = try? Digest(parsing: String(decoding: header[1], as: UTF8.self)),
      let size = Int64(String(decoding: header[2], as: UTF8.self)), size > 0
    else { return nil }
    return Content(digest: digest, size: size, ranges: ranges(in: lines.dropFirst(), below: size))
  }

  private static func ranges(in lines: some Sequence<[UInt8].SubSequence>, below size: Int64)
    -> [Range<Int64>]
  {
    let all = lines.compactMap { line -> Range<Int64>? in
      let numbers = String(decoding: line, as: UTF8.self).split(separator: " ").compactMap {
        Int64($0)
      }
      guard numbers.count == 2, numbers[0] >= 0, numbers[1] > 0, numbers[1] <= size,
        numbers[0] <= size - numbers[1]
      else { return nil }
      return numbers[0]..<numbers[0] + numbers[1]
    }
    var ranges: [Range<Int64>] = []
    for range in all.sorted(by: { $0.lowerBound < $1.lowerBound }) {
      if let last = ranges.last, range.lowerBound <= last.upperBound {
        ranges[ranges.count - 1] = last.lowerBound..<max(last.upperBound, range.upperBound)
      } else {
        ranges.append(range)
      }
    }
    return ranges
  }
}
