import Documents
import Foundation
import Kubernetes
import Subprocess
import Testing
import TestKit

@Suite("Kubeconfigs", .timeLimit(.minutes(5)))
struct KubeconfigTests {
  static func decode(_ text: String) throws -> Kubeconfig { try JSON(parsing: text).decoded() }

  static func write(_ text: String, _ folder: String, _ name: String) throws -> String {
    let path = "\(folder)/\(name)"
    try FileManager.default.createDirectory(
      at: URL(filePath: path).deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: URL(filePath: path))
    return path
  }

  static let first = """
    {"apiVersion":"v1","kind":"Config","clusters":[{"name":"c1","cluster":{"server":"https://one:6443",
    "certificate-authority":"pki/ca.crt"}}],"users":[{"name":"u1","user":{"client-certificate":"u.crt",
    "client-key":"../keys/u.key"}},{"name":"both","user":{"token":"first"}}],
    "contexts":[{"name":"x1","context":{"cluster":"c1","user":"u1"}}],"preferences":{}}
    """
  static let second = """
    {"apiVersion":"v1","kind":"Config","current-context":"x2","clusters":[{"name":"c2","cluster":{"server":
    "https://two:6443/k8s/clusters/c-1","tls-server-name":"api","proxy-url":"http://proxy:3128"}},{"name":"c1",
    "cluster":{"server":"https://other","insecure-skip-tls-verify":true}}],"users":[{"name":"both","user":{"token":
    "second","tokenFile":"t"}},{"name":"u2","user":{"exec":{"apiVersion":"client.authentication.k8s.io/v1",
    "command":"bin/login","args":["a"],"env":[{"name":"A","value":"B"}],"interactiveMode":"Never",
    "provideClusterInfo":true}}}],"contexts":[{"name":"x2","context":{"cluster":"c2","user":"u2","namespace":"web"}},
    {"name":"x1","context":{"cluster":"c2","user":"both"}}]}
    """
  static let third = #"{"current-context":"x1","clusters":null,"users":null,"contexts":null}"#

