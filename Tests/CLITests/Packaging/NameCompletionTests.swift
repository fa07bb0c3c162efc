import Commands
import Foundation
import TestKit
import Testing

@testable import CLI

@Suite("Completion of names", .timeLimit(.minutes(2)))
struct NameCompletionTests {
  private static func lines(_ outcome: PrepullProgram.Outcome) -> [String] {
    outcome.output.split(separator: "\n").map(String.init)
  }

  @Test("The cluster's namespaces, nodes and workloads, and what was kept there, are offered")
  func ofTheCluster() async throws {
    try await withCluster { cluster in
      let nodes = Self.lines(try await cluster.prepull("__complete", "run", "--node", ""))
      #expect(nodes.count == 4 && nodes.last == ":4", "\(nodes)")
      let second = Self.lines(try await cluster.prepull("__complete", "run", "--node", "\(nodes[0]),"))
      #expect(second.contains("\(nodes[0]),\(nodes[1])"))
      let spaces = Self.lines(try await cluster.prepull("__complete", "images", "-n", "kube-"))
      #expect(spaces.contains("kube-system") && !spaces.contains("default"), "\(spaces)")
      let kept = try await cluster.prepull("run", "--keep", "--name", "front", cluster.web)
      #expect(kept.exitCode == 0, "\(kept.errors)")
      #expect(Self.lines(try await cluster.prepull("__complete", "status", "fr")) == ["front", ":4"])
      let kinds = Self.lines(try await cluster.prepull("__complete", "run", "--workload", "d"))
      #expect(kinds == ["daemonset/", "deployment/", ":6"])
      let sets = Self.lines(try await cluster.prepull("__complete", "run", "--workload", "ds/"))
      #expect(sets.first?.hasPrefix("ds/front") == true, "\(sets)")
    }
  }

  @Test("The kubeconfig's contexts are offered without a cluster; without either nothing is, and nothing is said")
  func ofTheKubeconfig() async throws {
    try await withTemporaryFolder { folder in
      try "contexts: [{name: kind-a}, {name: kind-b}, {name: prod}]\n".write(
        toFile: folder + "/config", atomically: true, encoding: .utf8)
      let words = ["__complete", "run", "--kubeconfig", folder + "/config"]
      let contexts = try await PrepullProgram.run(words + ["--context", "kind-"])
      #expect(Self.lines(contexts) == ["kind-a", "kind-b", ":4"])
      for place in [["-n", ""], ["--node", ""], ["--user", ""]] {
        let none = try await PrepullProgram.run(words + ["--server", "http://127.0.0.1:9"] + place)
        #expect(none.output == ":4\n" && none.errors.isEmpty && none.exitCode == 0, "\(none)")
      }
    }
  }
}

@Suite("Words that are no command", .timeLimit(.minutes(10)))
struct UnknownCommandTests {
  @Test(
    "What was meant is guessed",
    arguments: [
      ("statsu", "did you mean 'status'?"), ("chek", "did you mean 'check'?"), ("image", "did you mean 'images'?"),
      ("Pull", "did you mean 'pull'?"), ("rnder", "did you mean 'render'?"), ("sandbox pu", "did you mean 'up'?"),
      ("uninstal", "did you mean 'uninstall'?"), ("frobnicate", "The commands are pull, "),
    ])
  func guesses(words: String, expected: String) throws {
    let text = try #require(CommandLineTool.unknownCommand(in: words.split(separator: " ").map(String.init)))
    #expect(text.contains(expected), "\(text)")
    #expect(!text.contains("__complete"))
  }

  @Test(arguments: ["pull nginx", "--version", "help run", "sandbox up --nodes 2", "sandbox", "", "status statsu"])
  func whatIsACommandIsLeftToTheParser(words: String) {
    #expect(CommandLineTool.unknownCommand(in: words.split(separator: " ").map(String.init)) == nil)
  }

  @Test func theProgramSaysSo() async throws {
    let outcome = try await PrepullProgram.run(["imagse", "--top", "3"])
    #expect(outcome.exitCode == 2)
    #expect(outcome.errors.hasPrefix("Error: 'imagse' is no command of prepull; did you mean 'images'?\n"))
  }
}
