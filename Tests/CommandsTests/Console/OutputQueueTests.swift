import Glibc
import Synchronization
import Testing

@testable import Commands

@Suite("Streams that take nothing for now", .timeLimit(.minutes(1)))
struct OutputQueueTests {
  /// A pipe that nobody reads yet.
  private static func pipe() throws -> (read: Int32, write: Int32) {
    var ends: [Int32] = [0, 0]
    try #require(Glibc.pipe(&ends) == 0)
    return (ends[0], ends[1])
  }

  private static func read(_ count: Int, from descriptor: Int32) -> String {
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 64 << 10)
    while bytes.count < count {
      let got = Glibc.read(descriptor, &chunk, min(chunk.count, count - bytes.count))
      if got <= 0 { break }
      bytes += chunk[..<got]
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  @Test("A stream that takes nothing is waited for, and not asked again and again")
  func neverSpins() throws {
    // Takes one byte, then nothing for a while, then is interrupted, then takes all.
    let answers: [(Int, Int32)] = [(1, 0), (-1, EAGAIN), (-1, EAGAIN), (-1, EINTR), (3, 0)]
    let asked = Mutex(0)
    let waits = Mutex(0)
    let writer = DescriptorWriter(
      write: { buffer in
        let (count, code) = answers[
          asked.withLock {
            $0 += 1; return $0 - 1
          }]
        errno = code
        return min(count, buffer.count)
      }, waitUntilWritable: { waits.withLock { $0 += 1 } })
    #expect(try writer.write(Array("text".utf8)))
    #expect(asked.withLock { $0 } == answers.count)
    #expect(waits.withLock { $0 } == 2, "before each further try")
  }

  @Test func aReaderThatWentAwayIsNoError() throws {
    let gone = DescriptorWriter(
      write: { _ in
        errno = EPIPE; return -1
      }, waitUntilWritable: {})
    #expect(try gone.write([1]) == false)
    let broken = DescriptorWriter(
      write: { _ in
        errno = EBADF; return -1
      }, waitUntilWritable: {})
    #expect(throws: OutputError.self) { try broken.write([1]) }
  }

  @Test("Writing to a reader that has stopped returns, and nothing of it is lost", arguments: [false, true])
  func neverWaits(isNonBlocking: Bool) throws {
    let (input, output) = try Self.pipe()
    defer { for end in [input, output] { close(end) } }
    if isNonBlocking { try #require(fcntl(output, F_SETFL, O_NONBLOCK) == 0) }
    let console = Console(descriptor: output)
    // Far more than a pipe holds: this would not return if it waited.
    let lines = (0..<10_000).map { "line \($0) of what goes on\n" }
    for line in lines { console.write(line) }
    #expect(console.isBehind)
    let text = lines.joined()
    #expect(Self.read(text.utf8.count, from: input) == text)
    try console.writeAll("the result\n")
    #expect(!console.isBehind)
    #expect(Self.read(11, from: input) == "the result\n")
  }
}
