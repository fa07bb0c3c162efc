import Networking
import Documents
import Foundation
import Glibc
import Synchronization
import Testing
import TestKit

@testable import Kubernetes

@Suite("Exec plugins", .timeLimit(.minutes(5)))
struct ExecPluginTests {
  /// A plugin that is a shell script, and notes each of its runs; see `runs`.
  static func plugin(_ script: String, _ folder: String, _ change: (inout ExecPlugin) -> Void = { _ in }) throws
    -> ClusterConfiguration.Authentication
  {
    let path = "\(folder)/login"
    try Data("#!/bin/sh\necho x >> '\(folder)/runs'\n\(script)\n".utf8).write(to: URL(filePath: path))
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
    var plugin = ExecPlugin(command: path, environment: ProcessInfo.processInfo.environment)
    change(&plugin)
    return .exec(plugin)
  }

  static func runs(_ folder: String) -> Int {
    (try? String(contentsOfFile: "\(folder)/runs", encoding: .utf8))?.split(separator: "\n").count ?? 0
  }

  static func answer(_ status: String, version: String = "client.authentication.k8s.io/v1") -> String {
    #"echo '{"kind":"ExecCredential","apiVersion":"\#(version)","status":{\#(status)}}'"#
  }

  @Test("The program runs once for all requests, again when its token expires, and again when it is refused")
  func caching() async throws {
    try await withTemporaryFolder { folder in
      let clock = ManualClock()
      let expires = Timestamp.seconds(clock.clock.date().addingTimeInterval(600))
      let script =
        #"n=$(wc -l < '\#(folder)/runs'); "# + Self.answer(#""token":"t'$n'","expirationTimestamp":"\#(expires)""#)
      let refuses = Mutex(false)
      try await withScriptedServer({ request, _ in
        refuses.withLock { $0 } && request.headers["authorization"] != "Bearer t3"
          ? .json("{}", status: 401) : .json("{}")
      }) { server in
        var configuration = ClientTests.local(server)
        configuration.authentication = try Self.plugin(script, folder)
        try await withClient(configuration, clock: clock.clock) { client in
          try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<20 { group.addTask { _ = try await client.getJSON("/version") } }
            try await group.waitForAll()
          }
          #expect(Self.runs(folder) == 1)
          clock.advance(by: .seconds(601))
          _ = try await client.getJSON("/version")
          // Its answer has expired by our clock, so the program is asked each time.
          #expect(Self.runs(folder) == 2)
          refuses.withLock { $0 = true }
          _ = try await client.getJSON("/version")
          #expect(Self.runs(folder) == 3)
        }
        #expect(server.requests.first?.headers["authorization"] == "Bearer t1")
      }
    }
  }

  @Test("A refused token that never expires is fetched again, once")
  func refused() async throws {
    try await withTemporaryFolder { folder in
      let script = #"n=$(wc -l < '\#(folder)/runs'); "# + Self.answer(#""token":"t'$n'""#)
      try await withScriptedServer({ request, _ in
        request.headers["authorization"] == "Bearer t2" ? .json("{}") : .json("{}", status: 401)
      }) { server in
        var configuration = ClientTests.local(server)
        configuration.authentication = try Self.plugin(script, folder)
        try await withClient(configuration) { client in
          _ = try await client.getJSON("/version")
          _ = try await client.getJSON("/version")
        }
        #expect(Self.runs(folder) == 2 && server.requests.count == 3)
      }
      try await withScriptedServer({ _, _ in .json("{}", status: 401) }) { server in
        var configuration = ClientTests.local(server)
        configuration.authentication = try Self.plugin(script, folder)
        let error = try await apiError { try await withClient(configuration) { _ = try await $0.getJSON("/version") } }
        #expect(error?.code == .unauthorized && server.requests.count == 2)
      }
    }
  }

  @Test("The program learns of the cluster, and that it is not interactive")
  func information() async throws {
    try await withTemporaryFolder { folder in
      let script = #"printf %s "$KUBERNETES_EXEC_INFO" > '\#(folder)/info'; "# + Self.answer(#""token":"t""#)
      try await withScriptedServer({ _, _ in .json("{}") }) { server in
        var configuration = ClientTests.local(server)
        configuration.authentication = try Self.plugin(script, folder) {
          // A bare name is looked for on the PATH.
          $0.command = "login"
          $0.environment["PATH"] = "\(folder):\($0.environment["PATH"] ?? "")"
          $0.cluster = ["server": "https://x", "config": ["audience": "y"]]
        }
        try await withClient(configuration) { _ = try await $0.getJSON("/version") }
      }
      let info = try JSON(parsing: try String(contentsOfFile: "\(folder)/info", encoding: .utf8))
      #expect(
        info == [
          "kind": "ExecCredential", "apiVersion": "client.authentication.k8s.io/v1",
          "spec": ["interactive": false, "cluster": ["server": "https://x", "config": ["audience": "y"]]],
        ])
    }
  }

  @Test("What goes wrong is reported without what the program prints, and with the hint of the kubeconfig")
  func faults() async throws {
    try await withTemporaryFolder { folder in
      let cases: [(script: String, change: @Sendable (inout ExecPlugin) -> Void, detail: String)] = [
        ("echo SECRET; echo 'log in first' >&2; exit 3", { _ in }, "log in first"),
        ("echo SECRET", { _ in }, "its answer is no ExecCredential"),
        (
          Self.answer(#""token":"SECRET""#, version: "client.authentication.k8s.io/v1beta1"), { _ in },
          "answers in 'client.authentication.k8s.io/v1beta1'"
        ),
        (Self.answer(""), { _ in }, "neither a token nor a certificate"),
        (Self.answer(#""clientCertificateData":"SECRET""#), { _ in }, "neither a token nor a certificate"),
        ("head -c 2000000 /dev/zero", { _ in }, "longer than any credential"),
        ("", { $0.interactiveMode = .always }, "it has to talk to the user"),
        (
          "",
          {
            $0.command = "prepull-no-such-plugin"; $0.installHint = "Get it at example.com."
          }, "not installed"
        ),
        ("", { $0.command = "/nowhere/login" }, "is not installed"),
      ]
      for (script, change, detail) in cases {
        var configuration = ClusterConfiguration(server: "https://127.0.0.1:1")
        configuration.authentication = try Self.plugin(script, folder, change)
        let error = try await apiError {
          try await withClient(configuration, retry: .never) { _ = try await $0.getJSON("/version") }
        }
        #expect(error?.code == .credentials && error?.detail.contains(detail) == true, "\(error?.detail ?? "none")")
        #expect(error?.description.contains("SECRET") == false)
        if detail == "not installed" { #expect(error?.remedy == "Get it at example.com.") }
      }
    }
  }

  @Test("A program that does not end is ended, with all that it started")
  func endless() async throws {
    try await withTemporaryFolder { folder in
      let authentication = try Self.plugin("echo $$ > '\(folder)/pid'; sleep 3600 & wait", folder)
      guard case .exec(let plugin) = authentication else { return }
      var exec = ExecCredential(plugin: plugin, notice: { _ in })
      exec.limit = .milliseconds(300)
      let problem = await #expect(throws: APIProblem.self) { _ = try await exec.fetch() }
      #expect(problem?.code == .credentials && problem?.detail.contains("did not answer within") == true)
      let text = try String(contentsOfFile: "\(folder)/pid", encoding: .utf8)
      let group = try #require(pid_t(text.trimmingCharacters(in: .whitespacesAndNewlines)))
      // Nobody of its group of processes is left; those that are dead may not have been buried yet.
      try await eventually("the end of its processes") { kill(-group, 0) != 0 }
      _ = kill(-group, 0)
      #expect(errno == ESRCH)
    }
  }

  @Test("What the program tells the user is passed on, fit to be shown and not for ever")
  func notices() async throws {
    try await withTemporaryFolder { folder in
      let script =
        #"printf 'open \033[31mhttps://x\nand enter ABC\n' >&2; yes noise 2>/dev/null | head -c 1000000 >&2; "#
        + Self.answer(#""token":"t""#)
      let notices = Mutex<[String]>([])
      try await withScriptedServer({ _, _ in .json("{}") }) { server in
        var configuration = ClientTests.local(server)
        configuration.authentication = try Self.plugin(script, folder)
        try await withClient(configuration, notice: { line in notices.withLock { $0.append(line) } }) {
          _ = try await $0.getJSON("/version")
        }
      }
      let lines = notices.withLock { $0 }
      #expect(lines.first == "open [31mhttps://x" && lines.joined().utf8.count < 200_000)
    }
  }
}
