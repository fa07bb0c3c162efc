import ArgumentParser
import Commands
import Documents
import Foundation
import ImageModel
import Logging
import Registry
import Synchronization
import TestKit
import Testing
import VirtualCluster

@testable import CLI

@Suite("prepull sandbox", .timeLimit(.minutes(10)))
struct SandboxCommandTests {
  @Test(
    "Rates are read as people write them",
    arguments: [
      ("125MB", 125_000_000), ("1.5GB/s", 1_500_000_000), ("500000", 500_000), ("10k", 10_000), ("3b", 3),
      ("50MiB", 52_428_800), ("1.5GiB/s", 1_610_612_736), ("8Kibit", 1024),
    ])
  func rates(text: String, bytes: Int64) {
    #expect(ByteRate(argument: text)?.bytes == bytes)
  }

  @Test("What is no rate is refused", arguments: ["", "MB", "-5MB", "0", "1e300", "fast", "5i", "5iB", "MiB"])
  func noRates(text: String) {
    #expect(ByteRate(argument: text) == nil)
  }

  @Test(
    "What makes no cluster is said, with exit code 2",
    arguments: [
      (["--nodes", "0"], "--nodes 0 is not from 1"), (["--arch", "amd64,z80"], "--arch 'z80' is none of"),
      (["--node-bandwidth", "wide"], "--node-bandwidth"), (["--runtime", "docker:x"], "no socket of a runtime"),
      (["--port", "99999"], "--port 99999 is not"), (["--load-images", "900"], "add --modelled"),
      (["--speed", "0"], "--speed"), (["--kubeconfig", "/nowhere/file"], "cannot write /nowhere/file"),
    ])
  func usage(arguments: [String], complaint: String) async throws {
    let outcome = try await PrepullProgram.run(["sandbox", "up"] + arguments)
    #expect(outcome.exitCode == 2 && outcome.errors.contains(complaint), "\(outcome.errors)")
  }

  @Test("Images for measuring are served, real ones over links of the width that was asked for")
  func loadImages() async throws {
    let arguments = try SandboxArguments.parse([
      "--nodes", "1", "--node-bandwidth", "10MB", "--registry-bandwidth", "20MB", "--registry-latency", "20ms",
      "--pod-start", "300ms",
    ])
    let options = try arguments.options()
    #expect(
      options.links == .init(nodeBandwidth: 10_000_000, registryBandwidth: 20_000_000, latency: .milliseconds(20)))
    #expect(options.nodes.map(\.podStart) == [.milliseconds(300)])
    try await withSandbox(options, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }) { sandbox in
      let images = try LoadImages(count: 2, bytes: 50_000).add(to: sandbox)
      #expect(images == ["\(sandbox.registry.host)/load/app-1:v1", "\(sandbox.registry.host)/load/app-2:v1"])
      let client = RegistryClient(
        configuration: .init(), credentials: NoCredentials(),
        logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
      let image = try await client.image(Reference(parsing: images[1]), platform: .host)
      try await client.shutdown()
      #expect(image.manifest.layers.count == 3 && (50_000..<70_000).contains(image.compressedSize))
    }
  }

  @Test("The demo warms every node and leaves nothing behind")
  func demo() async throws {
    try await withTemporaryFolder("demo") { folder in
      let outcome = try await PrepullProgram.run(
        ["sandbox", "demo", "--nodes", "3", "--arch", "amd64,arm64"], environment: ["TMPDIR": folder])
      #expect(outcome.exitCode == 0, "\(outcome.errors)")
      #expect(outcome.output.contains("3 nodes are warm for 4 images"))
      #expect(outcome.output.contains("4/4   warm"), "the node that joined: \(outcome.output)")
      #expect(outcome.output.contains("configmap/web deleted"))
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == [])
    }
  }

  @Test("kubectl uses a cluster that is up, faults are asked for, and Ctrl-C ends it without a trace")
  func cluster() async throws {
    try await withTemporaryFolder("up") { folder in
      let file = folder + "/kubeconfig"
      let isDone = Mutex(false)
      let kubectl = ["--kubeconfig", file]
      async let up = PrepullProgram.run(
        ["sandbox", "up", "--nodes", "2", "--kubeconfig", file, "-o", "json"], environment: ["TMPDIR": folder],
        signal: SIGINT, when: { isDone.withLock { $0 } })
      defer { isDone.withLock { $0 = true } }
      try await eventually("the kubeconfig") { FileManager.default.fileExists(atPath: file) }
      let mode = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int
      #expect(mode == 0o600)
      #expect(
        try await output(of: "kubectl", ["get", "nodes", "-o", "name"] + kubectl) == "node/node-1\nnode/node-2\n")

      let wrong = try await PrepullProgram.run(["sandbox", "fault", "DiskFull"] + kubectl)
      #expect(wrong.exitCode == 2 && wrong.errors.contains("name it with --node"))
      let asked = try await PrepullProgram.run(
        ["sandbox", "fault", "NodeNotReady", "--node", "node-2", "--for", "60s"] + kubectl)
      #expect(asked.exitCode == 0, "\(asked.errors)")
      try await output(
        of: "kubectl", ["wait", "node/node-2", "--for=condition=Ready=false", "--timeout=30s"] + kubectl)
      #expect(
        try await output(of: "kubectl", ["get", "faults"] + kubectl).contains("NodeNotReady   node-2   in effect"))
      try await output(of: "kubectl", ["delete", "faults", "--all"] + kubectl)
      try await output(of: "kubectl", ["wait", "node/node-2", "--for=condition=Ready", "--timeout=30s"] + kubectl)

      isDone.withLock { $0 = true }
      let ended = try await up
      #expect(ended.exitCode == 0, "\(ended.errors)")
      let lines = ended.output.split(separator: "\n")
      #expect(lines.count == 2)
      let first = try JSON(parsing: String(lines.first ?? ""))
      #expect(first["images"]?.array?.isEmpty == false && first["kubeconfig"] == .string(file))
      let requests = try JSON(parsing: String(lines.last ?? ""))["requests"]?.array ?? []
      #expect(requests.contains { $0["client"] == "kubectl" && $0["verb"] == "list" && $0["resource"] == "nodes" })
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0 != "run" } == [])
    }
  }
}
