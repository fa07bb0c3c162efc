import Warming
import TestKit
import Foundation
import Glibc
import Subprocess
import Testing

@Suite("touch", .timeLimit(.minutes(3)))
struct TouchTests {
  @Test("The committed bytes are what scripts/touch assembles")
  func bytesAreAssembled() async throws {
    let check = try await checkTouch(in: repository)
    #expect(check.status == .exited(0), "\(check.error)")
  }

  @Test("scripts/touch --check fails when a source was changed and not assembled")
  func checkFindsAChange() async throws {
    let copy = FileManager.default.temporaryDirectory.appending(path: "touch-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: copy) }
    for folder in ["Touch", "scripts", "Sources/Warming/Touch"] {
      let target = copy.appending(path: folder)
      try FileManager.default.createDirectory(
        at: target.deletingLastPathComponent(), withIntermediateDirectories: true)
      try FileManager.default.copyItem(at: repository.appending(path: folder), to: target)
    }
    let source = copy.appending(path: "Touch/arm64.s")
    let changed = try String(contentsOf: source, encoding: .utf8).replacing("mov     x0, #2 ", with: "mov     x0, #3 ")
    try changed.write(to: source, atomically: true, encoding: .utf8)

    let check = try await checkTouch(in: copy)
    #expect(check.status == .exited(1))
    #expect(check.error.contains("run scripts/touch and commit the result"))
  }

  @Test("Each is a small static ELF file for its machine", arguments: TouchProgram.Architecture.linux)
  func header(architecture: TouchProgram.Architecture) {
    let bytes = TouchProgram.bytes(for: architecture)
    #expect(bytes.count <= 256)
    #expect(Array(bytes.prefix(5)) == [0x7f, 0x45, 0x4c, 0x46, 2])
    let isBig = architecture == .s390x
    #expect(bytes[5] == (isBig ? 2 : 1))

    func number(at offset: Int, bytes count: Int) -> Int {
      let field = bytes[offset..<offset + count]
      return (isBig ? Array(field) : field.reversed()).reduce(0) { $0 << 8 | Int($1) }
    }
    let machines: [TouchProgram.Architecture: Int] = [.amd64: 62, .arm64: 183, .ppc64le: 21, .riscv64: 243, .s390x: 22]
    #expect(number(at: 16, bytes: 2) == 2, "an executable")
    #expect(number(at: 18, bytes: 2) == machines[architecture])
    #expect(number(at: 48, bytes: 4) == [.ppc64le: 2, .riscv64: 1][architecture, default: 0], "the ABI's flags")
    #expect(number(at: 56, bytes: 2) == 1, "one segment")
    #expect(number(at: 68, bytes: 4) == 5, "readable and executable, not writable")
    #expect(number(at: 80, bytes: 8) % 65536 == 0)
    #expect(number(at: 96, bytes: 8) <= bytes.count)
    #expect(number(at: 112, bytes: 8) == 65536)
  }

  @Test("Without arguments it exits 0, with others than 'hold' 2", arguments: Machine.all)
  func exits(machine: Machine) async throws {
    try await machine.withProgram { command in
      for (arguments, status) in [
        ([], 0), ([""], 2), (["hol"], 2), (["holds"], 2), (["HOLD"], 2), (["-h", "hold"], 2),
      ] as [([String], Int32)] {
        let result = try await run(
          Configuration(words: command + arguments), output: .discarded, error: .string(limit: 4096))
        #expect(result.terminationStatus == .exited(status), "\(arguments): \(result.standardError)")
      }
    }
  }

  @Test("'hold' waits, also through a stop, and exits 0 on SIGTERM and on SIGINT", arguments: Machine.all)
  func holds(machine: Machine) async throws {
    try await machine.withProgram { command in
      for signal in [Signal.terminate, .interrupt] {
        let status = try await ended(command + ["hold", "ignored"]) { pid in
          try await untilHolding(pid)
          kill(pid, SIGSTOP)
          try await eventually("\(pid) is stopped") { state(of: pid) == "T" }
          kill(pid, SIGCONT)
          try await untilHolding(pid)
          kill(pid, signal.rawValue)
        }
        #expect(status == .exited(0), "on \(signal)")
      }
    }
  }

  @Test("'hold' ends on SIGTERM as PID 1 too, where signals without a handler are dropped")
  func holdsAsFirstProcess() async throws {
    try await Machine.native.withProgram { command in
      let unshare = ["unshare", "--pid", "--fork", "--kill-child"] + command + ["hold"]
      let status = try await ended(unshare) { pid in
        try await eventually("unshare has its child") { child(of: pid) != nil }
        let first = try #require(child(of: pid))
        try await untilHolding(first)
        kill(first, SIGTERM)
      }
      #expect(status == .exited(0))
    }
  }
}

private let repository = URL(filePath: #filePath)
  .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

private func checkTouch(in folder: URL) async throws -> (status: TerminationStatus, error: String) {
  let result = try await run(
    Configuration(words: ["bash", folder.appending(path: "scripts/touch").path, "--check"]),
    output: .discarded, error: .string(limit: 65536))
  return (result.terminationStatus, result.standardError)
}

/// Runs a program, acts on its process, and tells how it ended. It is ended too when `action` throws.
private func ended(
  _ words: [String], _ action: @escaping @Sendable (Int32) async throws -> Void
) async throws -> TerminationStatus {
  let configuration = Configuration(words: words)
  let outcome = try await run(configuration, input: .none, output: .discarded, error: .discarded) { execution in
    do {
      try await action(execution.processIdentifier.value)
      return nil as (any Error)?
    } catch {
      try? execution.send(signal: .kill)
      return error
    }
  }
  if let error = outcome.closureResult { throw error }
  return outcome.terminationStatus
}

/// Waits until the process stands in rt_sigtimedwait of this kernel, which is also where an emulator stands for it.
private func untilHolding(_ pid: Int32) async throws {
  #if arch(arm64)
    let call = "137"
  #else
    let call = "128"
  #endif
  try await eventually("\(pid) holds") {
    file("/proc/\(pid)/syscall").split(separator: " ").first.map(String.init) == call && state(of: pid) == "S"
  }
}

private func file(_ path: String) -> String {
  (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
}

/// The letter in which the kernel tells what a process does.
private func state(of pid: Int32) -> String? {
  file("/proc/\(pid)/stat").split(separator: ")").last?.split(separator: " ").first.map(String.init)
}

private func child(of pid: Int32) -> Int32? {
  file("/proc/\(pid)/task/\(pid)/children").split(separator: " ").first.flatMap { Int32($0) }
}
