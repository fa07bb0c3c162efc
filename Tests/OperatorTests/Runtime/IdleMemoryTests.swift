import Glibc
import Serving
import Testing

@Suite("Serving: memory of an idle process", .timeLimit(.minutes(2)))
struct IdleMemoryTests {
  /// Kilobytes of the program's and the libraries' files that are mapped, as `/proc` has them.
  private func residentFiles() throws -> Int {
    let file = try #require(fopen("/proc/self/status", "r"))
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 256)
    while fgets(&line, 256, file) != nil {
      let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      if text.hasPrefix("RssFile:") { return try #require(Int(text.filter(\.isNumber))) }
    }
    throw Errno.missing
  }

  private enum Errno: Error { case missing }

  @Test("what the program no longer runs is given back when it rests")
  func givesBack() async throws {
    let before = try residentFiles()
    let resting = Task { await IdleMemory.giveBack(whenIdleFor: .milliseconds(300)) }
    defer { resting.cancel() }
    while try residentFiles() > before * 3 / 4 { try await Task.sleep(for: .milliseconds(50)) }
  }
}
