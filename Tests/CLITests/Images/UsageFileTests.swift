import Usage
import Foundation
import Synchronization
import TestKit
import Testing

@testable import CLI

@Suite("The file of prepull images --watch", .timeLimit(.minutes(2)))
struct UsageFileTests {
  private static func record() -> UsageRecord {
    var record = UsageRecord(cluster: "abc", namespace: "web")
    record.history.note(
      ImageStart(image: "nginx:1.27", outcome: .found, time: 1e9), as: ImageKey("nginx:1.27"), now: 1e9)
    record.history.watch(from: 1e9 - 60, to: 1e9)
    return record
  }

  @Test func whatIsWrittenIsRead() async throws {
    try await withTemporaryFolder { folder in
      let file = UsageFile(path: folder + "/history.json")
      #expect(try file.read() == nil)
      try file.write(Self.record())
      try file.write(Self.record())
      #expect(try file.read() == Self.record())
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["history.json"])
    }
  }

  @Test(
    "A file that is something else is refused and left alone",
    arguments: [
      ("", "it is empty"), ("{\"version\": 1, \"histo", "cut off"), ("kind: Pod", "something else"),
      ("{\"version\": 2}", "it has the version 2, and this prepull knows 1"), ("{\"version\": 1}", "it is damaged"),
      ("[]", "something else"), ("\u{0}\u{1}", "something else"),
    ])
  func bad(text: String, complaint: String) async throws {
    try await withTemporaryFolder { folder in
      let path = folder + "/history.json"
      try Data(text.utf8).write(to: URL(filePath: path))
      let error = #expect(throws: UsageFileError.self) { try UsageFile(path: path).read() }
      #expect(error?.description.contains(complaint) == true, "\(String(describing: error))")
      #expect(error?.description.contains(path) == true)
      for command in [["--history", path], ["--watch", "--history", path]] {
        let outcome = try await PrepullProgram.run(
          ["images", "--server", "http://127.0.0.1:9"] + command, environment: ["KUBECONFIG": "", "HOME": folder])
        #expect(outcome.exitCode == 1 && outcome.errors.contains(complaint), "\(outcome.errors)")
      }
      #expect(try Data(contentsOf: URL(filePath: path)) == Data(text.utf8))
    }
  }

  @Test func figuresThatCannotBeAreRefused() async throws {
    try await withTemporaryFolder { folder in
      let file = UsageFile(path: folder + "/history.json")
      try file.write(Self.record())
      let text = try String(contentsOfFile: file.path, encoding: .utf8)
      try text.replacing("\"found\":1", with: "\"found\":-1").write(
        toFile: file.path, atomically: true, encoding: .utf8)
      #expect(throws: UsageFileError.self) { try file.read() }
    }
  }

  @Test func onlyOneCollectsIntoIt() async throws {
    try await withTemporaryFolder { folder in
      let file = UsageFile(path: folder + "/history.json")
      for _ in 0..<2 {
        try await file.exclusively {
          let error = await #expect(throws: UsageFileError.self) {
            try await file.exclusively { Issue.record("both collect") }
          }
          #expect(error?.description.contains("another prepull collects into it") == true)
        }
      }
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
    }
  }

  private final class Holders: Sendable {
    private let count = Mutex(0)

    func add(_ number: Int) -> Int {
      count.withLock { count in
        count += number
        return count
      }
    }
  }

  @Test("A lock that is released while others try to take it is never held by two")
  func neverTwo() async throws {
    try await withTemporaryFolder { folder in
      let holders = Holders()
      let taken = await withTaskGroup(of: Int.self) { group in
        for _ in 0..<8 {
          group.addTask {
            var taken = 0
            for _ in 0..<2000 {
              guard case .taken(let lock) = FileLock.take(folder + "/lock") else { continue }
              taken += 1
              #expect(holders.add(1) == 1)
              _ = holders.add(-1)
              lock.release()
            }
            return taken
          }
        }
        return await group.reduce(0, +)
      }
      #expect(taken > 0)
      let left = try FileManager.default.contentsOfDirectory(atPath: folder)
      #expect(left.isEmpty)
    }
  }

  @Test func whereNothingCanBeWrittenIsSaid() {
    let error = #expect(throws: UsageFileError.self) { try UsageFile(path: "/proc/nowhere/x").write(Self.record()) }
    #expect(error?.description.contains("/proc/nowhere/x cannot be used: it cannot be written") == true)
  }
}
