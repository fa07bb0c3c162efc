import ArgumentParser
import Commands
import Testing

@testable import CLI

@Suite("Completion under kubectl", .timeLimit(.minutes(10)))
struct CompletionTests {
  private let tree: CommandTree

  init() throws { tree = try CommandTree(help: CommandLineTool._dumpHelp()) }

  private func texts(_ words: String...) -> [String] { tree.suggestions(for: words).suggestions.map(\.text) }

  @Test("Commands are offered, hidden ones are not")
  func commands() {
    #expect(texts("re") == ["render"])
    #expect(texts("").contains("pull"))
    #expect(!texts("").contains("__complete"))
    #expect(tree.suggestions(for: ["pu"]).suggestions.first?.help.isEmpty == false)
  }

  @Test("Options of the command are offered after its name, whatever stands between")
  func options() {
    #expect(texts("render", "--isol") == ["--isolate"])
    #expect(texts("render", "--engine", "docker", "nginx", "--isol") == ["--isolate"])
    #expect(texts("pull", "--isol") == [])
    #expect(texts("render", "nginx:1.") == [])
  }

  @Test(
    "Names are offered where an option or a command takes one",
    arguments: [
      (["run", "--context", "a"], .context), (["images", "--cluster", ""], .cluster), (["check", "--user", ""], .user),
      (["run", "-n", ""], .namespace), (["status", "--namespace", ""], .namespace), (["run", "--node", ""], .node),
      (["run", "nginx", "--exclude-node", ""], .node), (["run", "--workload", "dep"], .workload),
      (["check", "--prepull", ""], .prepull), (["status", ""], .kept), (["delete", "-n", "web", "x"], .kept),
      (["delete", "x", ""], nil), (["run", ""], nil), (["pull", "--context", ""], nil),
    ] as [([String], NameKind?)])
  func names(words: [String], kind: NameKind?) { #expect(tree.suggestions(for: words).names == kind) }

  @Test func theWordsSayWhichClusterIsMeant() throws {
    let options = try #require(
      NameSource.options(in: [
        "run", "nginx", "--kubeconfig=/k", "-n", "web", "--label", "a", "--context", "c", "--workload",
      ]))
    #expect(options.kubeconfig == "/k" && options.namespace == "web" && options.context == "c")
    #expect(NameSource.options(in: ["run", "-n", "No Such"]) == nil)
    #expect(NameSource.options(in: ["run", "--kubeconfig", "/k", "-n"])?.kubeconfig == "/k", "its value is typed")
  }

  @Test("Values of an option are offered where they are few; files where it takes one")
  func values() {
    #expect(texts("render", "--engine", "d") == ["docker"])
    #expect(texts("render", "--engine", "") == ["kubelet", "docker", "cri"])
    #expect(tree.suggestions(for: ["pull", "--auth-file", ""]).files)
    #expect(!tree.suggestions(for: ["render", "--engine", ""]).files)
  }
}

@Test(
  "The program goes by the name under which it was called",
  arguments: [
    ("/usr/bin/prepull", "prepull"), ("kubectl-prepull", "kubectl prepull"),
    ("/root/.krew/bin/kubectl-prepull", "kubectl prepull"), ("", "prepull"), ("./kubectl/prepull", "prepull"),
    ("/usr/bin/prepulld", "prepulld"), ("prepulld-linux-arm64", "prepulld"), ("prepull-linux-arm64", "prepull"),
  ])
func programName(path: String, name: String) {
  #expect(Program.name(calledAs: path) == name)
}
