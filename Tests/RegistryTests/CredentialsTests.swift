import Foundation
import Registry
import TestKit
import Testing

/// Where credentials are found, and which one wins.
@Suite(.timeLimit(.minutes(1)))
struct CredentialsTests {
  private func config(_ entries: [String: String]) -> String {
    let auths = entries.map { #""\#($0.key)":{"auth":"\#(Data($0.value.utf8).base64EncodedString())"}"# }
    return #"{"auths":{\#(auths.joined(separator: ","))}}"#
  }

  private func write(_ text: String, _ path: String) throws {
    let url = URL(filePath: path)
    try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: url)
  }

  private func user(
    _ credentials: Credentials, _ registry: String, _ repository: String = "team/app"
  ) async throws -> String? {
    guard case .basic(let username, _) = try await credentials.credential(for: registry, repository: repository) else {
      return nil
    }
    return username
  }

  @Test(arguments: [
    ("docker.io", "docker.io"), ("https://index.docker.io/v1/", "docker.io"), ("index.docker.io", "docker.io"),
    ("registry-1.docker.io", "docker.io"), ("https://docker.io", "docker.io"), ("a.test", "a.test"),
    ("https://a.test/v2/", "a.test"), ("http://a.test:5000", "a.test:5000"), ("A.test", "a.test"),
    ("a.test/team", "a.test"), ("a.test/team/app", "a.test"), ("*.a.test", "b.a.test"), ("re*.a.test", "reg.a.test"),
    ("*.*.test:5000", "x.y.test:5000"), ("a.test", "A.Test"), ("https://a.test/v2/team", "a.test"),
    ("a.test/v1/team/app", "a.test"),
  ])
  func keysThatFit(_ key: String, _ registry: String) async throws {
    try await withTemporaryFolder { folder in
      try write(config([key: "ada:x"]), folder + "/config.json")
      let credentials = try Credentials(files: [folder + "/config.json"], environment: [:])
      #expect(try await user(credentials, registry) == "ada")
    }
  }

  @Test(arguments: [
    ("a.test", "b.test"), ("a.test", "a.test:5000"), ("a.test:5000", "a.test"), ("a.test/tea", "a.test"),
    ("a.test/other", "a.test"), ("*.a.test", "a.test"), ("*.a.test", "x.y.a.test"), ("docker.io", "my-docker.io"),
  ])
  func keysThatDoNot(_ key: String, _ registry: String) async throws {
    try await withTemporaryFolder { folder in
      try write(config([key: "ada:x"]), folder + "/config.json")
      let credentials = try Credentials(files: [folder + "/config.json"], environment: [:])
      #expect(try await user(credentials, registry) == nil)
    }
  }

  @Test func closestKeyWins() async throws {
    try await withTemporaryFolder { folder in
      let entries = ["a.test": "host:x", "*.test": "any:x", "a.test/team": "team:x", "a.test/team/app": "app:x"]
      try write(config(entries), folder + "/config.json")
      let credentials = try Credentials(files: [folder + "/config.json"], environment: [:])
      #expect(try await user(credentials, "a.test", "team/app") == "app")
      #expect(try await user(credentials, "a.test", "team/web") == "team")
      #expect(try await user(credentials, "a.test", "teams/web") == "host")
      #expect(try await user(credentials, "b.test", "team/app") == "any")
    }
  }

