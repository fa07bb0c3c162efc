import Workloads
import ArgumentParser
import Commands
import Foundation
import Kubernetes
import TestKit
import Testing

@testable import CLI

private func kubeconfig(in folder: String, _ text: String? = nil) throws -> String {
  let path = folder + "/config"
  let standard = """
    apiVersion: v1
    kind: Config
    current-context: one
    clusters:
    - {name: c, cluster: {server: "https://127.0.0.1:1"}}
    users:
    - {name: u, user: {token: s3cret}}
    contexts:
    - {name: one, context: {cluster: c, user: u, namespace: web}}
    - {name: two, context: {cluster: c, user: u}}
    """
  try (text ?? standard).write(to: URL(filePath: path), atomically: true, encoding: .utf8)
  return path
}

@Suite("Which cluster is meant", .timeLimit(.minutes(10)))
struct ClusterOptionTests {
  @Test func theOptionsOfKubectl() async throws {
    try await withTemporaryFolder { folder in
      let path = try kubeconfig(in: folder)
      var options = try ClusterOptions.parse(["--kubeconfig", path])
      var configuration = try options.configuration(environment: [:])
      #expect(configuration.server == "https://127.0.0.1:1")
      #expect(configuration.namespace == "web")
      #expect(configuration.authentication == .token("s3cret"))
      #expect(configuration.userAgent == "prepull/\(Version.current)")

      options = try ClusterOptions.parse([
        "--context", "two", "-n", "shop", "--as", "jane", "--as-group", "a", "--as-group", "b", "--as-uid", "7",
        "--request-timeout", "5", "-s", "https://127.0.0.1:2", "--cluster", "c", "--user", "u", "--tls-server-name",
        "x",
        "--insecure-skip-tls-verify",
      ])
      configuration = try options.configuration(environment: ["KUBECONFIG": path])
      #expect(configuration.namespace == "shop")
      #expect(configuration.server == "https://127.0.0.1:2")
      #expect(configuration.impersonation == .init(user: "jane", uid: "7", groups: ["a", "b"]))
      #expect(configuration.requestTimeout == .seconds(5))
      #expect(configuration.tls.serverName == "x")
      #expect(configuration.tls.skipsVerification)
    }
  }

  @Test(arguments: [("0", 0), ("30", 30), ("30s", 30), ("1m", 60)])
  func requestTimeouts(text: String, seconds: Int) throws {
    #expect(try RequestTimeout.parse(text).duration == .seconds(seconds))
  }

  @Test(arguments: ["", "x", "-1", "5x"])
  func noRequestTimeouts(text: String) {
    #expect(throws: ValidationError.self) { try RequestTimeout.parse(text) }
  }

  @Test(
    "A kubeconfig that cannot be used is named, with the place, and shows no secret",
    arguments: [
      ("current-context: one\n\tuser: s3cret", "line 2: it is indented with a tab"),
      ("users: {name: s3cret}", "look at users"),
      ("[s3cret", "line"),
    ])
  func malformed(text: String, says: String) async throws {
    try await withTemporaryFolder { folder in
      let options = try ClusterOptions.parse(["--kubeconfig", try kubeconfig(in: folder, text)])
      let error = #expect(throws: ConfigurationError.self) { try options.configuration(environment: [:]) }
      #expect(error?.description.contains("\(folder)/config") == true)
      #expect(error?.description.contains(says) == true, "\(String(describing: error))")
      #expect(error?.description.contains("s3cret") == false)
    }
  }

  @Test(
    "A key that stands twice, byte order marks, UTF-16 and JSON are read as kubectl reads them",
    arguments: [false, true], ["", "\u{FEFF}"])
  func asKubectl(isJSON: Bool, mark: String) async throws {
    let yaml = """
      current-context: zero
      current-context: c
      clusters: [{name: k, cluster: {server: "http://127.0.0.1:1"}}]
      contexts:
      - name: c
        context:
          cluster: k
          namespace: one
          namespace: two
      """
    let json = """
      {"clusters": [{"name": "k", "cluster": {"server": "http://127.0.0.1:1"}}], "current-context": "zero",
      "contexts": [{"name": "c", "context": {"cluster": "k", "namespace": "one", "namespace": "two"}}],
      "current-context": "c"}
      """
    try await withTemporaryFolder { folder in
      let path = try kubeconfig(in: folder, mark + (isJSON ? json : yaml))
      let options = try ClusterOptions.parse(["--kubeconfig", path])
      #expect(try options.configuration(environment: [:]).namespace == "two")
      // Foundation puts a mark in front of UTF-16.
      try #require((isJSON ? json : yaml).data(using: .utf16)).write(to: URL(filePath: path))
      #expect(try options.configuration(environment: [:]).namespace == "two")
    }
  }

  @Test func whatSteersTerminalsDoesNotComeFromAKubeconfig() async throws {
    try await withTemporaryFolder { folder in
      let path = try kubeconfig(in: folder, "contexts: [{name: \"a\\e[2Jb\"}]\ncurrent-context: \"x\\e[31m\"\n")
      let options = try ClusterOptions.parse(["--kubeconfig", path])
      let error = #expect(throws: ConfigurationError.self) { try options.configuration(environment: [:]) }
      #expect(error?.description.contains("the context 'x[31m' does not exist") == true)
      #expect(error?.description.contains("\u{1B}") == false)
    }
  }

