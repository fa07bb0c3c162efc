@testable import PrepullAPI
@testable import Installation
import ArgumentParser
import Commands
import Documents
import Foundation
import TestKit
import Testing

@testable import CLI

/// `prepull install`, the kustomize base and the Helm chart are the same installation.
@Suite("install: the files in deploy", .timeLimit(.minutes(10)))
struct DeployFilesTests {
  private static let deploy = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appending(path: "deploy")
  private static let chart = deploy.appending(path: "helm/prepull")

  // MARK: Files that are written by us

  /// Set PREPULL_UPDATE_GOLDEN=1 to write the files anew, then read the difference.
  @Test("The generated files are up to date")
  func generated() throws {
    let installation = Installation(image: RenderCommand.publishedImage)
    let definitions = CustomResourceDefinitions.all
    #expect(definitions.count == 2)
    var files = [
      "kustomize/base/namespace.yaml": [installation.namespaceObject],
      "kustomize/base/definitions.yaml": definitions,
      "kustomize/base/permissions.yaml": installation.permissions,
      "kustomize/base/workload.yaml": installation.workload,
      "kustomize/agent/objects.yaml": installation.agentObjects(AgentInstallation()),
      "kustomize/dashboard/objects.yaml": installation.dashboardObjects(DashboardInstallation()),
    ]
    for definition in definitions {
      files["helm/prepull/definitions/\(definition[path: "spec", "names", "plural"]?.string ?? "").yaml"] = [definition]
    }
    var texts = try files.mapValues {
      "# Generated; see DeployFilesTests.\n" + (try ManifestOutput.yaml.text(of: $0))
    }
    texts["../docs/permissions.md"] = PermissionsPage.text
    for (path, text) in texts {
      let file = Self.deploy.appending(path: path)
      if ProcessInfo.processInfo.environment["PREPULL_UPDATE_GOLDEN"] == "1" {
        try text.write(to: file, atomically: true, encoding: .utf8)
      }
      #expect((try? String(contentsOf: file, encoding: .utf8)) == text, "\(path) is not what install prints")
    }
  }

  @Test("YAML and JSON of install say the same", arguments: [[], ["--grant-secrets", "web,shop/regcred"]])
  func forms(arguments: [String]) throws {
    let objects = try InstallCommand.parse(arguments).installation().objects
    #expect(try YAMLDocuments.parse(try ManifestOutput.yaml.text(of: objects)).map(\.json) == objects)
    #expect(try JSON(parsing: try ManifestOutput.json.text(of: objects))["items"] == .array(objects))
  }

  // MARK: kustomize

  @Test("kustomize's base is what install prints")
  func base() async throws {
    try await compare(try await kustomized(""), with: [])
  }

  @Test("An overlay's namespace, image and replicas are those options")
  func overlay() async throws {
    let overlay = """
      namespace: elsewhere
      images: [{name: ghcr.io/prepull/prepull, newName: registry.example/prepull, newTag: v9}]
      replicas: [{name: prepull-controller, count: 1}]
      """
    try await compare(
      try await kustomized(overlay),
      with: ["--namespace", "elsewhere", "--image", "registry.example/prepull:v9", "--replicas", "1"])
  }

  @Test("The component no-gate is the option")
  func noGate() async throws {
    try await compare(try await kustomized("components: [no-gate]"), with: ["--no-gate"])
  }

  @Test("The component agent is the option, also with another image")
  func agent() async throws {
    let image = "images: [{name: ghcr.io/prepull/prepull, newName: registry.example/prepull, newTag: v9}]"
    try await compare(
      try await kustomized("components: [agent]\n\(image)"),
      with: ["--agent", "--image", "registry.example/prepull:v9"])
  }

  @Test("The component dashboard is the option, also in another namespace")
  func dashboard() async throws {
    try await compare(
      try await kustomized("components: [dashboard]\nnamespace: elsewhere"),
      with: ["--dashboard", "--namespace", "elsewhere"])
  }

  /// What kubectl makes of an overlay over the base.
  private func kustomized(_ overlay: String) async throws -> [JSON] {
    try await withTemporaryFolder { folder in
      // kustomize wants its files below the overlay's folder or relative to it.
      try FileManager.default.copyItem(atPath: Self.deploy.appending(path: "kustomize").path, toPath: folder + "/k")
      try "resources: [base]\n\(overlay)\n".write(
        toFile: folder + "/k/kustomization.yaml", atomically: true, encoding: .utf8)
      return try YAMLDocuments.parse(try await Tool.output("kubectl", ["kustomize", folder + "/k"])).map(\.json)
    }
  }

