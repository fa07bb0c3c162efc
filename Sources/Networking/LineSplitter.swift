package import NIOCore

/// Cuts a stream of bytes into lines, wherever the pieces of it begin and end.
package struct LineSplitter: Sendable {
  private let limit: Int
  private var buffer = ByteBuffer()
  /// Bytes of `buffer` in which there is no end of a line.
  private var searched = 0

  /// - Parameter limit: the longest line in bytes.
  package init(limit: Int) { self.limit = limit }

  package mutating func append(_ piece: ByteBuffer) {
    buffer.discardReadBytes()
    buffer.writeImmutableBuffer(piece)
  }

  /// The next whole line without its end, nil when more bytes are needed.
  package mutating func next() throws(LineTooLong) -> ByteBuffer? {
    let view = buffer.readableBytesView
    guard let end = view[(view.startIndex + searched)...].firstIndex(of: UInt8(ascii: "\n")) else {
      searched = view.count
      guard searched <= limit else { throw LineTooLong(limit: limit) }
      return nil
    }
    searched = 0
    let length = end - view.startIndex
    guard length <= limit else { throw LineTooLong(limit: limit) }
    let line = buffer.readSlice(length: length)
    buffer.moveReaderIndex(forwardBy: 1)
    return line
  }

  /// What came after the last end of a line.
  package var rest: ByteBuffer? { buffer.readableBytes > 0 ? buffer : nil }
}

package struct LineTooLong: Error, CustomStringConvertible {
  let limit: Int

  package var description: String { "a line is longer than \(limit) bytes" }
}
