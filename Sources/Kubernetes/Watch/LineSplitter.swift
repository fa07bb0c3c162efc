import NIOCore

/// Cuts a stream of bytes into lines, wherever the pieces of it begin and end.
struct LineSplitter {
  struct LineTooLong: Error {}

  let limit: Int
  private var buffer = ByteBuffer()
  /// Bytes of `buffer` in which there is no end of a line.
  private var searched = 0

  init(limit: Int = 8 << 20) { self.limit = limit }

  mutating func append(_ piece: ByteBuffer) {
    buffer.discardReadBytes()
    buffer.writeImmutableBuffer(piece)
  }

  /// The next whole line without its end, nil when more bytes are needed.
  mutating func next() throws(LineTooLong) -> ByteBuffer? {
    let view = buffer.readableBytesView
    guard let end = view[(view.startIndex + searched)...].firstIndex(of: UInt8(ascii: "\n")) else {
      searched = view.count
      guard searched <= limit else { throw LineTooLong() }
      return nil
    }
    searched = 0
    let length = end - view.startIndex
    guard length <= limit else { throw LineTooLong() }
    let line = buffer.readSlice(length: length)
    buffer.moveReaderIndex(forwardBy: 1)
    return line
  }
}
