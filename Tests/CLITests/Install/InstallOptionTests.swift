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
    for host in ["http://p:9090", "a b"] {
      #expect(throws: (any Error).self) { try Self.pod(["--allow-source", host]) }
    }
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
    #expect(words.contains("--token-service=https://prepull-controller.elsewhere.svc:8443"))
    let controller = try Self.container(
      try #require(objects.first { $0["kind"] == "Deployment" }?[path: "spec", "template", "spec"]))
    let arguments = controller["args"]?.array?.compactMap(\.string) ?? []
    #expect(arguments.contains("--agent-namespace=prepull-agent"))
    #expect(try DaemonTool.parseAsRoot(arguments) is ControllerCommand<PodCluster>)
    for (argument, name) in [("--max-bandwith=100MiB", "--max-bandwith"), ("--parallelism=0", "1 to 100")] {
      let error = #expect(throws: (any Error).self) {
        try InstallCommand.parse(["--agent", "--agent-argument", argument])
      }
      let message = error.map { InstallCommand.message(for: $0) } ?? ""
      #expect(message.contains("--agent-argument: prepulld agent does not take it: ") && message.contains(name))
    }
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
      ["--request", "cpu"],
    ])
  func refused(arguments: [String]) {
    #expect(throws: (any Error).self) { _ = try InstallCommand.parse(arguments).installation() }
  }
}