  @Test("Files are merged as kubectl merges them")
  func merging() async throws {
    try await withTemporaryFolder { folder in
      let files = [
        try Self.write(Self.first, folder, "a/one"), try Self.write(Self.second, folder, "b/two"),
        "\(folder)/missing", try Self.write(Self.third, folder, "c/three"),
      ]
      let list = files.joined(separator: ":")
      let ours = try #require(
        try Kubeconfig.load(explicit: nil, environment: ["KUBECONFIG": list], decode: Self.decode))
      let result = try await Subprocess.run(
        .name("kubectl"), arguments: ["config", "view", "-o", "json", "--raw"],
        environment: .inherit.updating(["KUBECONFIG": list]), output: .string(limit: 1 << 20), error: .discarded)
      let theirs = try Self.decode(result.standardOutput)
      func sorted(_ config: Kubeconfig) -> Kubeconfig {
        var config = config
        config.clusters?.sort { $0.name < $1.name }
        config.users?.sort { $0.name < $1.name }
        config.contexts?.sort { $0.name < $1.name }
        return config
      }
      // kubectl prints paths as they were written, and resolves them later.
      func clean(_ config: Kubeconfig) throws -> String {
        let text = try JSON(encoding: sorted(config)).text
        return text.replacing("\(folder)/a/", with: "").replacing("\(folder)/b/", with: "")
      }
      #expect(ours.currentContext == "x2")
      #expect(try clean(ours) == clean(theirs))
    }
  }

  @Test("A context stands for what kubectl takes it for", arguments: ["x1", "x2"])
  func contexts(_ context: String) async throws {
    try await withTemporaryFolder { folder in
      let list = [try Self.write(Self.second, folder, "two"), try Self.write(Self.first, folder, "one")]
        .joined(separator: ":")
      let result = try await Subprocess.run(
        .name("kubectl"), arguments: ["config", "view", "--minify", "--raw", "-o", "json", "--context", context],
        environment: .inherit.updating(["KUBECONFIG": list]), output: .string(limit: 1 << 20), error: .discarded)
      let theirs = try Self.decode(result.standardOutput)
      var overrides = ClusterConfiguration.Overrides()
      overrides.context = context
      let ours = try ClusterConfiguration.load(overrides, environment: ["KUBECONFIG": list], decode: Self.decode)
      #expect(ours.server == theirs.clusters?.first?.value.server && ours.clusterName == theirs.clusters?.first?.name)
      #expect(ours.userName == theirs.users?.first?.name)
      #expect(ours.namespace == theirs.contexts?.first?.value.namespace ?? "default")
    }
  }

  @Test("Secrets do not show when a configuration is printed")
  func printed() throws {
    var configuration = ClusterConfiguration(server: "https://a", authentication: .token("SECRET"))
    configuration.tls.clientKey = .text("SECRET")
    #expect(!"\(configuration)".contains("SECRET"))
    configuration.authentication = .exec(ExecPlugin(command: "x", arguments: ["SECRET"], environment: ["A": "SECRET"]))
    #expect(!"\(configuration)".contains("SECRET"))
    let user = #"{"users":[{"name":"a","user":{"token":"SECRET"}}]}"#
    #expect(!"\(try Self.decode(user))".contains("SECRET"))
  }

  @Test("Paths hold from the file that has them")
  func paths() async throws {
    try await withTemporaryFolder { folder in
      let path = try Self.write(Self.first, folder, "a/one")
      let other = try Self.write(Self.second, folder, "b/two")
      var overrides = ClusterConfiguration.Overrides()
      overrides.kubeconfig = path
      overrides.context = "x1"
      let one = try ClusterConfiguration.load(overrides, environment: [:], decode: Self.decode)
      #expect(one.tls.authority == .file("\(folder)/a/pki/ca.crt"))
      #expect(one.tls.clientCertificate == .file("\(folder)/a/u.crt"))
      #expect(one.tls.clientKey == .file("\(folder)/a/../keys/u.key"))
      let two = try ClusterConfiguration.load(environment: ["KUBECONFIG": other], decode: Self.decode)
      guard case .exec(let plugin) = two.authentication else {
        Issue.record("no exec plugin")
        return
      }
      #expect(plugin.command == "\(folder)/b/bin/login" && plugin.environment["A"] == "B")
      #expect(plugin.cluster?["server"] == "https://two:6443/k8s/clusters/c-1")
      #expect(two.tls.serverName == "api" && two.proxyURL == "http://proxy:3128" && two.namespace == "web")
    }
  }

  @Test("The user's file is taken when no variable names one; an empty one leaves the pod's own account")
  func order() async throws {
    try await withTemporaryFolder { folder in
      _ = try Self.write(Self.second, folder, ".kube/config")
      let home = try ClusterConfiguration.load(environment: ["HOME": folder], decode: Self.decode)
      #expect(home.contextName == "x2")
      for (name, text) in [("token", "secret\n"), ("ca.crt", "pem"), ("namespace", "own\n")] {
        _ = try Self.write(text, folder, "account/\(name)")
      }
      let empty = try Self.write("", folder, "empty")
      let pod = ["KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "443", "KUBECONFIG": empty]
      let inside = try ClusterConfiguration.load(
        environment: pod, serviceAccount: "\(folder)/account", decode: Self.decode)
      #expect(inside.server == "https://[fd00::1]:443" && inside.namespace == "own")
      #expect(inside.authentication == .tokenFile("\(folder)/account/token"))
      #expect(inside.tls.authority == .file("\(folder)/account/ca.crt"))
    }
  }

  @Test("Options win over the file, as with kubectl")
  func overrides() async throws {
    try await withTemporaryFolder { folder in
      var overrides = ClusterConfiguration.Overrides()
      overrides.kubeconfig = try Self.write(Self.second, folder, "config")
      overrides.context = "x1"
      overrides.cluster = "c1"
      overrides.namespace = "mine"
      overrides.as = "jane"
      overrides.asGroups = ["dev"]
      overrides.requestTimeout = .seconds(7)
      let one = try ClusterConfiguration.load(overrides, environment: [:], decode: Self.decode)
      #expect(one.server == "https://other" && one.tls.skipsVerification && one.namespace == "mine")
      #expect(one.impersonation == .init(user: "jane", groups: ["dev"]) && one.requestTimeout == .seconds(7))
      #expect(one.authentication == .tokenFile("\(folder)/t", token: "second"))
      overrides.user = "u2"
      overrides.token = "given"
      overrides.server = "https://else:1"
      let two = try ClusterConfiguration.load(overrides, environment: [:], decode: Self.decode)
      #expect(two.server == "https://else:1" && two.authentication == .token("given"))
    }
  }

  @Test("What is wrong is named, with what to do, and without secrets")
  func faults() async throws {
    try await withTemporaryFolder { folder in
      func fault(
        _ text: String?, _ change: (inout ClusterConfiguration.Overrides) -> Void = { _ in }
      ) throws -> ConfigurationError? {
        var overrides = ClusterConfiguration.Overrides()
        change(&overrides)
        var environment: [String: String] = [:]
        if let text { environment["KUBECONFIG"] = try Self.write(text, folder, "config") }
        do {
          _ = try ClusterConfiguration.load(
            overrides, environment: environment, serviceAccount: folder, decode: Self.decode)
          return nil
        } catch {
          #expect(!error.description.contains("SECRET"))
          #expect(!error.remedy.isEmpty)
          return error
        }
      }
      #expect(try fault(nil)?.code == ConfigurationError.Code.none)
      #expect(try fault(nil) { $0.kubeconfig = "/nowhere" }?.code == .unreadable)
      #expect(try fault(#"{"users":[{"name":"a","user":{"token":"SECRET"#)?.code == .malformed)
      let path = try fault(#"{"users":[{"name":"a","user":{"token":"SECRET"}},{"name":1}]}"#)
      #expect(path?.code == .malformed && path?.detail.contains("users.[1].name") == true, "\(path?.detail ?? "")")
      let unknown = try fault(Self.second) { $0.context = "nope" }
      #expect(unknown?.code == .unknownContext && unknown?.detail == "the context 'nope' does not exist")
      #expect(unknown?.remedy == "Choose one with --context: x1, x2.")
      #expect(try fault(Self.first)?.detail == "no context is chosen")
      #expect(try fault(Self.second) { $0.cluster = "nope" }?.code == .unknownCluster)
      #expect(try fault(Self.second) { $0.user = "nope" }?.code == .unknownUser)
      #expect(try fault(Self.second) { $0.asGroups = ["g"] }?.code == .malformed)
      func config(_ cluster: String, _ user: String = "{}") -> String {
        #"{"current-context":"x","contexts":[{"name":"x","context":{"cluster":"c","user":"u"}}],"clusters":[{"name":"c","#
          + #""cluster":\#(cluster)}],"users":[{"name":"u","user":\#(user)}]}"#
      }
      let server = #""server":"https://one""#
      #expect(try fault(config("{}"))?.code == .badServer)
      #expect(try fault(config("{\(server),\"certificate-authority-data\":\"%%%\"}"))?.code == .badCertificate)
      #expect(
        try fault(config("{\(server),\"certificate-authority\":\"a\",\"insecure-skip-tls-verify\":true}"))?.code
          == .malformed)
      #expect(try fault(config("{\(server)}", #"{"client-key-data":"SECRET!"}"#))?.code == .badCertificate)
      #expect(try fault(config("{\(server)}", #"{"auth-provider":{"name":"gcp"}}"#))?.code == .unsupported)
      #expect(try fault(config("{\(server)}", #"{"exec":{"command":"x"}}"#))?.code == .unsupported)
      #expect(
        try fault(config("{\(server)}", #"{"exec":{"apiVersion":"client.authentication.k8s.io/v1"}}"#))?.code
          == .malformed)
    }
  }
}
