import Commands
import Crypto
import Foundation
import TestKit
import Testing

@testable import CLI

@Suite("Packaging for kubectl users", .timeLimit(.minutes(10)))
struct KubectlPluginTests {
  private let repository = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  @Test("kubectl runs it as a plugin, and completes its words")
  func plugin() async throws {
    try await withTemporaryFolder("plugin") { folder in
      try FileManager.default.createSymbolicLink(
        atPath: folder + "/kubectl-prepull", withDestinationPath: try PrepullProgram.path)
      let script = repository.appending(path: "packaging/kubectl_complete-prepull").path
      try FileManager.default.createSymbolicLink(
        atPath: folder + "/kubectl_complete-prepull", withDestinationPath: script)
      let path = "PATH=\(folder):$PATH; export PATH HOME=\(folder);"
      let version = try await output(of: "bash", ["-c", "\(path) kubectl prepull --version"])
      #expect(version.trimmingCharacters(in: .whitespacesAndNewlines) == Version.current)
      let help = try await output(of: "bash", ["-c", "\(path) kubectl prepull render --help"])
      #expect(help.contains("USAGE: kubectl prepull render"))
      let completions = try await output(of: "bash", ["-c", "\(path) kubectl __complete prepull rend ''"])
      #expect(!completions.contains("Error"))
      let words = try await output(of: "bash", ["-c", "\(path) kubectl __complete prepull ren"])
      #expect(words.split(separator: "\n").contains { $0.hasPrefix("render\t") }, "\(words)")
    }
  }

  @Test("The krew manifest names the archive's digest, and the archive holds the plugin")
  func krew() async throws {
    try await withTemporaryFolder("krew") { folder in
      let script = repository.appending(path: "scripts/krew").path
      try await output(of: "strip", ["-o", folder + "/prepull", try PrepullProgram.path])
      try await output(of: "bash", [script, "--binary", folder + "/prepull", "--output", folder + "/out"])
      let manifest = try String(contentsOf: URL(filePath: folder + "/out/prepull.yaml"), encoding: .utf8)
      let archives = try FileManager.default.contentsOfDirectory(atPath: folder + "/out").filter { $0.hasSuffix("gz") }
      let archive = try #require(archives.first)
      let bytes = try Data(contentsOf: URL(filePath: folder + "/out/" + archive))
      let digest = SHA256.hash(data: bytes).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
      #expect(manifest.contains("sha256: \(digest)\n"))
      #expect(manifest.contains("/v\(Version.current)/\(archive)\n"))
      #expect(manifest.contains("version: v\(Version.current)\n"))
      let files = try await output(of: "tar", ["-tzf", folder + "/out/" + archive])
      #expect(files.split(separator: "\n").sorted() == ["./", "./LICENSE", "./kubectl-prepull"])
    }
  }
}
