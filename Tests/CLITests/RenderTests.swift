import ArgumentParser
import Commands
import Documents
import Foundation
import Testing

@testable import CLI

/// A command line of `prepull render`, and the file under Tests/Golden/render that holds its output.
struct RenderCase: Sendable, CustomTestStringConvertible {
  let golden: String
  let arguments: [String]
  var testDescription: String { golden }

  static let all = [
    RenderCase(golden: "kubelet.yaml", arguments: ["nginx:1.27", "--arch", "amd64"]),
    RenderCase(
      golden: "isolated.yaml",
      arguments: [
        "nginx:1.27", "ghcr.io/team/app@sha256:" + String(repeating: "0123456789abcdef", count: 4),
        "registry.example.com:5000/team/app:v2", "--isolate",
      ]),
    RenderCase(golden: "docker.yaml", arguments: ["hello-world", "--engine", "docker", "--arch", "amd64"]),
    RenderCase(
      golden: "cri.yaml",
      arguments: [
        "hello-world", "ghcr.io/team/app:1", "--engine", "cri", "--arch", "arm64", "-n", "prepull",
        "--socket", "/run/k3s/containerd/containerd.sock", "--pull-secret", "one", "--pull-secret", "two",
        "--policy", "Always", "--prepull-image", "registry.example.com/prepull:1", "--retries", "9",
        "--request", "memory=64Mi,cpu=20m", "--limit", "memory=256Mi",
      ]),
    RenderCase(
      golden: "all-options.yaml",
      arguments: [
        "nginx:1.27", "redis:7", "--name", "warm", "--namespace", "web", "-l", "pool=gpu",
        "--selector", "on=y", "--toleration", "all", "--toleration", "gpu=a100:NoSchedule",
        "--pull-secret", "regcred", "--arch", "riscv64,s390x", "--arch", "ppc64le", "--policy", "Always",
        "--label", "team=web", "--label", "app.example.com/tier=1", "--annotation", "note=a: \"b\" # c",
        "--annotation", "lines=one\ntwo\n", "--annotation", "e=1e3", "--priority-class", "low-priority",
        "--max-unavailable", "3",
      ]),
    RenderCase(golden: "kubelet.json", arguments: ["nginx:1.27", "--arch", "amd64", "-o", "json"]),
  ]
}

func render(_ arguments: [String]) throws -> (text: String, remarks: [String]) {
  try RenderCommand.parse(arguments).rendered()
}

@Suite("render", .timeLimit(.minutes(10)))
struct RenderTests {
  /// Set PREPULL_UPDATE_GOLDEN=1 to write the files anew, then read the difference.
  @Test("Prints what the golden file holds, to the byte", arguments: RenderCase.all)
  func golden(example: RenderCase) throws {
    let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "Golden/render/\(example.golden)")
    // The version in the default image would change the files with every release.
    let text = try render(example.arguments).text
      .replacing("ghcr.io/prepull/prepull:\(Version.current)", with: "ghcr.io/prepull/prepull:VERSION")
    if ProcessInfo.processInfo.environment["PREPULL_UPDATE_GOLDEN"] == "1" {
      try text.write(to: file, atomically: true, encoding: .utf8)
    }
    #expect(text == (try String(contentsOf: file, encoding: .utf8)))
  }

  @Test("What a node selector cannot say becomes an affinity")
  func selector() throws {
    let text = try render(["nginx", "-l", "pool=gpu,zone in (a,b),!spot", "--arch", "amd64", "-o", "json"]).text
    let items = try #require(try JSON(parsing: text)["items"]?.array)
    let spec = try #require(
      items.first { $0["kind"] == "DaemonSet" }?[path: "spec", "template", "spec"])
    #expect(spec[path: "nodeSelector", "pool"] == "gpu")
    let terms = spec[
      path: "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms"]
    #expect(
      terms == [
        [
          "matchExpressions": [
            ["key": "zone", "operator": "In", "values": ["a", "b"]], ["key": "spot", "operator": "DoesNotExist"],
          ]
        ]
      ])
  }

  @Test("The order of options that have none does not matter")
  func stable() throws {
    let one = try render([
      "a", "b", "--label", "x=1", "--label", "y=2", "--arch", "arm64,amd64", "-l", "p=1",
      "-l", "q=2",
    ])
    let other = try render([
      "-l", "q=2", "--arch", "amd64", "a", "--arch", "arm64", "--label", "y=2", "b", "--label", "x=1",
      "-l", "p=1", "--label", "x=1",
    ])
    #expect(one.text == other.text)
  }

  @Test("An image that is named twice is rendered once, and that is said")
  func repeated() throws {
    let (text, remarks) = try render(["nginx", "docker.io/library/nginx:latest", "--arch", "amd64"])
    #expect(text == (try render(["nginx", "--arch", "amd64"]).text))
    #expect(remarks == ["note: docker.io/library/nginx:latest is there already and was left out"])
  }

  @Test("A manifest too large for the annotation of kubectl apply says so, above and beside it")
  func serverSide() throws {
    let (text, remarks) = try render((0..<800).map { "registry.example.com/team/app-\($0):1" })
    #expect(text.contains("kubectl apply --server-side -f FILE"))
    #expect(remarks == ["note: too large for plain kubectl apply: use kubectl apply --server-side"])
  }

  @Test("An option that the engine has no use for is not dropped in silence")
  func unusedImage() throws {
    let (text, remarks) = try render(["nginx", "--prepull-image", "example.com/own:1"])
    #expect(text == (try render(["nginx"]).text))
    #expect(remarks == ["note: --prepull-image is not used: with engine kubelet nothing of Prepull's image runs"])
  }

  @Test("The head says who may use the images and what the namespace must allow")
  func head() throws {
    func head(_ engine: String) throws -> String {
      let lines = try render(["nginx", "--engine", engine, "-n", "web"]).text.split(separator: "\n")
      return lines.prefix { $0.hasPrefix("#") }.joined(separator: "\n")
    }
    #expect(try head("kubelet").contains("usable only to pods with a matching secret (KEP-2535"))
    #expect(try head("kubelet").contains("kubectl -n web rollout status daemonset/prepull-nginx-arm64"))
    for engine in ["docker", "cri"] {
      #expect(try head(engine).contains("kubectl label namespace web pod-security.kubernetes.io/enforce=privileged"))
      #expect(try head(engine).contains("count as preloaded (KEP-2535)"))
    }
    #expect(try head("docker").contains("cri-dockerd"))
  }
}