  @Test func kindsOfEntries() async throws {
    try await withTemporaryFolder { folder in
      let text = """
        {"auths": {
          "plain.test": {"username": "ada", "password": "p:w"},
          "colon.test": {"auth": "\(Data("ada:p:w".utf8).base64EncodedString())"},
          "identity.test": {"auth": "\(Data("ada:".utf8).base64EncodedString())", "identitytoken": "it"},
          "token.test": {"registrytoken": "rt"}, "empty.test": {}}, "HttpHeaders": {"X": "y"}, "experimental": "on"}
        """
      try write(text, folder + "/config.json")
      let credentials = try Credentials(environment: ["DOCKER_CONFIG": folder])
      func credential(_ registry: String) async throws -> RegistryCredential? {
        try await credentials.credential(for: registry, repository: "app")
      }
      #expect(try await credential("plain.test") == .basic(username: "ada", password: "p:w"))
      #expect(try await credential("colon.test") == .basic(username: "ada", password: "p:w"))
      #expect(try await credential("identity.test") == .identityToken(username: "ada", token: "it"))
      #expect(try await credential("token.test") == .registryToken("rt"))
      #expect(try await credential("empty.test") == nil)
    }
  }

  /// The order of places, each of them taken away in turn.
  @Test func orderOfPlaces() async throws {
    try await withTemporaryFolder { folder in
      try write(config(["a.test": "given:x"]), folder + "/given.json")
      try write(config(["a.test": "authfile:x"]), folder + "/authfile.json")
      try write(config(["a.test": "dockerconfig:x"]), folder + "/docker/config.json")
      try write(config(["a.test": "home:x"]), folder + "/.docker/config.json")
      var environment = [
        "PREPULL_REGISTRY": "a.test", "PREPULL_REGISTRY_USERNAME": "variables", "PREPULL_REGISTRY_PASSWORD": "x",
        "DOCKER_AUTH_CONFIG": config(["a.test": "json:x"]), "REGISTRY_AUTH_FILE": folder + "/authfile.json",
        "DOCKER_CONFIG": folder + "/docker", "HOME": folder,
      ]
      var files = [folder + "/given.json"]
      for (expected, next) in [
        ("given", ""), ("variables", "PREPULL_REGISTRY_USERNAME"), ("json", "DOCKER_AUTH_CONFIG"),
        ("authfile", "REGISTRY_AUTH_FILE"), ("dockerconfig", "DOCKER_CONFIG"), ("home", "HOME"),
      ] {
        #expect(try await user(Credentials(files: files, environment: environment), "a.test") == expected)
        files = []
        environment[next] = nil
      }
      #expect(try await user(Credentials(environment: environment), "a.test") == nil)
    }
  }

  /// A password from the environment goes to the registry that is named with it, and nowhere else.
  @Test func passwordFromTheEnvironment() async throws {
    var environment = ["PREPULL_REGISTRY_USERNAME": "ada", "PREPULL_REGISTRY_PASSWORD": "s3cr3t"]
    let error = #expect(throws: RegistryError.self) { try Credentials(environment: environment) }
    #expect(error?.code == .credentials)
    #expect(error?.description.contains("s3cr3t") == false)
    environment["PREPULL_REGISTRY"] = "https://index.docker.io/v1/"
    let credentials = try Credentials(environment: environment)
    #expect(try await user(credentials, "docker.io") == "ada")
    #expect(try await user(credentials, "a.test") == nil)
  }

