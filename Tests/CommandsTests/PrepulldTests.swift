import Foundation
import Kubernetes
import TestKit
import Testing

@testable import Commands

@Suite("The program for nodes and clusters", .timeLimit(.minutes(2)))
struct PrepulldTests {
  @Test("It needs neither full Foundation nor ICU, whose data alone is larger than all else")
  func isSmall() async throws {
    let needed = try await output(of: "readelf", ["-d", try PrepullProgram.daemonPath])
    #expect(needed.contains("libFoundationEssentials.so"))
    for library in ["libFoundation.so", "libFoundationInternationalization", "_FoundationICU"] {
      #expect(!needed.contains(library), "prepulld needs \(library)")
    }
    let symbols = try await output(of: "nm", ["-D", "--undefined-only", try PrepullProgram.daemonPath])
    for sign in ["_udat_", "_ucal_", "_ucol_", "10Foundation"] {
      #expect(!symbols.split(separator: "\n").contains { $0.contains(sign) }, "prepulld needs \(sign)")
    }
  }

  @Test("It has what pods and nodes run, and nothing for people")
  func commands() async throws {
    let program = try PrepullProgram.daemonPath
    let help = try await PrepullProgram.run(["--help"], program: program)
    #expect(help.exitCode == 0 && help.output.contains("USAGE: prepulld"))
    for command in ["pull", "controller", "agent", "wait", "dashboard"] {
      #expect(help.output.contains("  \(command) "), "\(command)")
    }
    let version = try await PrepullProgram.run(["--version"], program: program)
    #expect(version.output == "\(Version.current)\n")
    let unknown = try await PrepullProgram.run(["run", "nginx"], program: program)
    #expect(unknown.exitCode == 2 && unknown.errors.hasPrefix("Error: 'run' is no command of prepulld"))
    // It reads no YAML, and so does not advise to give some.
    let kind = try await PrepullProgram.run(["wait", "service/web"], program: program)
    #expect(kind.exitCode == 2 && kind.errors.contains("prepull\n") && !kind.errors.contains("-f"), "\(kind)")
  }

  @Test("It pulls as prepull does")
  func pulls() async throws {
    let program = try PrepullProgram.daemonPath
    let wrong = try await PrepullProgram.run(["pull", "NOT an image"], program: program)
    #expect(wrong.exitCode == 2 && wrong.errors.contains("See 'prepulld pull --help'"))
    try await withTemporaryFolder("prepulld") { folder in
      let outcome = try await PrepullProgram.run(
        ["pull", "--runtime", "oci:\(folder)/images", "--retries", "0", "127.0.0.1:1/none:v1"], program: program)
      #expect(outcome.exitCode == 1 && outcome.output.contains("failed"))
    }
  }

  @Test("Outside of a pod it reads a kubeconfig in JSON, and says so of any other")
  func kubeconfig() async throws {
    try await withTemporaryFolder("prepulld") { folder in
      var cluster = PodCluster()
      cluster.namespace = "web"
      cluster.kubeconfig = folder + "/config"
      try Self.write(
        #"""
        {"current-context": "a", "contexts": [{"name": "a", "context": {"cluster": "c", "user": "u"}}],
         "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:6443"}}],
         "users": [{"name": "u", "user": {"token": "secret"}}]}
        """#, to: folder + "/config")
      let configuration = try cluster.configuration(environment: [:])
      #expect(configuration.server == "https://127.0.0.1:6443" && configuration.namespace == "web")
      try Self.write("apiVersion: v1\nkind: Config\n", to: folder + "/config")
      #expect {
        try cluster.configuration(environment: [:])
      } throws: {
        "\($0)".contains("prepulld reads JSON only")
      }
      cluster.kubeconfig = nil
      #expect {
        try cluster.configuration(environment: ["KUBECONFIG": "/dev/null"])
      } throws: {
        ($0 as? ConfigurationError)?.code == ConfigurationError.Code.none
      }
    }
  }

  private static func write(_ text: String, to path: String) throws {
    try Data(text.utf8).write(to: URL(filePath: path))
  }
}
