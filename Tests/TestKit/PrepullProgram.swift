import Foundation
import Glibc
import Subprocess
import Synchronization
import SystemPackage

/// The built `prepull`, run as a user runs it.
package enum PrepullProgram {
  /// What a run printed, and how it ended.
  package struct Outcome: Sendable {
    /// The exit code; 128 plus the number of the signal that killed it.
    package let exitCode: Int32
    package let output: String
    package let errors: String
  }

  /// The program beside the test bundle.
  package static var path: String { get throws { try path(of: "prepull") } }
  /// `prepulld`, beside it too.
  package static var daemonPath: String { get throws { try path(of: "prepulld") } }

  private static func path(of name: String) throws -> String {
    let bundle = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    let path = URL(filePath: bundle).deletingLastPathComponent().appending(path: name).path
    guard FileManager.default.isExecutableFile(atPath: path) else {
      throw CocoaError(.fileNoSuchFile, userInfo: [NSFilePathErrorKey: path])
    }
    return path
  }

  /// Runs it to its end, at the longest for two minutes.
  ///
  /// - Parameters:
  ///   - program: another than `prepull`.
  ///   - environment: added to that of the tests.
  ///   - signal: sent as soon as `isDue` says so; the run then goes on to its end.
  package static func run(
    _ arguments: [String], program: String? = nil, environment: [String: String] = [:], input: String = "",
    signal: Int32? = nil,
    when isDue: @escaping @Sendable () -> Bool = { true }
  ) async throws -> Outcome {
    try await withTemporaryFolder("run") { folder in
      func file(_ name: String) throws -> FileDescriptor {
        try FileDescriptor.open(
          FilePath(folder + "/" + name), .writeOnly, options: [.create], permissions: .ownerReadWrite)
      }
      try Data(input.utf8).write(to: URL(filePath: folder + "/in"))
      var variables: [Environment.Key: String?] = ["DOCKER_CONFIG": folder, "NO_COLOR": "1"]
      for (name, value) in environment { variables[Environment.Key(stringLiteral: name)] = value }
      let result = try await Subprocess.run(
        .path(FilePath(try program ?? path)), arguments: Arguments(arguments),
        environment: .inherit.updating(variables),
        input: .fileDescriptor(
          try .open(FilePath(folder + "/in"), .readOnly), closeAfterSpawningProcess: true),
        output: .fileDescriptor(try file("out"), closeAfterSpawningProcess: true),
        error: .fileDescriptor(try file("err"), closeAfterSpawningProcess: true)
      ) { execution in
        let pid = execution.processIdentifier.value
        let deadline = ContinuousClock.now + .seconds(120)
        var isSent = signal == nil
        while kill(pid, 0) == 0, !isZombie(pid) {
          if !isSent, isDue() {
            _ = signal.map { kill(pid, $0) }
            isSent = true
          }
          if ContinuousClock.now > deadline { kill(pid, SIGKILL) }
          try await Task.sleep(for: .milliseconds(10))
        }
      }
      let exitCode: Int32 =
        switch result.terminationStatus {
        case .exited(let code): code
        case .signaled(let number): 128 + number
        }
      func text(_ name: String) throws -> String {
        String(decoding: try Data(contentsOf: URL(filePath: folder + "/" + name)), as: UTF8.self)
      }
      return Outcome(exitCode: exitCode, output: try text("out"), errors: try text("err"))
    }
  }

  private static func isZombie(_ pid: pid_t) -> Bool {
    guard let status = FileManager.default.contents(atPath: "/proc/\(pid)/status") else { return true }
    return String(decoding: status, as: UTF8.self).contains("State:\tZ")
  }
}
