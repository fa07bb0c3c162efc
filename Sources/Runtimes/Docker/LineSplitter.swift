import NIOCore

/// Cuts a stream of chunks into lines, wherever the chunks end.
struct LineSplitter {
  private var buffer = ByteBuffer()
  private let limit: Int

  /// - Parameter limit: the longest line in bytes.
  init(limit: Int = 1 << 20) {
    self.limit = limit
  }

  /// Takes in a chunk and returns the lines that it completes, without their ends.
  mutating func append(_ chunk: ByteBuffer) throws -> [ByteBuffer] {
    buffer.writeImmutableBuffer(chunk)
    var lines: [ByteBuffer] = []
    while let end = buffer.readableBytesView.firstIndex(of: UInt8(ascii: "\n")) {
      let length = end - buffer.readerIndex
      if let line = buffer.readSlice(length: length), length > 0 { lines.append(line) }
      buffer.moveReaderIndex(forwardBy: 1)
    }
    buffer.discardReadBytes()
    guard buffer.readableBytes <= limit else { throw LineTooLong(limit: limit) }
    return lines
  }

  /// What came after the last end of a line.
  var rest: ByteBuffer? { buffer.readableBytes > 0 ? buffer : nil }
}

struct LineTooLong: Error, CustomStringConvertible {
  let limit: Int

  var description: String { "a line is longer than \(limit) bytes" }
}
