import Foundation
import Glibc
import SystemPackage
import TestKit
import Testing

@testable import Unpacking

/// What goes wrong while a layer is unpacked.
@Suite(.timeLimit(.minutes(5))) struct UnpackFaultTests {
  private static let layer = PackedLayer(
    OddImage.build { builder in
      for number in 0..<200 {
        builder.add("d\(number % 9)/f\(number)", content: String(repeating: "\(number)", count: 4000))
      }
    })

  private func failure(_ unpacking: LayerUnpacking, within limit: Duration = .seconds(60)) async -> UnpackError? {
    do {
      _ = try await unpacking.finish(within: limit)
      return nil
    } catch {
      return error as? UnpackError
    }
  }

  @Test("A child that is killed in the middle is named, and its folder can be removed")
  func killed() async throws {
    try await withScratchFolder("unp") { folder in
      let unpacking = try Unpacked.start(into: folder("root"))
      try unpacking.input.writeAll(Self.layer.bytes[..<(Self.layer.bytes.count / 2)])
      try await eventually("a file") { FileManager.default.fileExists(atPath: folder("root/d0")) }
      kill(try #require(unpacking.pid), SIGKILL)
      let error = await failure(unpacking)
      #expect(error?.code == .child && error?.message.contains("was killed") == true)
      #expect(unpacking.pid == nil)
      try? unpacking.input.close()
      try removeUnpacked(FilePath(folder("root")))
      #expect(!FileManager.default.fileExists(atPath: folder("root")))
    }
  }

  @Test("A child that stalls is ended by cancelling, and the writer is let go")
  func stalled() async throws {
    try await withScratchFolder("unp") { folder in
      let unpacking = try Unpacked.start(.none, into: folder("root"))
      kill(try #require(unpacking.pid), SIGSTOP)
      let ended = Task.detached { () -> Errno? in
        do {
          // More than a pipe holds.
          for _ in 0..<8 { _ = try unpacking.input.writeAll([UInt8](repeating: 0, count: 1 << 20)) }
          return nil
        } catch {
          return error as? Errno
        }
      }
      let finish = Task { await failure(unpacking) }
      unpacking.cancel()
      #expect(await ended.value == .brokenPipe)
      #expect(await finish.value?.code == .cancelled)
      try? unpacking.input.close()
    }
  }

  @Test("A child that stalls for good is ended when the time is over")
  func timeOut() async throws {
    try await withScratchFolder("unp") { folder in
      let unpacking = try Unpacked.start(.none, into: folder("root"))
      let pid = try #require(unpacking.pid)
      kill(pid, SIGSTOP)
      try unpacking.input.close()
      let error = await failure(unpacking, within: .zero)
      #expect(error?.code == .child && error?.message.contains("in time") == true)
      #expect(kill(pid, 0) != 0)
    }
  }

  @Test("Cancelling the task ends the child")
  func cancelledTask() async throws {
    try await withScratchFolder("unp") { folder in
      let unpacking = try Unpacked.start(into: folder("root"))
      let pid = try #require(unpacking.pid)
      let task = Task { await failure(unpacking) }
      task.cancel()
      #expect(await task.value?.code == .cancelled)
      #expect(kill(pid, 0) != 0)
      try unpacking.input.close()
    }
  }

  @Test("A child that nobody waits for is ended")
  func forgotten() async throws {
    try await withScratchFolder("unp") { folder in
      var pid: pid_t = 0
      do {
        let unpacking = try Unpacked.start(into: folder("root"))
        pid = try #require(unpacking.pid)
        try unpacking.input.close()
      }
      #expect(kill(pid, 0) != 0)
    }
  }

  @Test("A layer that ends early is refused")
  func cut() async throws {
    for count in [0, 5, 20, Self.layer.bytes.count / 2, Self.layer.bytes.count - 1] {
      try await withScratchFolder("unp") { folder in
        let unpacking = try Unpacked.start(into: folder("root"))
        Unpacked.feed(Array(Self.layer.bytes[..<count]), to: unpacking)
        let error = await failure(unpacking)
        // Of nothing comes an empty layer, whose digest is not the expected one.
        #expect(error?.code == (count == 0 ? nil : .layer), "\(count): \(error?.message ?? "none")")
      }
    }
  }

  @Test("A full disk is named")
  func fullDisk() async throws {
    try await withSmallFileSystem(size: 200 << 10) { path in
      let unpacking = try Unpacked.start(into: path + "/root")
      Unpacked.feed(Self.layer.bytes, to: unpacking)
      let error = await failure(unpacking)
      #expect(error?.code == .disk)
      #expect(error?.message.hasPrefix("cannot write /d") == true, "\(error?.message ?? "none")")
      #expect(error?.message.hasSuffix("No space left on device") == true)
    }
  }

  @Test("What cannot be started is named")
  func noProgram() async throws {
    try await withTemporaryFolder { folder in
      #expect(throws: UnpackError.self) {
        try LayerUnpacking.start(
          into: FilePath(folder), compression: .gzip, limits: Unpacked.limits, isLowest: false, program: "/nowhere")
      }
      #expect(throws: UnpackError.self) {
        try LayerUnpacking.start(
          into: FilePath(folder + "/none"), compression: .gzip, limits: Unpacked.limits, isLowest: false)
      }
      // A program that is no child of ours says nothing that makes sense.
      let other = try LayerUnpacking.start(
        into: FilePath(folder), compression: .gzip, limits: Unpacked.limits, isLowest: false, program: "/bin/true")
      try other.input.close()
      #expect(await failure(other)?.message.contains("no answer that makes sense") == true)
    }
  }
}
