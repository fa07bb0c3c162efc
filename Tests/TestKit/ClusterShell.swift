import Foundation
import Subprocess
import SystemPackage
package import VirtualCluster

/// Scripts of a shell in which `kubectl` talks to a sandbox: a client that we did not write.
package struct ClusterShell: Sendable {
  package struct Outcome: Sendable {
    package let output: String
    package let error: String
    package let isSuccess: Bool
  }

  private let folder: String

  /// - Parameter folder: for files of the script and kubectl's cache; it is there.
  package init(_ sandbox: Sandbox, folder: String) throws {
    self.folder = folder
    try sandbox.kubeconfig.write(toFile: folder + "/config", atomically: true, encoding: .utf8)
  }

  /// Runs a script in the folder, until its first command that fails.
  package func sh(_ script: String) async throws -> Outcome {
    let result = try await run(
      .name("sh"), arguments: ["-c", "set -e\n" + script],
      environment: .inherit.updating(["HOME": folder, "KUBECONFIG": folder + "/config"]),
      workingDirectory: FilePath(folder), input: .none, output: .string(limit: 4 << 20), error: .string(limit: 4 << 20))
    return Outcome(
      output: result.standardOutput, error: result.standardError, isSuccess: result.terminationStatus.isSuccess)
  }

  package func write(_ text: String, to file: String) throws {
    try text.write(toFile: folder + "/" + file, atomically: true, encoding: .utf8)
  }
}
