import ImageModel
import TestKit
import Testing
import VirtualCluster

@testable import Runtimes

extension Daemons {
  /// What a real containerd tells of images.
  @Suite(.timeLimit(.minutes(10))) struct ImageEventsTests {
    @Test(arguments: ContainerdRelease.all) func tellsWhatComesAndGoes(_ release: ContainerdRelease) async throws {
      try await FastLab.run(ContainerdOptions(release: release)) { lab in
        let image = try SampleImage(gzip: true)
        let reference = lab.registry.add(image)
        try await lab.connect(.auto) { runtime, _ in
          let log = ChangeLog(try #require(try await runtime.changes()))
          let pulled = try await runtime.pull(image.order(reference), progress: { _ in })
          for name in [pulled.id] + pulled.references { try await log.wait(for: .there(name)) }
          try await lab.containerd.ctr("images", "tag", reference.description, "example.test/other:v2")
          try await log.wait(for: .there("example.test/other:v2"))
          try await lab.containerd.ctr("images", "rm", "example.test/other:v2")
          try await log.wait(for: .gone("example.test/other:v2"))
          #expect(!log.all.contains(.gone(reference.description)))
          _ = try await runtime.remove(reference)
          for name in [pulled.id] + pulled.references { try await log.wait(for: .gone(name)) }
          let names = [pulled.id, "example.test/other:v2"] + pulled.references
          let expected = Set(names.flatMap { [RuntimeChange.there($0), .gone($0)] })
          #expect(Set(log.all) == expected)
        }
      }
    }

    @Test(arguments: ContainerdRelease.all) func endsWithTheRuntime(_ release: ContainerdRelease) async throws {
      try await FastLab.run(ContainerdOptions(release: release)) { lab in
        try await lab.connect(.off) { runtime, _ in
          let log = ChangeLog(try #require(try await runtime.changes()))
          lab.containerd.daemon.kill()
          #expect(try await log.end()?.code == .died)
          await #expect(throws: RuntimeError.self) { _ = try await runtime.changes() }
        }
      }
    }

    @Test func endsWithItsReader() async throws {
      try await FastLab.run { lab in
        try await lab.connect(.off) { runtime, _ in
          let log = ChangeLog(try #require(try await runtime.changes()))
          log.cancel()
          #expect(try await log.end() == nil)
        }
      }
    }

    /// Who reads too slowly gets what was first in its order, and then has to list again.
    @Test func endsWhereItsReaderIsTooFarBehind() async throws {
      try await FastLab.run { lab in
        let image = try SampleImage(gzip: true)
        let reference = lab.registry.add(image)
        try await lab.pull(reference, .off)
        let endpoint = try RuntimeEndpoint(parsing: lab.containerd.endpoint)
        try await CRIConnection.with(endpoint, limits: .test()) { connection in
          let changes = try await ImageEvents(connection: connection, ahead: 10).subscribe()
          for number in 0..<30 {
            try await ContainerdNames(connection: connection).label(reference.description, ["n": "\(number)"])
          }
          let other = ChangeLog(try await ImageEvents(connection: connection).subscribe())
          try await lab.containerd.ctr("images", "rm", reference.description)
          try await other.wait(for: .gone(reference.description))
          let log = ChangeLog(changes)
          #expect(try await log.end()?.code == .fault)
          #expect(log.all == Array(repeating: .there(reference.description), count: 10))
        }
      }
    }
  }
}
