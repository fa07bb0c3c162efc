import NIOCore
import Networking
import Testing

@Suite("Lines of a stream", .timeLimit(.minutes(5)))
struct LineSplitterTests {
  @Test("Lines come whole, wherever the pieces begin and end")
  func pieces() throws {
    let text = "one\n\ntwo ä\r\nthree\nrest"
    for size in 1...text.utf8.count {
      var splitter = LineSplitter(limit: 100)
      var lines: [String] = []
      var bytes = Array(text.utf8)[...]
      while !bytes.isEmpty {
        splitter.append(ByteBuffer(bytes: bytes.prefix(size)))
        bytes = bytes.dropFirst(size)
        while let line = try splitter.next() { lines.append(String(buffer: line)) }
      }
      #expect(lines == ["one", "", "two ä\r", "three"], "pieces of \(size)")
      #expect(splitter.rest.map { String(buffer: $0) } == "rest", "pieces of \(size)")
    }
  }

  @Test("A line that never ends is refused, one at the limit is not")
  func limit() throws {
    var splitter = LineSplitter(limit: 10)
    splitter.append(ByteBuffer(string: String(repeating: "a", count: 10) + "\n"))
    #expect(try splitter.next()?.readableBytes == 10)
    #expect(splitter.rest == nil)
    splitter.append(ByteBuffer(string: String(repeating: "a", count: 11)))
    #expect(throws: LineTooLong.self) { try splitter.next() }
  }
}
