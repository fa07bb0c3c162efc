import Foundation
import Registry
import TestKit
import Testing

/// Credential helpers as Docker runs them: programs named `docker-credential-…` on the PATH.
@Suite(.timeLimit(.minutes(1)))
struct CredentialHelperTests {
  /// Credentials whose config.json is `config`, with a helper `test` that is a shell script.
  private func withHelper(
    _ script: String, config: String = #"{"credsStore":"test"}"#, limit: Duration = .seconds(30),
    _ body: (Credentials, String) async throws -> Void
  ) async throws {
    try await withTemporaryFolder { folder in
      let program = folder + "/docker-credential-test"
      try Data("#!/bin/sh\n\(script)\n".utf8).write(to: URL(filePath: program))
      try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: program)
      try Data(config.utf8).write(to: URL(filePath: folder + "/config.json"))
      let environment = ["PATH": folder + ":/usr/bin:/bin", "DOCKER_CONFIG": folder, "LOG": folder + "/log"]
      try await body(Credentials(environment: environment, helperLimit: limit), folder)
    }
  }

  private let good = """
    server=$(cat); echo "$1 $# $server" >> "$LOG"
    printf '{"ServerURL":"%s","Username":"ada","Secret":"s3cr3t"}' "$server"
    """

  @Test func store() async throws {
    try await withHelper(good) { credentials, folder in
      let expected = RegistryCredential.basic(username: "ada", password: "s3cr3t")
      #expect(try await credentials.credential(for: "a.test:5000", repository: "app") == expected)
      #expect(try await credentials.credential(for: "docker.io", repository: "library/app") == expected)
      // One argument, and no secret in it.
      let log = try String(contentsOfFile: folder + "/log", encoding: .utf8)
      #expect(log == "get 1 a.test:5000\nget 1 https://index.docker.io/v1/\n")
    }
  }

  @Test func helperOfOneRegistry() async throws {
    let config = #"{"credHelpers":{"https://a.test/":"test"},"auths":{"b.test":{"auth":"Yjp4"}}}"#
    try await withHelper(good, config: config) { credentials, _ in
      let mine = try await credentials.credential(for: "a.test", repository: "app")
      #expect(mine == .basic(username: "ada", password: "s3cr3t"))
      let other = try await credentials.credential(for: "b.test", repository: "app")
      #expect(other == .basic(username: "b", password: "x"))
    }
  }

  @Test func identityToken() async throws {
    try await withHelper(#"echo '{"ServerURL":"","Username":"<token>","Secret":"it"}'"#) { credentials, _ in
      let credential = try await credentials.credential(for: "a.test", repository: "app")
      #expect(credential == .identityToken(username: nil, token: "it"))
    }
  }

  /// What the helper does not know may stand in the file.
  @Test func notFound() async throws {
    let config = #"{"credsStore":"test","auths":{"b.test":{"auth":"Yjp4"},"a.test":{}}}"#
    let script = "echo 'credentials not found in native keychain'; exit 1"
    try await withHelper(script, config: config) { credentials, _ in
      let mine = try await credentials.credential(for: "a.test", repository: "app")
      #expect(mine == nil)
      let other = try await credentials.credential(for: "b.test", repository: "app")
      #expect(other == .basic(username: "b", password: "x"))
    }
  }

  @Test(arguments: [
    ("echo 'the keychain is locked'; exit 1", "it failed: the keychain is locked"),
    (#"echo '{"Secret":"s3cr3t"}'; exit 1"#, "it failed"),
    (#"echo '{"Secret":"s3cr3t"}'"#, "its answer is not JSON with Username and Secret"),
    ("yes s3cr3t | head -c 100000", "its answer is longer than any credential"),
  ])
  func failure(_ script: String, _ said: String) async throws {
    try await withHelper(script) { credentials, _ in
      let error = await #expect(throws: RegistryError.self) {
        try await credentials.credential(for: "a.test", repository: "app")
      }
      #expect(error?.code == .credentials)
      #expect(error?.subject == "docker-credential-test")
      #expect(error?.detail.hasPrefix(said) == true, "\(String(describing: error))")
      #expect(error?.description.contains("s3cr3t") == false)
    }
  }

  /// The helper and what it started are gone when its time is up.
  @Test func hang() async throws {
    let script = "sleep 600 & echo $! > \"$LOG\"; wait"
    try await withHelper(script, limit: .milliseconds(500)) { credentials, folder in
      let error = await #expect(throws: RegistryError.self) {
        try await credentials.credential(for: "a.test", repository: "app")
      }
      #expect(error?.detail.hasPrefix("it did not answer within") == true)
      let pid = try String(contentsOfFile: folder + "/log", encoding: .utf8).trimmingCharacters(in: .newlines)
      #expect(!FileManager.default.fileExists(atPath: "/proc/\(pid)/exe"))
    }
  }

  @Test(arguments: ["none", "../../bin/sh", "a b"])
  func noProgram(_ name: String) async throws {
    try await withHelper("", config: #"{"credHelpers":{"a.test":"\#(name)"}}"#) { credentials, _ in
      let error = await #expect(throws: RegistryError.self) {
        try await credentials.credential(for: "a.test", repository: "app")
      }
      #expect(error?.code == .credentials)
      #expect(error?.reason.hasPrefix("cannot get the credentials from docker-credential-\(name): ") == true)
    }
  }

  @Test("Keys of an answer match in any case, as for Docker")
  func keysInAnyCase() async throws {
    try await withHelper(#"echo '{"username":"ada","SECRET":"x"}'"#) { credentials, _ in
      let found = try await credentials.credential(for: "a.test", repository: "app")
      #expect(found == .basic(username: "ada", password: "x"))
    }
  }

  @Test(
    "A helper that answers with nothing knows nothing",
    arguments: [
      #"{"ServerURL":"","Username":"","Secret":""}"#, "{}", "", #"{"Username":null,"Secret":null}"#,
      "credentials not found in native keychain", #"{"Username":"ada","Secret":""}"#,
    ])
  func emptyAnswer(_ answer: String) async throws {
    try await withHelper("cat >/dev/null; printf '%s' '\(answer)'") { credentials, _ in
      let found = try await credentials.credential(for: "a.test", repository: "app")
      #expect(found == nil)
    }
  }
}
