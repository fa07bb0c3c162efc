import Foundation
import Glibc
import SystemPackage
import TestKit
import Testing

@testable import Unpacking

/// A layer of very many files.
@Suite(.timeLimit(.minutes(20))) struct ManyFilesTests {
  /// Headers of empty files, each with another number for its name.
  private struct Headers {
    private var header: [UInt8]
    private let sum: Int

    init() {
      var builder = LayerBuilder(.ustar)
      builder.add("0000000")
      header = builder.bytes
      // What the others of these bytes add up to.
      sum = header.enumerated().reduce(0) { $0 + ((148..<156).contains($1.offset) ? 32 : Int($1.element)) }
    }

    mutating func next(_ number: Int) -> [UInt8] {
      var (rest, more) = (number, 0)
      for place in (0..<7).reversed() {
        header[place] = UInt8(ascii: "0") + UInt8(rest % 10)
        more += rest % 10
        rest /= 10
      }
      var digits = sum + more
      for place in (148..<154).reversed() {
        header[place] = UInt8(ascii: "0") + UInt8(digits & 7)
        digits >>= 3
      }
      return header
    }
  }

  @Test("A million empty files are taken, and cost the child no memory for each") func aMillion() async throws {
    let count = 1_000_000
    try await withSmallFileSystem(size: 3 << 30) { path in
      let limits = UnpackLimits(bytes: 1 << 30, files: count, seconds: 600)
      let unpacking = try Unpacked.start(.none, into: path + "/root", limits: limits)
      var headers = Headers()
      var block: [UInt8] = []
      for number in 0..<count {
        block += headers.next(number)
        if block.count >= 1 << 20 {
          try unpacking.input.writeAll(block)
          block = []
        }
      }
      try unpacking.input.writeAll(block)
      let status = try String(contentsOfFile: "/proc/\(try #require(unpacking.pid))/status", encoding: .utf8)
      let anonymous = try #require(status.firstMatch(of: /RssAnon:\s+(\d+) kB/).flatMap { Int($0.output.1) })
      #expect(anonymous < 60_000, "\(anonymous) kB")
      try unpacking.input.writeAll([UInt8](repeating: 0, count: 1024))
      try unpacking.input.close()
      let layer = try await unpacking.finish(within: .seconds(600))
      #expect(layer.files == count)
      #expect(FileManager.default.fileExists(atPath: path + "/root/0999999"))
    }
  }
}
