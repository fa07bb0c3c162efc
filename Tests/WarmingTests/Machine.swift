import Warming
import Foundation
import Subprocess
import SystemPackage
import Testing

/// A machine that `touch` runs on in the tests: this one, or another under qemu-user.
struct Machine: Sendable, CustomTestStringConvertible {
  let architecture: TouchProgram.Architecture
  let emulator: String?

  #if arch(arm64)
    static let native = Machine(architecture: .arm64, emulator: nil)
  #else
    static let native = Machine(architecture: .amd64, emulator: nil)
  #endif

  static let all: [Machine] =
    [native]
    + TouchProgram.Architecture.linux.map { architecture in
      let names: [TouchProgram.Architecture: String] = [.amd64: "x86_64", .arm64: "aarch64"]
      return Machine(
        architecture: architecture, emulator: "qemu-\(names[architecture] ?? architecture.rawValue)-static")
    }

  var testDescription: String { emulator ?? "native" }

  /// Gives `body` the words of a command that runs `touch`.
  func withProgram(_ body: ([String]) async throws -> Void) async throws {
    if let emulator {
      let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
      let found = folders.contains { FileManager.default.isExecutableFile(atPath: "\($0)/\(emulator)") }
      try #require(found, "\(emulator) is not installed: apt-get install qemu-user-static")
    }
    let folder = FileManager.default.temporaryDirectory.appending(path: "touch-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(at: folder) }
    let bytes = folder.appending(path: "bytes")
    let program = folder.appending(path: "touch").path
    try Data(TouchProgram.bytes(for: architecture)).write(to: bytes)
    // Written by another process: a file that this one had open for writing may still be so in a child that another
    // test is starting at the moment, and cannot be executed then.
    _ = try await run(.name("install"), arguments: ["-m", "755", bytes.path, program], output: .discarded)
    try await body([emulator, program].compactMap(\.self))
  }
}

extension Configuration {
  /// A program by name or path, and its arguments.
  init(words: [String]) {
    let executable: Executable = words[0].hasPrefix("/") ? .path(FilePath(words[0])) : .name(words[0])
    self.init(executable: executable, arguments: Arguments(Array(words.dropFirst())))
  }
}
