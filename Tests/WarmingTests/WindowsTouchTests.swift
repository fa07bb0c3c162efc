import Foundation
import Subprocess
import SystemPackage
import TestKit
import Testing
import Warming

/// The program for Windows, run by Wine in a folder of its own.
@Suite("touch.exe", .serialized, .timeLimit(.minutes(3)))
struct WindowsTouchTests {
  @Test("It is a console program of Windows for amd64, of less than 4 kB, that needs kernel32 and nothing else")
  func header() throws {
    let bytes = TouchProgram.bytes(for: .windows)
    #expect(bytes.count < 4096)
    func number(at offset: Int, bytes count: Int) -> Int {
      bytes[offset..<offset + count].reversed().reduce(0) { $0 << 8 | Int($1) }
    }
    #expect(Array(bytes.prefix(2)) == Array("MZ".utf8))
    let start = number(at: 0x3c, bytes: 4)
    #expect(Array(bytes[start..<start + 4]) == [0x50, 0x45, 0, 0])
    #expect(number(at: start + 4, bytes: 2) == 0x8664)
    #expect(number(at: start + 8, bytes: 4) == 0, "no date, so that the same source gives the same bytes")
    #expect(number(at: start + 24, bytes: 2) == 0x20b, "64 bits")
    #expect(number(at: start + 24 + 68, bytes: 2) == 3, "a console program")
    let text = String(decoding: bytes, as: UTF8.self)
    #expect(text.matches(of: /[A-Za-z0-9]+\.dll/).map { String($0.0) } == ["KERNEL32.dll"])
  }

  @Test("Without arguments it exits 0, with others than 'hold' 2, and 'hold' waits until it is asked to end")
  func runs() async throws {
    try await withTemporaryFolder("wine") { folder in
      let wine = try #require(
        ["/usr/lib/wine/wine64", "/usr/bin/wine64"].first { FileManager.default.isExecutableFile(atPath: $0) },
        "wine64 is not installed: run scripts/packages test as root")
      try Data(TouchProgram.bytes(for: .windows)).write(to: URL(filePath: folder + "/touch.exe"))
      let environment = Environment.inherit.updating([
        "WINEPREFIX": folder + "/prefix", "WINEDEBUG": "-all",
        "WINEDLLOVERRIDES": "mscoree,mshtml,winemenubuilder.exe=d",
      ])
      func configuration(_ arguments: [String]) -> Configuration {
        Configuration(
          executable: .path(FilePath(wine)), arguments: Arguments([folder + "/touch.exe"] + arguments),
          environment: environment)
      }
      for (arguments, code) in [
        ([], 0), (["hol"], 2), (["holds"], 2), (["HOLD"], 2), (["-h", "hold"], 2), ([""], 2),
      ] as [([String], Int32)] {
        let result = try await run(
          configuration(arguments), input: .none, output: .discarded, error: .string(limit: 1 << 16))
        #expect(result.terminationStatus == .exited(code), "\(arguments): \(result.standardError)")
      }
      let ending = try await run(
        configuration(["hold", "ignored"]), input: .none, output: .discarded, error: .discarded
      ) { execution in
        let pid = execution.processIdentifier.value
        // It has come to its Sleep when it takes no processor time any more.
        var last = ""
        try await eventually("it waits") {
          let now = Self.times(of: pid)
          defer { last = now }
          try await Task.sleep(for: .milliseconds(300))
          return !now.isEmpty && now == last && now == Self.times(of: pid)
        }
        try execution.send(signal: .interrupt)
      }
      #expect(ending.terminationStatus == .exited(0))
      // Wine's server stays for a while, and would hold the folder.
      let server = Configuration(
        executable: .path("/usr/lib/wine/wineserver64"), arguments: ["-k"], environment: environment)
      _ = try await run(server, input: .none, output: .discarded, error: .discarded)
    }
  }

  /// User and system time of a process, in ticks.
  private static func times(of pid: Int32) -> String {
    let text = (try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)) ?? ""
    return (text.split(separator: ")").last?.split(separator: " ") ?? []).dropFirst(11).prefix(2).joined(separator: " ")
  }
}
