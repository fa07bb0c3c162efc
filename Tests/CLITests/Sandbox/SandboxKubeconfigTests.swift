import Documents
import Foundation
import Synchronization
import TestKit
import Testing

@testable import CLI

@Suite("The kubeconfig of a sandbox", .timeLimit(.minutes(5)))
struct SandboxKubeconfigTests {
  private static let own: JSON = [
    "clusters": [["name": "sandbox", "cluster": ["server": "https://127.0.0.1:1"]]],
    "users": [["name": "sandbox", "user": ["token": "t"]]],
  ]
  private static let theirs: JSON = [
    "apiVersion": "v1", "kind": "Config", "current-context": "work", "preferences": [:],
    "clusters": [["name": "work", "cluster": ["server": "https://work.example"]]],
    "users": [["name": "me", "user": ["token": "secret"]]],
    "contexts": [["name": "work", "context": ["cluster": "work", "user": "me"]]],
  ]
  private static let (one, two) = (
    SandboxEntry.Owner(process: 1, start: "a"), SandboxEntry.Owner(process: 2, start: "b")
  )

  private static func names(_ document: JSON) -> [String] {
    (document["contexts"]?.array ?? []).compactMap { $0["name"]?.string }
  }

  @Test func whatIsThereStaysAndComesBackAsItWas() throws {
    let (both, entry) = try SandboxEntry.add(Self.own, to: Self.theirs, isNew: false, of: Self.one) { _ in true }
    #expect(Self.names(both) == ["work", "prepull-sandbox"] && both["current-context"] == "prepull-sandbox")
    #expect(entry.removed(from: both) == Self.theirs)
    // The user may have changed it meanwhile.
    var changed = both
    changed["current-context"] = "work"
    changed["users"] = .array((changed["users"]?.array ?? []) + [["name": "new", "user": [:]]])
    let rest = try #require(entry.removed(from: changed))
    #expect(rest["current-context"] == "work" && rest["users"]?.array?.count == 2)
    #expect(entry.removed(from: Self.theirs) == Self.theirs)
  }

  @Test func twoSandboxesShareAFileAndAKilledOnesEntryGoes() throws {
    let (first, entry) = try SandboxEntry.add(Self.own, to: nil, isNew: true, of: Self.one) { _ in true }
    let (second, other) = try SandboxEntry.add(Self.own, to: first, isNew: false, of: Self.two) { _ in true }
    #expect(Self.names(second) == ["prepull-sandbox", "prepull-sandbox-2"])
    let rest = try #require(entry.removed(from: second))
    #expect(Self.names(rest) == ["prepull-sandbox-2"] && rest["current-context"] == "prepull-sandbox-2")
    #expect(other.removed(from: rest) == nil)
    // The one that was current before the first is current again after both, whoever ends first.
    let (work, one) = try SandboxEntry.add(Self.own, to: Self.theirs, isNew: false, of: Self.one) { _ in true }
    let (three, two) = try SandboxEntry.add(Self.own, to: work, isNew: false, of: Self.two) { _ in true }
    #expect(one.removed(from: three).flatMap(two.removed) == Self.theirs)
    #expect(two.removed(from: three).flatMap(one.removed) == Self.theirs)
    // The first was killed, the file was its own: with the next one's end it goes.
    let (next, last) = try SandboxEntry.add(Self.own, to: first, isNew: false, of: Self.two) { $0 != Self.one }
    #expect(Self.names(next) == ["prepull-sandbox"])
    #expect(last.removed(from: next) == nil)
    // A context of the user's own by that name is left alone.
    var named = Self.theirs
    named["contexts"] = [["name": "prepull-sandbox", "context": [:]]]
    let (added, mine) = try SandboxEntry.add(Self.own, to: named, isNew: false, of: Self.one) { _ in false }
    #expect(mine.name == "prepull-sandbox-2" && mine.removed(from: added)?["contexts"] == named["contexts"])
  }

  @Test(
    "A file that is no kubeconfig is refused",
    arguments: [[:], ["kind": "Pod"], "x", ["kind": "List", "items": []]] as [JSON])
  func others(_ document: JSON) {
    #expect(throws: SandboxEntry.NotKubeconfig.self) {
      try SandboxEntry.add(Self.own, to: document, isNew: false, of: Self.one) { _ in true }
    }
  }

  @Test("`sandbox up` merges its context into a file as kind does, and takes it out again")
  func command() async throws {
    try await withTemporaryFolder("up") { folder in
      let file = folder + "/config"
      let yaml = """
        apiVersion: v1
        kind: Config
        current-context: work
        clusters: [{name: work, cluster: {server: "https://work.example"}}]
        users: [{name: me, user: {token: "123"}}]
        contexts: [{name: work, context: {cluster: work, user: me}}]
        """
      let isMade = FileManager.default.createFile(
        atPath: file, contents: Data(yaml.utf8), attributes: [.posixPermissions: 0o640])
      try #require(isMade)
      let before = try YAMLDocuments.parse(yaml).first?.json
      let isDone = Mutex(false)
      async let up = PrepullProgram.run(
        ["sandbox", "up", "--nodes", "1", "--kubeconfig", file], environment: ["TMPDIR": folder], signal: SIGINT,
        when: { isDone.withLock { $0 } })
      defer { isDone.withLock { $0 = true } }
      try await eventually("the kubeconfig's new context") {
        try String(contentsOfFile: file, encoding: .utf8).contains("prepull-sandbox")
      }
      let kubectl = ["--kubeconfig", file]
      #expect(try await output(of: "kubectl", ["config", "current-context"] + kubectl) == "prepull-sandbox\n")
      #expect(try await output(of: "kubectl", ["get", "nodes", "-o", "name"] + kubectl) == "node/node-1\n")
      #expect(
        try await output(of: "kubectl", ["config", "get-contexts", "-o", "name"] + kubectl)
          == "prepull-sandbox\nwork\n")
      isDone.withLock { $0 = true }
      #expect(try await up.exitCode == 0)
      let text = try String(contentsOfFile: file, encoding: .utf8)
      #expect(try YAMLDocuments.parse(text).first?.json == before)
      let mode = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int
      #expect(mode == 0o640)

      try Data("hello: world\n".utf8).write(to: URL(filePath: file))
      let refused = try await PrepullProgram.run(["sandbox", "up", "--kubeconfig", file])
      #expect(refused.exitCode == 2 && refused.errors.contains("is not a kubeconfig"))
      #expect(try String(contentsOfFile: file, encoding: .utf8) == "hello: world\n")
    }
  }
}
