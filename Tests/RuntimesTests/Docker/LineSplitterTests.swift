import NIOCore
import Testing

@testable import Runtimes

@Suite struct LineSplitterTests {
  @Test(arguments: 1...12) func splitsWhereverChunksEnd(size: Int) throws {
    let text = "{\"a\":1}\n\n{\"b\":\"ü\"}\r\nlast"
    let bytes = Array(text.utf8)
    var splitter = LineSplitter()
    var lines: [String] = []
    for start in stride(from: 0, to: bytes.count, by: size) {
      let chunk = ByteBuffer(bytes: bytes[start..<min(start + size, bytes.count)])
      lines += try splitter.append(chunk).map { String(buffer: $0) }
    }
    #expect(lines == ["{\"a\":1}", "{\"b\":\"ü\"}\r"])
    #expect(splitter.rest.map { String(buffer: $0) } == "last")
  }

  @Test func refusesALineWithoutEnd() {
    var splitter = LineSplitter(limit: 10)
    #expect(throws: LineTooLong.self) { try splitter.append(ByteBuffer(string: "0123456789a")) }
  }
}