  @Test func files() async throws {
    try await withTemporaryFolder { folder in
      let missing = #expect(throws: RegistryError.self) { try Credentials(files: [folder + "/none"], environment: [:]) }
      #expect(
        missing?.description.hasPrefix("cannot read the credentials in \(folder)/none: the file is not there") == true)
      try write("{\"auths\": s3cr3t", folder + "/broken")
      let broken = #expect(throws: RegistryError.self) {
        try Credentials(files: [folder + "/broken"], environment: [:])
      }
      #expect(broken?.code == .credentials)
      #expect(broken?.description.contains("s3cr3t") == false)
      try write(" \n", folder + "/empty")
      #expect(try await user(Credentials(files: [folder + "/empty"], environment: [:]), "a.test") == nil)
      // Files that nobody named need not be there.
      #expect(try await user(Credentials(environment: ["HOME": folder, "DOCKER_CONFIG": "/none"]), "a.test") == nil)
      try write(#"{"auths":{"a.test":{"auth":"bm8gY29sb24="}}}"#, folder + "/nocolon")
      let malformed = await #expect(throws: RegistryError.self) {
        try await user(Credentials(files: [folder + "/nocolon"], environment: [:]), "a.test")
      }
      #expect(malformed?.detail == "the entry for a.test is not base64 of username:password")
    }
  }

  /// A file that is replaced while the program runs counts from then on.
  @Test func filesAreReadAnew() async throws {
    try await withTemporaryFolder { folder in
      try write(config(["a.test": "old:x"]), folder + "/config.json")
      let credentials = try Credentials(files: [folder + "/config.json"], environment: [:])
      #expect(try await user(credentials, "a.test") == "old")
      try write(config(["a.test": "new:x"]), folder + "/config.json")
      #expect(try await user(credentials, "a.test") == "new")
    }
  }

  @Test(
    "`auth` is decoded as the kubelet does it",
    arguments: [
      ("cm9ib3Q6cGFzcw==", "robot"), ("cm9ib3Q6cGFzcw", "robot"), ("cm9ib3Q6\\ncGFzcw==\\r\\n", "robot"),
      ("YWRhOnA6dw", "ada"), ("", nil), ("Og==", nil),
    ] as [(String, String?)])
  func authAsTheKubeletReadsIt(_ auth: String, _ expected: String?) async throws {
    try await withTemporaryFolder { folder in
      try write(#"{"auths":{"a.test":{"auth":"\#(auth)"}}}"#, folder + "/config.json")
      let credentials = try Credentials(files: [folder + "/config.json"], environment: [:])
      #expect(try await user(credentials, "a.test") == expected)
    }
  }

  @Test("Null, empty text and absence are one thing, and one bad entry spoils no other")
  func entryByEntry() async throws {
    try await withTemporaryFolder { folder in
      let text = """
        {"Auths": {
          "g.test": {"Auth": "YWRhOng="},
          "a.test": {"auth": "", "username": "ada", "password": "x", "identitytoken": null, "email": 7},
          "b.test": {"auth": null, "username": "", "password": null}, "c.test": null, "d.test": "text",
          "e.test": {"auth": 7}, "f.test": {"username": "", "password": "", "registrytoken": "rt\\r\\n"}},
         "credsStore": null, "credHelpers": {"x.test": null}}
        """
      try write("\u{feff}" + text, folder + "/config.json")
      let credentials = try Credentials(files: [folder + "/config.json"], environment: [:])
      #expect(try await user(credentials, "a.test") == "ada")
      #expect(try await user(credentials, "g.test") == "ada")
      for name in ["b.test", "c.test", "d.test", "x.test"] {
        #expect(try await credentials.credentials(for: name, repository: "app").isEmpty)
      }
      #expect(try await credentials.credential(for: "f.test", repository: "app") == .registryToken("rt"))
      let error = await #expect(throws: RegistryError.self) {
        try await credentials.credential(for: "e.test", repository: "app")
      }
      #expect(error?.detail.contains("e.test") == true)
    }
  }

  @Test("All logins that fit come in the order of trial, the most specific first, over all secrets")
  func order() async throws {
    let texts = [
      config(["a.test": "host1:x", "a.test/team": "team1:x"]),
      config(["a.test/team/app": "app2:x", "a.test": "host2:x"]),
      config(["*.test": "any3:x", "a.test": "host1:x"]),
    ]
    let secrets = try PullSecretCredentials(
      texts.enumerated().map { (name: "s\($0.offset)", bytes: Array($0.element.utf8), isLegacy: false) })
    let users = try await secrets.credentials(for: "a.test", repository: "team/app").map { credential in
      if case .basic(let username, _) = credential { username } else { "?" }
    }
    #expect(users == ["app2", "team1", "host1", "host2", "any3"])
    #expect(secrets.names(for: "a.test", repository: "team/app") == ["s0", "s1", "s2"])
    #expect(try await secrets.credentials(for: "b.example", repository: "team/app").isEmpty)
  }
}