  // MARK: Helm

  struct ChartCase: Sendable, CustomTestStringConvertible {
    let values: String
    let arguments: [String]
    var testDescription: String { values }
  }

  @Test(
    "The chart's values are the options of install", .helm,
    arguments: [
      ChartCase(values: "{}", arguments: []),
      ChartCase(values: #"{"gate": {"enabled": false}}"#, arguments: ["--no-gate"]),
      ChartCase(
        values: #"{"gate": {"taints": ["a.example/b", "c"]}, "tolerations": [{"operator": "Exists"}]}"#,
        arguments: ["--gate-taint", "a.example/b", "--gate-taint", "c", "--toleration", "all"]),
      ChartCase(
        values: #"{"grantSecrets": [{"namespace": "shop", "names": ["regcred"]}, {"namespace": "web"}]}"#,
        arguments: ["--grant-secrets", "web,shop/regcred"]),
      ChartCase(
        values: """
          {"replicas": 1, "image": {"repository": "registry.example/p", "tag": "v9"}, "nodeSelector": {"on": "y"},
          "priorityClassName": "high", "imagePullSecrets": [{"name": "regcred"}], "maxPods": 20, "yieldTimeout": "0s",
          "monitoring": {"enabled": true}}
          """,
        arguments: [
          "--replicas", "1", "--image", "registry.example/p:v9", "--node-selector", "on=y", "--priority-class", "high",
          "--pull-secret", "regcred", "--max-pods", "20", "--yield-timeout", "0s",
          "--service-monitor",
        ]),
      ChartCase(values: #"{"agent": {"enabled": true}}"#, arguments: ["--agent"]),
      ChartCase(values: #"{"dashboard": {"enabled": true}}"#, arguments: ["--dashboard"]),
      ChartCase(
        values: """
          {"dashboard": {"enabled": true, "tlsSecret": "page-tls"}, "nodeSelector": {"on": "y"},
          "tolerations": [{"operator": "Exists"}], "imagePullSecrets": [{"name": "regcred"}],
          "monitoring": {"enabled": true}, "gate": {"enabled": false}}
          """,
        arguments: [
          "--dashboard", "--dashboard-tls-secret", "page-tls", "--node-selector", "on=y", "--toleration", "all",
          "--pull-secret", "regcred", "--service-monitor", "--no-gate",
        ]),
      ChartCase(
        values: """
          {"agent": {"enabled": true, "nodeSelector": {"pool": "gpu"}, "priorityClassName": "high",
          "containerdRoot": "/data/containerd", "runtimeSocket": "/run/k3s/containerd/containerd.sock",
          "containerdConfig": "", "kubeletConfig": "/var/lib/kubelet/config.yaml",
          "dockerConfig": "/var/lib/kubelet/config.json", "credentialProviders": true, "selinuxType": "spc_t",
          "arguments": ["--max-bandwidth=100MiB"], "tolerations": [{"key": "a", "operator": "Exists"}]},
          "monitoring": {"enabled": true}, "proxy": {"url": "http://proxy.example:3128"},
          "env": [{"name": "A", "value": "b=c"}], "imagePullSecrets": [{"name": "regcred"}]}
          """,
        arguments: [
          "--agent", "--agent-node-selector", "pool=gpu", "--agent-priority-class", "high",
          "--agent-containerd-root", "/data/containerd", "--agent-runtime-socket",
          "/run/k3s/containerd/containerd.sock", "--agent-containerd-config", "none", "--agent-kubelet-config",
          "/var/lib/kubelet/config.yaml", "--agent-docker-config", "/var/lib/kubelet/config.json",
          "--agent-credential-providers", "--agent-selinux-type", "spc_t", "--agent-argument",
          "--max-bandwidth=100MiB", "--agent-toleration", "a", "--service-monitor", "--proxy",
          "http://proxy.example:3128", "--env", "A=b=c", "--pull-secret", "regcred",
        ]),
      ChartCase(
        values: """
          {"pullers": {"labels": {"team": "a", "cost": "1"}, "annotations": {"x.example/y": "a b"},
          "requests": {"cpu": "10m"}, "limits": {"memory": "64Mi", "cpu": 1}}, "plainHTTP": ["r.example:5000"],
          "allowSources": ["prometheus.monitoring.svc:9090", "loki.monitoring.svc"],
          "proxy": {"url": "http://proxy.example:3128", "except": ["r.example"]}, "ca": {"configMap": "corp", "key": "k"},
          "env": [{"name": "A", "value": "b=c"}]}
          """,
        arguments: [
          "--label", "team=a", "--label", "cost=1", "--annotation", "x.example/y=a b", "--request", "cpu=10m",
          "--limit", "memory=64Mi,cpu=1", "--plain-http", "r.example:5000",
          "--allow-source", "prometheus.monitoring.svc:9090,loki.monitoring.svc", "--proxy",
          "http://proxy.example:3128",
          "--no-proxy", "r.example", "--ca-config-map", "corp/k", "--env", "A=b=c",
        ]),
    ])
  func chart(example: ChartCase) async throws {
    try await compare(
      try await rendered(example.values, namespace: "prepull-system"),
      with: example.arguments + ["--no-create-namespace"])
  }

  @Test("Certificates of a file are those of the chart's value", .helm)
  func certificates() async throws {
    try await withTemporaryFolder { folder in
      let pem = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
      try pem.write(toFile: folder + "/ca.pem", atomically: true, encoding: .utf8)
      let values: JSON = ["ca": ["certificates": .string(pem)]]
      try await compare(
        try await rendered(values.text, namespace: "prepull-system"),
        with: ["--ca-file", folder + "/ca.pem", "--no-create-namespace"])
    }
  }

  @Test("The chart is installed where the release is", .helm)
  func releaseNamespace() async throws {
    try await compare(
      try await rendered("{}", namespace: "elsewhere"), with: ["--namespace", "elsewhere", "--no-create-namespace"])
  }

  @Test("The definitions are kept unless it is said otherwise, and left out when it is said", .helm)
  func definitions() async throws {
    func kept(_ values: String) async throws -> [JSON?] {
      try await rendered(values, namespace: "x").filter { $0["kind"] == "CustomResourceDefinition" }
        .map { $0[path: "metadata", "annotations", "helm.sh/resource-policy"] }
    }
    #expect(try await kept("{}") == ["keep", "keep"])
    #expect(try await kept(#"{"definitions": {"keep": false}}"#) == [nil, nil])
    #expect(try await kept(#"{"definitions": {"install": false}}"#).isEmpty)
  }

  @Test("Values that would be ignored or cannot work are refused", .helm)
  func schema() async throws {
    for values in [#"{"replica": 1}"#, #"{"image": {"digest": "latest"}}"#, #"{"gate": {"taints": "x"}}"#] {
      await #expect(throws: Tool.Failure.self) { try await rendered(values, namespace: "x") }
    }
  }

  @Test("The chart has no faults", .helm)
  func faults() async throws {
    #expect(try await Helm.problems(Self.chart.path).isEmpty)
  }

  @Test("The chart has the version of the program")
  func version() throws {
    let about = try #require(
      try YAMLDocuments.parse(try String(contentsOf: Self.chart.appending(path: "Chart.yaml"), encoding: .utf8)).first)
    #expect(about.json["version"]?.string == Version.current)
    #expect(about.json["appVersion"]?.string == Version.current)
  }

  /// What Helm makes of the chart, without the marks that Helm's charts bear.
  private func rendered(_ values: String, namespace: String) async throws -> [JSON] {
    let files = try await Helm.rendered(Self.chart.path, values: values, namespace: namespace)
    var objects: [JSON] = []
    for (path, text) in files where path.hasSuffix(".yaml") { objects += try YAMLDocuments.parse(text).map(\.json) }
    for index in objects.indices {
      #expect(objects[index][path: "metadata", "labels", "app.kubernetes.io/managed-by"] == "Helm")
      objects[index][path: "metadata", "labels", "app.kubernetes.io/managed-by"] = nil
      objects[index][path: "metadata", "labels", "helm.sh/chart"] = nil
    }
    return objects
  }

  // MARK: Comparing

  private func compare(_ found: [JSON], with arguments: [String]) async throws {
    func table(_ objects: [JSON]) -> [String: JSON] {
      var table: [String: JSON] = [:]
      for var object in objects {
        if object[path: "metadata", "annotations", "helm.sh/resource-policy"] != nil {
          object[path: "metadata", "annotations", "helm.sh/resource-policy"] = nil
          if object[path: "metadata", "annotations"]?.object?.isEmpty == true {
            object[path: "metadata", "annotations"] = nil
          }
        }
        let names = [object["kind"], object[path: "metadata", "namespace"], object[path: "metadata", "name"]]
        table[names.map { $0?.string ?? "" }.joined(separator: " ")] = object
      }
      return table
    }
    let expected = table(try InstallCommand.parse(arguments).installation().objects)
    let found = table(found)
    #expect(expected.count > 10)
    #expect(found.keys.sorted() == expected.keys.sorted())
    for (name, object) in expected { #expect(found[name]?.text == object.text, "\(name)") }
  }
}
