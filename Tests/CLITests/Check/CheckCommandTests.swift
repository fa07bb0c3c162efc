import PrepullAPI
import Documents
import Foundation
import FoundationXML
import ImageModel
import TestKit
import Testing
import VirtualCluster

@Suite("prepull check without a cluster, as a user runs it", .serialized, .timeLimit(.minutes(10)))
struct CheckCommandTests {
  /// A registry with an image for amd64 and arm64 (`web:1`), one for amd64 (`amd64:1`), and no kubeconfig anywhere.
  private func with(_ body: (EmbeddedRegistry, (String...) async throws -> PrepullProgram.Outcome) async throws -> Void)
    async throws
  {
    try await withEmbeddedRegistry { registry in
      let both = [Platform(os: "linux", architecture: "amd64"), Platform(os: "linux", architecture: "arm64")]
      registry.add(try SampleImage(seed: 1, layers: [5000, 1000], platforms: both), to: "web", tag: "1")
      registry.add(try SampleImage(seed: 1, layers: [5000, 2000], platforms: both), to: "web", tag: "latest")
      registry.add(try SampleImage(seed: 3, platforms: [both[0]], indexed: true), to: "amd64", tag: "1")
      try await withTemporaryFolder { folder in
        try await body(registry) { (arguments: String...) in
          try await PrepullProgram.run(
            ["check"] + arguments, environment: ["KUBECONFIG": folder + "/none", "HOME": folder])
        }
      }
    }
  }

  @Test func imagesThatAreThere() async throws {
    try await with { registry, check in
      let run = try await check("\(registry.host)/web:1", "\(registry.host)/amd64:1")
      #expect(run.exitCode == 0, "\(run)")
      #expect(run.errors == "note: there is no kubeconfig: the images are checked without a cluster\n")
      let lines = run.output.split(separator: "\n")
      #expect(lines[0].hasPrefix("IMAGE"))
      #expect(lines[1].contains("amd64,arm64") && lines[1].hasSuffix("ok"), "\(run.output)")
      #expect(lines.last == "2 images: no problem was found")
      let quiet = try await check("--no-cluster", "\(registry.host)/web:1")
      #expect(quiet.errors == "")
    }
  }

