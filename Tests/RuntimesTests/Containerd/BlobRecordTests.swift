import Foundation
import ImageModel
import Registry
import SystemPackage
import TestKit
import Testing

@testable import Runtimes

@Suite(.timeLimit(.minutes(1))) struct BlobRecordTests {
  private let blob = Descriptor(mediaType: "", digest: DigestVerifier.descriptor(of: [1, 2]).digest, size: 1000)

  /// Writes a record, has `change` change its text, and reads it.
  private func read(
    _ ranges: [(Int64, Int64)], _ change: (String) -> String = { $0 }
  ) async throws -> BlobRecord.Content? {
    try await withTemporaryFolder { folder in
      let path = FilePath(folder + "/blob")
      do {
        let record = try BlobRecord(of: blob, beside: path)
        for (offset, count) in ranges { record.add(count, at: offset) }
      }
      let file = URL(filePath: BlobRecord.path(beside: path).string)
      try Data(change(try String(contentsOf: file, encoding: .utf8)).utf8).write(to: file)
      return BlobRecord.content(beside: path)
    }
  }

  @Test func isReadAsItWasWritten() async throws {
    let content = try await read([(500, 100), (0, 10), (10, 5), (600, 400)])
    #expect(content == BlobRecord.Content(digest: blob.digest, size: 1000, ranges: [0..<15, 500..<1000]))
    #expect(try await read([])?.ranges == [])
  }

  @Test("A line that is cut or makes no sense counts for nothing") func brokenLines() async throws {
    let content = try await read([(0, 10)]) { text in
      text + "20 5 5\n-4 2\n990 20\nx\n9223372036854775807 2\n30 0\n\n500 100"
    }
    #expect(content?.ranges == [0..<10])
  }

  @Test("One of another start of the machine, or of nothing, is none") func otherBoot() async throws {
    #expect(try await read([(0, 10)]) { "x" + $0.dropFirst() } == nil)
    #expect(try await read([(0, 10)]) { $0.replacing(" 1000\n", with: " 0\n") } == nil)
    #expect(try await read([(0, 10)]) { _ in "" } == nil)
    #expect(try await read([(0, 10)]) { String($0.dropLast(6)) } == nil)
  }

  @Test("A record is gone on with") func goesOn() async throws {
    try await withTemporaryFolder { folder in
      let path = FilePath(folder + "/blob")
      for offset in [Int64(0), 100] { try BlobRecord(of: blob, beside: path).add(50, at: offset) }
      #expect(BlobRecord.content(beside: path)?.ranges == [0..<50, 100..<150])
    }
  }
}
