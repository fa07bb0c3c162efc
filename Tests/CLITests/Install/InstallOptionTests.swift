import ArgumentParser
import Documents
import Foundation
import Installation
import Kubernetes
import Registry
import TestKit
import Testing
import Warming

@testable import CLI
@testable import Commands

@Suite("install: what it hands on to the operator", .timeLimit(.minutes(10)))
struct InstallOptionTests {
  private static func pod(_ arguments: [String]) throws -> JSON {
    let objects = try InstallCommand.parse(arguments).installation().objects
    let deployment = try #require(objects.first { $0["kind"] == "Deployment" })
    return try #require(deployment[path: "spec", "template", "spec"])
  }

  private static func container(_ pod: JSON) throws -> JSON { try #require(pod["containers"]?.array?.first) }

  @Test("What it starts the controller with is understood there")
  func roundTrip() throws {
    let pod = try Self.pod([
      "--label", "team=a", "--annotation", "note=x=y z", "--request", "cpu=10m,memory=16Mi", "--limit", "memory=64Mi",
      "--plain-http", "r.example:5000", "--max-pods", "7", "--yield-timeout", "2m", "--allow-source", "p:9090,loki",
    ])
    let words = try Self.container(pod)["args"]?.array?.compactMap(\.string) ?? []
    let command = try #require(try DaemonTool.parseAsRoot(words) as? ControllerCommand<PodCluster>)
    let template = try command.pullerTemplate()
    #expect(template.labels.entries == ["team": "a"] && template.annotations.entries == ["note": "x=y z"])
    #expect(template.requests.entries == ["cpu": "10m", "memory": "16Mi"])
    #expect(template.limits.entries == ["memory": "64Mi"])
    #expect(try command.registry([:]).plainHTTP == ["r.example:5000"])
    #expect(command.allowedSources == ["p:9090", "loki"])
    #expect(command.maxPods == 7 && command.logFormat == .json)
    #expect(try ControllerCommand<PodCluster>.yieldSpan(command.yieldTimeout) == .seconds(120))
    #expect(throws: (any Error).self) { try Self.pod(["--yield-timeout", "soon"]) }
  }

  @Test("What it starts agents with is understood there, and the controller is told where they are")
  func agents() throws {
    let objects = try InstallCommand.parse([
      "--agent", "--agent-kubelet-config", "/var/lib/kubelet/config.yaml", "--agent-credential-providers",
      "--agent-argument", "--max-bandwidth=100MiB", "--namespace", "elsewhere",
    ]).installation().objects
    let set = try #require(objects.first { $0["kind"] == "DaemonSet" })
    let pod = try #require(set[path: "spec", "template", "spec"])
    let words = try Self.container(pod)["args"]?.array?.compactMap(\.string) ?? []
    #expect(try DaemonTool.parseAsRoot(words) is AgentCommand<PodCluster>)
    #expect(AgentInstallOptions.own.isSuperset(of: AgentInstallOptions.options(words.dropLast())), "\(words)")
    #expect(words.contains("--token-service=https://prepull-controller.elsewhere.svc:8443"))
    let controller = try Self.container(
      try #require(objects.first { $0["kind"] == "Deployment" }?[path: "spec", "template", "spec"]))
    let arguments = controller["args"]?.array?.compactMap(\.string) ?? []
    #expect(arguments.contains("--agent-namespace=prepull-agent"))
    #expect(try DaemonTool.parseAsRoot(arguments) is ControllerCommand<PodCluster>)
  }

  private static let hosts = ["p", "p:9090", "10.0.0.1:80", "[::1]:9090", "a_b.c-d.svc.cluster.local."]
  private static let noHosts = [
    "-x", "/a..b", "a..b", "a-", "https://host/path", "*.example.com", "*.", "", "a b", "p:x",
  ]

  @Test("What is no host is refused by --allow-source and by the chart, with what to write")
  func sources() async throws {
    let pattern = try Self.chartPattern("allowSources")
    for host in Self.hosts {
      #expect(throws: Never.self) { try InstallCommand.parse(["--allow-source", host]) }
      #expect(try pattern.wholeMatch(in: host) != nil, "\(host)")
    }
    for host in Self.noHosts {
      let outcome = try await PrepullProgram.run(
        ["install"] + (host.isEmpty ? ["--allow-source", ""] : ["--allow-source=\(host)"]))
      #expect(outcome.exitCode == 2 && outcome.output.isEmpty)
      #expect(outcome.errors.contains("--allow-source '\(host)' is no host: write HOST or HOST:PORT"))
      #expect(try pattern.wholeMatch(in: host) == nil, "\(host)")
    }
  }

  @Test(
    "What would end agents at their start is refused, and what Prepull or somebody else said already",
    arguments: [
      (["--max-bandwith=100MiB"], "does not take it: Unknown option '--max-bandwith'"),
      (["--parallelism=0"], "does not take it: --parallelism takes 1 to 100, not 0"), (["x"], "does not take it: "),
      ([""], "does not take it: "), (["--parallelism"], "does not take it: "), (["--help"], "leave that out"),
      (["--version"], "leave that out"), (["-h"], "leave that out"), (["--node=a"], "--node is set by Prepull"),
      (["--node", "a"], "--node is set by Prepull"), (["--token-file=x"], "--token-file is set by Prepull"),
      (["--metrics-address=none"], "--metrics-address is set by Prepull"),
      (["--parallelism=2", "--parallelism", "3"], "--parallelism is given twice"),
    ])
  func agentArguments(_ arguments: [String], _ message: String) throws {
    let error = #expect(throws: (any Error).self) {
      try InstallCommand.parse(["--agent"] + arguments.flatMap { ["--agent-argument", $0] }).installation()
    }
    let text = error.map { InstallCommand.message(for: $0) } ?? ""
    #expect(text.contains("--agent-argument: ") && text.contains(message), "\(text)")
  }

  @Test("The chart knows the options of agents that install takes")
  func chartArguments() throws {
    let pattern = try Self.chartPattern("agent", "arguments")
    let help = try JSON(parsing: DaemonTool._dumpHelp())
    let agent = help["command"]?["subcommands"]?.array?.first { $0["commandName"] == "agent" }
    let options = (agent?["arguments"]?.array ?? []).filter { $0["shouldDisplay"] != false }
    #expect(options.count > 10)
    for option in options {
      guard let name = option["preferredName"]?["name"]?.string else { continue }
      #expect(AgentInstallOptions.repeatable.contains("--\(name)") == (option["isRepeating"] == true), "\(name)")
      let isOwn = AgentInstallOptions.own.contains("--\(name)") || name == "help" || name == "version"
      let argument = "--\(name)\(option["kind"] == "flag" ? "" : "=1")"
      #expect(try (pattern.wholeMatch(in: argument) == nil) == isOwn, "\(name)")
    }
    #expect(try pattern.wholeMatch(in: "100MiB") != nil)
    for argument in ["", "--max-bandwith=1MiB", "-h"] { #expect(try pattern.wholeMatch(in: argument) == nil) }
  }

  /// What the chart's schema says of the texts in a list.
  private static func chartPattern(_ path: String...) throws -> Regex<AnyRegexOutput> {
    let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent().appending(path: "deploy/helm/prepull/values.schema.json")
    var schema = try JSON(parsing: try String(contentsOf: file, encoding: .utf8))
    for name in path { schema = schema["properties"]?[name] ?? .null }
    return try Regex(try #require(schema["items"]?["pattern"]?.string))
  }

  @Test("A proxy is not on the way to the API server, and variables are the container's")
  func proxy() throws {
    let container = try Self.container(
      try Self.pod(["--proxy", "http://proxy:3128", "--no-proxy", "a.example,b.example", "--env", "TZ=UTC"]))
    var variables: [String: String] = [:]
    for variable in container["env"]?.array ?? [] {
      variables[variable["name"]?.string ?? ""] = variable["value"]?.string
    }
    #expect(variables["HTTPS_PROXY"] == "http://proxy:3128" && variables["TZ"] == "UTC")
    #expect(variables["NO_PROXY"] == "$(KUBERNETES_SERVICE_HOST),.svc,.cluster.local,a.example,b.example")
  }

  @Test("Certificates of files go into a ConfigMap that the controller reads; those of a ConfigMap are read there")
  func certificates() async throws {
    try await withTemporaryFolder { folder in
      let pem = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----"
      try pem.write(toFile: folder + "/a.pem", atomically: true, encoding: .utf8)
      let objects = try InstallCommand.parse(["--ca-file", folder + "/a.pem", "--ca-file", folder + "/a.pem"])
        .installation().objects
      let map = try #require(objects.first { $0["kind"] == "ConfigMap" })
      #expect(map[path: "data", "ca.crt"]?.string == pem + "\n" + pem + "\n")
      let pod = try Self.pod(["--ca-config-map", "corp/bundle.pem"])
      let source = pod["volumes"]?.array?.first?["configMap"]
      #expect(source?["name"] == "corp" && source?["items"]?.array?.first?["key"] == "bundle.pem")
      let container = try Self.container(pod)
      #expect(container["args"]?.array?.contains("--ca-file=/etc/prepull/ca/ca.crt") == true)
      #expect(container["volumeMounts"]?.array?.first?["mountPath"] == "/etc/prepull/ca")
    }
  }

  @Test(
    "What cannot work is refused with what to do",
    arguments: [
      ["--ca-file", "/nonexistent"], ["--ca-config-map", "NOT_A_NAME"], ["--ca-file", "a", "--ca-config-map", "b"],
      ["--proxy", "ftp://x"], ["--no-proxy", "x"], ["--env", "TZ"], ["--env", "1A=x"], ["--env", "POD_NAME=x"],
      ["--proxy", "http://p:1", "--env", "HTTPS_PROXY=x"], ["--label", "a b=c"], ["--limit", "cpu=lots"],
      ["--request", "cpu"], ["--image", "Bad Image"], ["--image", "Bad:Image"], ["--image", ""], ["--replicas", "0"],
      ["--plain-http", "http://x"], ["--plain-http", "a b"], ["--ca-config-map", "x/y/z"], ["--ca-config-map", "x/"],
      ["--priority-class", "X_"],
    ])
  func refused(arguments: [String]) {
    let error = #expect(throws: (any Error).self) { _ = try InstallCommand.parse(arguments).installation() }
    let message = error.map { InstallCommand.message(for: $0) } ?? ""
    #expect(message.contains(arguments[0]), "\(message)")
  }
}