  @Test func whatWillFailIsExitCodeOne() async throws {
    try await with { registry, check in
      let missing = "\(registry.host)/web:2"
      let run = try await check("--no-cluster", "\(registry.host)/web:1", missing)
      #expect(run.exitCode == 1, "\(run)")
      #expect(run.output.contains("error: \(missing) cannot be pulled: no such tag or digest"), "\(run.output)")
      #expect(run.output.contains("\n  Check the name of the repository and the tag.\n"))
      #expect(run.output.hasSuffix("1 of 2 images will fail\n"))
      #expect(try await check("--no-cluster", "--fail-on", "never", missing).exitCode == 0)
      let ignored = try await check("--no-cluster", "--ignore", "notFound", missing)
      #expect(ignored.exitCode == 0)
      #expect(ignored.output.contains("   ignored\n"), "\(ignored.output)")
      #expect(ignored.output.hasSuffix("1 image: no other problem was found; 1 error ignored\n"))
      let latest = "\(registry.host)/web"
      #expect(try await check("--no-cluster", latest).exitCode == 0)
      let strict = try await check("--no-cluster", "--fail-on", "warning", latest)
      #expect(strict.exitCode == 1)
      #expect(strict.output.contains("warning: \(latest) is named by the tag latest"), "\(strict.output)")
      #expect(
        strict.output.hasSuffix("1 image: failed for warnings, as --fail-on warning says; 1 warning\n"),
        "\(strict.output)")
      let platform = try await check("--no-cluster", "--platform", "arm64", "\(registry.host)/amd64:1")
      #expect(platform.exitCode == 1)
      #expect(platform.output.contains("has nothing for linux/arm64: it has images for linux/amd64 only"))
    }
  }

  @Test func jsonSaysItAll() async throws {
    try await with { registry, check in
      let run = try await check("--no-cluster", "-o", "json", "\(registry.host)/web:1", "\(registry.host)/web:latest")
      let json = try JSON(parsing: run.output)
      #expect(json["ok"] == true)
      #expect(json["cluster"] == .null)
      #expect(json["platform"] == "linux/amd64")
      let image = try #require(json["images"]?.array?.first)
      #expect(image["digest"]?.string?.hasPrefix("sha256:") == true)
      #expect(image["created"] == "2024-01-01T00:00:00Z")
      #expect(image["platforms"] == ["linux/amd64", "linux/arm64"])
      let variant = try #require(image["variants"]?.array?.first)
      #expect(variant["unpackedIsEstimate"] == false)
      let shared = try #require(variant["layers"]?.array?.first?["sizeBytes"]?.integer)
      #expect(image["sharedBytes"] == .integer(shared))
      #expect(json["sizeBytes"]?.integer == (json["uniqueBytes"]?.integer ?? 0) + shared)
      #expect(json["findings"]?.array?.compactMap { $0["code"]?.string } == ["latestTag", "noDigest"])
      let yaml = try await check("--no-cluster", "-o", "yaml", "\(registry.host)/web:1")
      #expect(yaml.output.contains("\nok: true\n"), "\(yaml.output)")
    }
  }

  /// Lines of the file: 7 good, 8 missing in the registry, 9 empty, 10 a variable, 11 a digest alone, 12 no reference.
  private func manifest(_ host: String) -> String {
    """
    apiVersion: argoproj.io/v1alpha1
    kind: Rollout
    metadata: {name: shop, labels: {is: empty, or: bad}}
    spec:
      template:
        spec:
          containers: [{name: good, image: "\(host)/web:1"},
            {name: gone, image: "\(host)/web:9"},
            {name: empty, image: ""},
            {name: variable, image: "${TAG}"},
            {name: sha, image: "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"},
            {name: bad, image: "Shop/Web:1"}]
    """
  }

  @Test func manifestsSayWhereTheyAreWrong() async throws {
    try await with { registry, check in
      try await withTemporaryFolder { folder in
        let file = folder + "/shop <1>.yaml"
        try manifest(registry.host).write(toFile: file, atomically: true, encoding: .utf8)
        let json = try JSON(parsing: try await check("--no-cluster", "-f", folder, "-o", "json").output)
        let errors = (json["findings"]?.array ?? []).filter { $0["level"] == "error" }
        let told = errors.map { "\($0["code"]?.string ?? "") \($0["origins"]?.array?.first?["line"]?.integer ?? 0)" }
        #expect(told.sorted() == ["badReference 12", "noImage 9", "noName 11", "notFound 8", "variable 10"])
        #expect(errors.first?["origins"]?.array?.first?["object"] == "rollout/shop")

        let junit = try await check("--no-cluster", "-f", file, "-o", "junit")
        #expect(junit.exitCode == 1)
        let outline = try XMLOutline(junit.output)
        #expect(outline.elements["testcase"] == 6)
        #expect(outline.elements["failure"] == 5)
        #expect(outline.root == ["name": "prepull check", "tests": "6", "failures": "5"])

        let sarif = try JSON(parsing: try await check("--no-cluster", "-f", file, "-o", "sarif").output)
        #expect(sarif["version"] == "2.1.0")
        let run = try #require(sarif["runs"]?.array?.first)
        let rules = run[path: "tool", "driver", "rules"]?.array ?? []
        let results = run["results"]?.array ?? []
        #expect(results.count == 6)
        for result in results {
          let index = try #require(result["ruleIndex"]?.integer)
          #expect(rules[Int(index)]["id"] == result["ruleId"])
          let place = result["locations"]?.array?.first?["physicalLocation"]
          #expect(place?[path: "artifactLocation", "uri"]?.string?.hasSuffix("/shop%20%3C1%3E.yaml") == true)
          #expect((place?[path: "region", "startLine"]?.integer ?? 0) >= 7)
        }
        // What is wrong there can be put right on the command line.
        let fixed = try await check(
          "--no-cluster", "-f", file, "--image", "gone=\(registry.host)/web:1", "--image",
          "empty=\(registry.host)/web:1",
          "--image", "variable=\(registry.host)/web:1", "--image", "sha=\(registry.host)/web:1",
          "--image", "bad=\(registry.host)/web:1")
        #expect(fixed.exitCode == 0, "\(fixed)")
      }
    }
  }

  @Test("With -q nothing is printed but what counts as a failure")
  func quiet() async throws {
    try await with { registry, check in
      let good = try await check("-q", "\(registry.host)/web:latest")
      #expect(good.exitCode == 0 && good.output == "" && good.errors == "", "\(good)")
      let bad = try await check("-q", "\(registry.host)/web:latest", "\(registry.host)/web:9")
      #expect(bad.exitCode == 1 && bad.output == "", "\(bad)")
      #expect(bad.errors.hasPrefix("error: \(registry.host)/web:9 cannot be pulled: "), "\(bad.errors)")
      #expect(!bad.errors.contains("web:latest"), "\(bad.errors)")
      let json = try await check("-q", "-o", "json", "\(registry.host)/web:9")
      #expect(try JSON(parsing: json.output)["ok"] == false && json.errors == "", "\(json)")
    }
  }

  @Test(
    "What is no manifest is said, with exit code 2",
    arguments: [
      ("kind: Pod\n\tspec: 1\n", "tab"), ("kind: {{ .Values.kind }}\n", "not rendered"),
      ("just words", "no Kubernetes"),
      ("[[1, 2], [3]]", "no Kubernetes"), ("a: [", "line"), ("", "no Kubernetes"),
    ])
  func noManifests(_ text: String, _ complaint: String) async throws {
    let run = try await PrepullProgram.run(["check", "--no-cluster", "-f", "-"], input: text)
    #expect(run.exitCode == 2)
    #expect(run.errors.contains(complaint), "\(run.errors)")
    #expect(run.output == "")
  }

  @Test(
    "A wrong command line is exit code 2, before anybody is asked",
    arguments: [
      ([], "name at least one image"), (["Nginx"], "'Nginx' is not an image reference"),
      (["--prepull", "a", "--workload", "pod/a"], "leave out --workload"),
      (["--no-cluster", "--workload", "pod/a"], "--workload needs a cluster"),
      (["--no-cluster", "--pull-secret", "x", "a"], "--pull-secret needs a cluster"),
      (["--no-cluster", "--kubeconfig", "x", "a"], "--kubeconfig needs a cluster"),
      (["--no-cluster", "--context", "x", "a"], "--context needs a cluster"),
      (["--prepull", "a", "--prepull", "B_"], "--prepull 'B_'"),
      (["--no-cluster", "--read-secrets", "a"], "--read-secrets needs a cluster"),
      (["a", "--gc-low", "90"], "no thresholds"), (["a", "--ignore", "everything"], "none of noSuchHost"),
      (["a", "--node-count", "0"], "'0' is invalid for '--node-count <n>': write a whole number from 1 to 100000"),
      (["a", "--seeds", "0"], "'0' is invalid for '--seeds <nodes>'"),
      (["a", "--seeds", "-1"], "'-1' is invalid for '--seeds <nodes>': write a whole number from 1 to 100000"),
      (["a", "--p2p", "--cache"], "--p2p and --cache"),
      (["a", "--probe", "--node-bandwidth", "1G"], "leave one of them"),
      (["a", "--node-bandwidth", "fast"], "--node-bandwidth"),
      (["--no-cluster", "a", "--platform", "toaster"], "platform"),
      (["a", "--pull-secret", "A_b"], "--pull-secret 'A_b'"), (["--prepull", "A_b"], "--prepull 'A_b'"),
      (["--from-file", "-", "-f", "-"], "standard input"), (["-f", "/nowhere"], "cannot read /nowhere"),
      (["a", "--image", "web=b"], "--image web=b"),
      (["--no-cluster", "--p2p", "a"], "--p2p is about nodes, and without a cluster there are none: add --node-count"),
      (["--no-cluster", "--node-bandwidth", "1Gbit", "a"], "--node-bandwidth is about nodes"),
      (["--no-cluster", "--seeds", "2", "a"], "--seeds is about nodes"),
      (["--no-cluster", "--exclude-node", "n", "a"], "--exclude-node needs a cluster"),
      (["--no-cluster", "--include-cordoned", "a"], "--include-cordoned needs a cluster"),
      (
        ["--no-cluster", "--node-count", "500", "--seeds", "600", "a"],
        "--seeds 600 is more than the 500 nodes of --node-count"
      ),
    ])
  func commandLine(_ arguments: [String], _ complaint: String) async throws {
    let run = try await PrepullProgram.run(["check"] + arguments)
    #expect(run.exitCode == 2, "\(run)")
    #expect(run.errors.contains(complaint), "\(run.errors)")
  }

  @Test func imaginedNodesAndThePicture() async throws {
    try await with { registry, check in
      try await withTemporaryFolder { folder in
        let file = folder + "/time.svg"
        let image = "\(registry.host)/web:1"
        let run = try await check(
          "--no-cluster", "--node-count", "40", "--node-bandwidth", "8kbit", "--registry-bandwidth", "4kB", "--plot",
          file,
          "-o", "json", image)
        #expect(run.exitCode == 0, "\(run)")
        let estimate = try #require(try JSON(parsing: run.output)["estimate"])
        #expect(estimate["nodes"] == 40)
        #expect(estimate["nodeBandwidth"]?.number == 1000)
        #expect(estimate["nodeBandwidthSource"] == "given")
        let times = estimate["times"]?.array ?? []
        #expect(times.compactMap { $0["parallelism"]?.integer } == [1, 2, 5, 10, 20, 40])
        #expect(times.last?["bound"] == "registryLink")
        #expect(try String(contentsOfFile: file, encoding: .utf8).hasPrefix("<svg"))
        let table = try await check("--no-cluster", "--node-count", "40", "--parallelism", "25%", image)
        #expect(table.output.contains("\n       10 "), "\(table.output)")
        #expect(table.output.contains("125 MB/s to each node (assumed)"))
        let mirror = try await check(
          "--no-cluster", "--node-count", "40", "--node-bandwidth", "1kB", "--registry-bandwidth", "1kB", "--p2p",
          "-o", "json", image)
        let seeds = try JSON(parsing: mirror.output)[path: "estimate", "seeds"]
        #expect(seeds?["source"] == "p2p")
        #expect((1...5).contains(seeds?["best"]?.integer ?? 0), "\(mirror.output)")
        let estimates = seeds?["estimates"]?.array ?? []
        #expect(estimates.first?["seeds"] == 0)
        #expect((estimates[1]["seconds"]?.number ?? 0) * 4 < estimates[0]["seconds"]?.number ?? 0)
        let alone = try await check("--no-cluster", "--node-count", "40", "--seeds", "2", image)
        #expect(alone.output.contains("they save no egress"), "\(alone.output)")
        let cached = try await check("--no-cluster", "--node-count", "40", "--cache-bandwidth", "1Gbit", image)
        #expect(cached.output.contains("make it no quicker with a pull-through cache"), "\(cached.output)")
        let probed = try await check("--no-cluster", "--node-count", "4", "--probe", "-o", "json", image)
        #expect(probed.exitCode == 0, "\(probed)")
        let partly = try await check("--no-cluster", "--node-count", "4", image, "\(registry.host)/web:9")
        #expect(partly.output.contains("without 1 image that could not be looked at"), "\(partly.output)")
        let whole = try await check(
          "--no-cluster", "--node-count", "192", "--node-bandwidth", "1kB", "--registry-bandwidth", "1kB", "--p2p",
          image)
        #expect(whole.output.contains("and 192 copies"), "\(whole.output)")
        #expect(!whole.output.contains(".0 cop"), "\(whole.output)")
        let single = try await check("--no-cluster", "--node-count", "1", "--p2p", image)
        #expect(!single.output.contains("1 nodes"), "\(single.output)")
        let nowhereElse = try await check("--p2p", image)
        #expect(nowhereElse.exitCode == 2 && nowhereElse.errors.contains("add --node-count"), "\(nowhereElse)")
        let nobody = try await check("--no-cluster", "--plot", file, image)
        #expect(nobody.exitCode == 2)
        #expect(nobody.errors.contains("--node-count"), "\(nobody.errors)")
        let nothing = try await check("--no-cluster", "--node-count", "4", "-o", "json", "\(registry.host)/web:9")
        #expect(try JSON(parsing: nothing.output)["estimate"] == .null)
        let nowhere = try await check("--no-cluster", "--node-count", "2", "--plot", "/nowhere/x.svg", image)
        #expect(nowhere.exitCode == 2)
        #expect(nowhere.errors.contains("cannot write /nowhere/x.svg"))
      }
    }
  }

  @Test func aClusterThatIsAwayIsAWarningUntilItIsAskedFor() async throws {
    try await with { registry, _ in
      try await withTemporaryFolder { folder in
        let kubeconfig = folder + "/config"
        let text = """
          {"apiVersion": "v1", "kind": "Config", "current-context": "gone",
           "clusters": [{"name": "gone", "cluster": {"server": "http://127.0.0.1:1"}}],
           "contexts": [{"name": "gone", "context": {"cluster": "gone"}}]}
          """
        try text.write(toFile: kubeconfig, atomically: true, encoding: .utf8)
        let image = "\(registry.host)/web:1"
        let found = try await PrepullProgram.run(["check", image], environment: ["KUBECONFIG": kubeconfig])
        #expect(found.exitCode == 0, "\(found)")
        #expect(found.output.contains("warning: the nodes could not be asked for"), "\(found.output)")
        let counted = try await PrepullProgram.run(
          ["check", "--node-count", "3", image], environment: ["KUBECONFIG": kubeconfig])
        #expect(counted.exitCode == 2)
        #expect(counted.errors.contains("add --no-cluster"), "\(counted.errors)")
        let asked = try await PrepullProgram.run(["check", "--kubeconfig", kubeconfig, image])
        #expect(asked.exitCode == 1, "\(asked)")
        #expect(asked.output.contains("error: the nodes could not be asked for"))
      }
    }
  }
}

/// What elements an XML document has, and the attributes of the first.
private final class XMLOutline: NSObject, XMLParserDelegate {
  private(set) var elements: [String: Int] = [:]
  private(set) var root: [String: String] = [:]

  init(_ text: String) throws {
    super.init()
    let parser = XMLParser(data: Data(text.utf8))
    parser.delegate = self
    guard parser.parse() else { throw parser.parserError ?? CocoaError(.fileReadCorruptFile) }
  }

  func parser(
    _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
    attributes: [String: String]
  ) {
    if elements.isEmpty { root = attributes }
    elements[name, default: 0] += 1
  }
}