@Suite("render: wrong command lines", .timeLimit(.minutes(10)))
struct RenderUsageTests {
  static let cases: [(arguments: [String], says: String)] = [
    ([], "name at least one image"),
    (["a b"], "'a b' is not an image reference"),
    (["nginx", "--engine", "podman"], "podman"),
    (["nginx", "--policy", "Never"], "Never"),
    (["nginx", "-o", "xml"], "xml"),
    (["nginx", "--arch", "mips"], "--arch 'mips' is none of amd64, arm64, ppc64le, riscv64, s390x"),
    (["nginx", "--arch", "amd64,"], "--arch '' is none of"),
    (["nginx", "-l", "pool in (a"], "its parentheses do not match"),
    (["nginx", "--label", "a=1", "--label", "a=2"], "--label 'a' is given twice, as '1' and as '2'"),
    (["nginx", "--annotation", "a"], "--annotation 'a' has no value"),
    (["nginx", "--annotation", "=a"], "annotation's key '' has an empty name"),
    (["nginx", "--name", "Nginx"], "name 'Nginx' may hold only"),
    (["nginx", "--namespace", "a/b"], "namespace 'a/b' may hold only"),
    (["nginx", "--toleration", "a:b:c"], "toleration 'a:b:c' has the effect 'b:c'"),
    (["nginx", "--pull-secret", "A"], "pull secret 'A'"),
    (["nginx", "--priority-class", "A"], "priority class 'A'"),
    (["nginx", "--max-unavailable", "none"], "max-unavailable 'none'"),
    (["nginx", "--isolate", "--engine", "docker"], "isolate is for the kubelet engine"),
    (["nginx", "--isolate", "--engine", "cri"], "isolate is for the kubelet engine"),
    (["nginx", "--socket", "/run/x.sock"], "the kubelet engine uses no socket"),
    (["nginx", "--engine", "cri", "--socket", "x.sock"], "is not an absolute path"),
    (["nginx", "--engine", "cri", "--prepull-image", ""], "Prepull's own image"),
    (["nginx", "--from-file", "/nonexistent/images"], "cannot read /nonexistent/images"),
  ]

  @Test("Are refused as such, with a message that says why", arguments: cases)
  func refused(arguments: [String], says: String) {
    do {
      _ = try render(arguments)
      Issue.record("nothing was refused")
    } catch {
      #expect(RenderCommand.exitCode(for: error) == .validationFailure)
      #expect(RenderCommand.message(for: error).contains(says), "\(RenderCommand.message(for: error))")
    }
  }
}