  @Test func nothingAtAllAndAContextThatIsNot() async throws {
    try await withTemporaryFolder { folder in
      let none = try ClusterOptions.parse([])
      let nowhere = #expect(throws: ConfigurationError.self) { try none.configuration(environment: ["HOME": folder]) }
      #expect(nowhere?.description.contains("no kubeconfig was found") == true)
      let other = try ClusterOptions.parse(["--context", "three", "--kubeconfig", try kubeconfig(in: folder)])
      let unknown = #expect(throws: ConfigurationError.self) { try other.configuration(environment: [:]) }
      #expect(unknown?.description.contains("Choose one with --context: one, two") == true)
    }
  }
}

@Suite("Which nodes and workloads are meant", .timeLimit(.minutes(10)))
struct NodeOptionTests {
  @Test func choice() throws {
    let choice = try NodeOptions.parse([
      "-l", "pool=gpu,!spot", "--selector", "zone in (a,b)", "--node", "n1,n2", "--node", "n3", "--exclude-node", "n4",
      "--toleration", "gpu=a:NoSchedule", "--include-cordoned",
    ]).choice()
    #expect(choice.selector.map(\.description) == ["pool=gpu", "!spot", "zone in (a, b)"])
    #expect(choice.names == ["n1", "n2", "n3"])
    #expect(choice.exclude == ["n4"])
    #expect(choice.tolerations == [TolerationRule(key: "gpu", value: "a", effect: "NoSchedule")])
    #expect(choice.includeCordoned && !choice.includeNotReady)
    #expect(try NodeOptions.parse(["--toleration", "all"]).choice().tolerations == [TolerationRule()])
  }

  @Test(
    arguments: [
      (["-l", "a=b=c"], "no label's value"), (["--node", "A"], "--node 'A' may hold only"),
      (["--node", "a,"], "--node '' is empty"), (["--node", "a", "--exclude-node", "a"], "both wanted and excluded"),
      (["--toleration", "a:b"], "has the effect 'b'"),
    ])
  func refused(arguments: [String], says: String) throws {
    let options = try NodeOptions.parse(arguments)
    let error = #expect(throws: ValidationError.self) { try options.choice() }
    #expect(error?.message.contains(says) == true, "\(error?.message ?? "")")
  }

  @Test func workloadsOfFiles() async throws {
    try await withTemporaryFolder { folder in
      let path = folder + "/web.yaml"
      let text = """
        apiVersion: v1
        kind: Service
        metadata: {name: web}
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec: {template: {spec: {containers: [{name: web, image: "nginx:1.27"}]}}}
        """
      try text.write(to: URL(filePath: path), atomically: true, encoding: .utf8)
      let set = try WorkloadOptions.parse(["-f", path]).ofFiles()
      #expect(try set.references() == ["nginx:1.27"])
      #expect(try set.namespace() == "shop")
      #expect(set.remarks.isEmpty && set.templates.allSatisfy(\.isPlacementKnown))

      let mixed = """

        ---
        apiVersion: tekton.dev/v1
        kind: Task
        metadata: {name: build, namespace: shop}
        spec:
          steps: [{name: go, image: "golang:1.24"}, {name: same, image: "nginx:1.27"}, {name: late, image: $(params.x)}]
        """
      try (text + mixed).write(to: URL(filePath: path), atomically: true, encoding: .utf8)
      let both = try WorkloadOptions.parse(["-f", path]).ofFiles()
      #expect(try both.references() == ["nginx:1.27", "golang:1.24"])
      #expect(both.templates.map(\.isPlacementKnown) == [true, false] && both.terms == nil)
      #expect(both.remarks.count == 1, "\(both.remarks)")
      #expect(both.remarks.first?.hasPrefix("left out: \(path), task/build, spec.steps[2].image: ") == true)

      for (text, says) in [
        ("kind: Service", "there is no workload in \(path)"), ("a: [", "\(path), line"),
        ("kind: Pod\nspec: {containers: 5}", "\(path), document at line 1: pod/?: containers of its pod template"),
      ] {
        try text.write(to: URL(filePath: path), atomically: true, encoding: .utf8)
        let error = #expect(throws: ValidationError.self) { try WorkloadOptions.parse(["-f", path]).ofFiles() }
        #expect(error?.message.contains(says) == true, "\(error?.message ?? "")")
      }
    }
  }

  @Test(
    arguments: [
      (["--workload", "web"], "kind/name"), (["--workload", "service/web"], "'service' is no kind"),
      (["--image", "web=nginx"], "name the workload with --workload or -f"),
      (["--workload", "ds/a", "--image", "web"], "container=image"),
      (["--workload", "ds/a", "--image", "=x"], "container=image"),
      (["--workload", "ds/a", "--image", "x="], "container=image"),
    ])
  func refusedWorkloads(arguments: [String], says: String) {
    do {
      _ = try WorkloadOptions.parse(arguments)
      Issue.record("nothing was refused")
    } catch {
      #expect(WorkloadOptions.message(for: error).contains(says), "\(WorkloadOptions.message(for: error))")
    }
  }
}
