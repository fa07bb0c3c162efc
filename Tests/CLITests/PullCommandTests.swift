import CLI
import Foundation
import Glibc
import ImageModel
import TestKit
import Testing
import VirtualCluster

/// The JSON report as a program of a user reads it.
private struct Report: Decodable {
  struct Image: Decodable {
    struct Failure: Decodable {
      let code: String
      let message: String
    }
    let image: String
    let reference: String
    let outcome: String
    let digest: String?
    let sizeBytes: Int64?
    let error: Failure?
  }
  struct Runtime: Decodable {
    let endpoint: String
    let name: String
  }
  let ok: Bool
  let runtime: Runtime
  let images: [Image]

  init(_ outcome: PrepullProgram.Outcome) throws {
    do {
      self = try JSONDecoder().decode(Report.self, from: Data(outcome.output.utf8))
    } catch {
      Issue.record("no report in: \(outcome)")
      throw error
    }
  }
}

@Suite("prepull pull, as a user runs it", .serialized, .timeLimit(.minutes(10)))
struct PullCommandTests {
  @Test func warmsALayoutAndFindsItWarm() async throws {
    try await withEmbeddedRegistry { registry in
      try await withTemporaryFolder { folder in
        let image = try SampleImage(layers: [100_000, 5], platforms: [.host, Platform(parsing: "linux/s390x")])
        let reference = registry.add(image)
        let arguments = ["pull", "--runtime", "oci:\(folder)/layout", "-o", "json", reference.description]
        let first = try Report(try await PrepullProgram.run(arguments))
        #expect(first.ok)
        #expect(first.images.map(\.outcome) == ["pulled"])
        #expect(first.images[0].digest == image.root.descriptor.digest.description)
        #expect(first.runtime.endpoint == "oci:\(folder)/layout")

        registry.clearRequests()
        let second = try Report(try await PrepullProgram.run(arguments))
        #expect(second.images.map(\.outcome) == ["alreadyThere"])
        #expect(registry.requests.isEmpty, "IfNotPresent asks no registry for what is there")

        let always = try Report(try await PrepullProgram.run(arguments + ["--policy", "Always"]))
        #expect(always.images.map(\.outcome) == ["alreadyThere"])
        #expect(!registry.requests.contains { $0.path.contains("/blobs/") && $0.method == "GET" })
      }
    }
  }

  @Test func alwaysFollowsAMovedTag() async throws {
    try await withEmbeddedRegistry { registry in
      try await withTemporaryFolder { folder in
        let reference = registry.add(try SampleImage(seed: 1))
        let arguments = ["pull", "--runtime", "oci:\(folder)", "-o", "json", reference.description]
        _ = try await PrepullProgram.run(arguments)
        let moved = try SampleImage(seed: 2)
        registry.add(moved)
        let report = try Report(try await PrepullProgram.run(arguments + ["--policy", "Always"]))
        #expect(report.images.map(\.outcome) == ["pulled"])
        #expect(report.images[0].digest == moved.root.descriptor.digest.description)
      }
    }
  }

  @Test func oneBadImageDoesNotStopTheOthers() async throws {
    try await withEmbeddedRegistry { registry in
      try await withTemporaryFolder { folder in
        let good = registry.add(try SampleImage(), to: "shop/good")
        let foreign = registry.add(
          try SampleImage(
            platforms: [Platform(parsing: "linux/s390x"), Platform(parsing: "linux/ppc64le")]), to: "shop/foreign")
        let run = try await PrepullProgram.run([
          "pull", "--runtime", "oci:\(folder)", "-o", "json", "--retries", "0", "\(registry.host)/shop/none:v9",
          foreign.description, good.description, "nosuch.invalid/a:1",
        ])
        let report = try Report(run)
        #expect(run.exitCode == 1)
        #expect(report.images.map(\.outcome) == ["failed", "failed", "pulled", "failed"])
        #expect(report.images.map { $0.error?.code } == ["notFound", "noPlatform", nil, "noSuchHost"])
        #expect(report.images[1].error?.message.contains("linux/s390x") == true)
        for image in report.images { #expect(run.errors.contains(image.image), "\(run)") }
      }
    }
  }

  /// Adds a document under a tag and returns its descriptor as JSON.
  @discardableResult
  private func add(
    _ text: String, _ type: String, as tag: String, to registry: EmbeddedRegistry, _ more: String = ""
  ) -> String {
    let blob = SampleImage.Blob(Array(text.utf8), mediaType: type)
    if MediaType.isIndex(type) || MediaType.isManifest(type) {
      registry.add(manifest: blob, tag: tag)
    } else {
      registry.add(blob)
    }
    let descriptor = blob.descriptor
    return #"{"mediaType":"\#(type)","digest":"\#(descriptor.digest)","size":\#(descriptor.size)\#(more)}"#
  }

  @Test("Carelessly written images are pulled and checked like others, and what is no image is named by both")
  func oddImagesAndArtifacts() async throws {
    try await withEmbeddedRegistry { registry in
      try await withTemporaryFolder { folder in
        let architecture = Platform.host.architecture
        let config = add(#"{"rootfs":{"diff_ids":null}}"#, MediaType.ociConfig, as: "", to: registry)
        let empty = #"{"schemaVersion":2,"config":\#(config),"layers":null}"#
        let entry = add(empty, MediaType.ociManifest, as: "empty", to: registry, #","platform":{}"#)
        let good = entry.replacing(
          #""platform":{}"#, with: #""platform":{"os":"","architecture":"\#(architecture)","variant":""}"#)
        add(#"{"manifests":[\#(good),\#(entry)]}"#, MediaType.ociIndex, as: "index", to: registry)
        let chart = add("{}", "application/vnd.cncf.helm.config.v1+json", as: "", to: registry)
        add(#"{"config":\#(chart),"layers":[]}"#, MediaType.ociManifest, as: "chart", to: registry)
        add(#"{"config":7}"#, MediaType.ociManifest, as: "broken", to: registry)
        let names = ["empty", "index", "chart", "broken"].map { "\(registry.host)/test/image:\($0)" }

        let pull = try await PrepullProgram.run(
          ["pull", "--runtime", "oci:\(folder)", "-o", "json", "--retries", "0"] + names)
        let report = try Report(pull)
        #expect(report.images.map(\.outcome) == ["pulled", "pulled", "failed", "failed"], "\(pull)")
        #expect(report.images.map { $0.error?.code } == [nil, nil, "artifact", "malformedImage"])
        let check = try await PrepullProgram.run(
          ["check", "--no-cluster", "--platform", "linux/\(architecture)"] + names)
        #expect(check.exitCode == 1)
        for text in [pull.errors, check.output + check.errors] {
          #expect(text.contains("it is a Helm chart"), "\(text)")
          #expect(text.contains("'config' is a number instead of an object"), "\(text)")
          #expect(!text.contains("CodingKey") && !text.contains("DecodingError"))
        }
        #expect(!check.output.contains("\(names[0]) cannot") && !check.output.contains("\(names[1]) cannot"))
      }
    }
  }

  @Test func theTextReportNamesCauseAndRemedy() async throws {
    try await withEmbeddedRegistry { registry in
      try await withTemporaryFolder { folder in
        let reference = registry.add(try SampleImage())
        let run = try await PrepullProgram.run([
          "pull", "--runtime", "oci:\(folder)", reference.description, "\(registry.host)/test/image:nosuch",
        ])
        #expect(run.exitCode == 1)
        let lines = run.output.split(separator: "\n").map(String.init)
        #expect(lines[0].hasPrefix("IMAGE"))
        #expect(lines[1].hasPrefix(reference.description) && lines[1].hasSuffix("pulled"))
        #expect(lines[2].hasSuffix("failed: notFound"))
        #expect(run.errors.contains("OCI layout"), "what was found is said")
        #expect(run.errors.contains("nosuch"))
        #expect(!run.errors.contains("\u{1B}"), "no escape sequences where there is no terminal")
      }
    }
  }

  @Test func referencesFromStandardInputAndFiles() async throws {
    try await withEmbeddedRegistry { registry in
      try await withTemporaryFolder { folder in
        let one = registry.add(try SampleImage(seed: 1), to: "one")
        let two = registry.add(try SampleImage(seed: 2), to: "two")
        try Data("# images\n\n  \(two)  \r\n".utf8).write(to: URL(filePath: folder + "/list"))
        let run = try await PrepullProgram.run(
          [
            "pull", "--runtime", "oci:\(folder)/l", "-o", "json", "--from-file", "-", "--from-file", "\(folder)/list",
          ], input: "\(one)\n\(two)\n")
        #expect(try Report(run).images.map(\.reference) == [one.description, two.description])
        #expect(run.exitCode == 0)
      }
    }
  }

  @Test(
    "Usage errors end with 2, say what is wrong, and do nothing",
    arguments: [
      (["pull"], "at least one image"),
      (["pull", "a b"], "white space"),
      (["pull", "Nginx"], "lower case"),
      (["pull", "nginx", "--runtime", "ftp://x"], "cri, docker or oci"),
      (["pull", "nginx", "--platform", "linux"], "linux/arm64"),
      (["pull", "nginx", "--timeout", "5"], "it has no unit; write for example 90s"),
      (["pull", "nginx", "--parallelism", "0"], "--parallelism"),
      (["pull", "nginx", "--retries", "-1"], "retries"),
      (["pull", "nginx", "--policy", "Never"], "IfNotPresent"),
      (["pull", "nginx", "--from-file", "/nosuch/file"], "/nosuch/file"),
      (["pull", "nginx", "--runtime", "oci:/tmp/x", "--auth-file", "/nosuch/auth"], "/nosuch/auth"),
      (["pull", "nginx", "--runtime", "oci:/tmp/x", "--ca-file", "/nosuch/ca"], "/nosuch/ca"),
      (["pull", "nginx", "--runtime", "oci:/tmp/x", "--mirror", "x"], "--mirror"),
      (
        ["pull", "nginx", "--runtime", "oci:/tmp/x", "--ca-file", "/etc/hostname"],
        "/etc/hostname holds no certificates"
      ),
      (["pull", "--from-file", "-"], "no image"),
      (["nosuch"], "nosuch"),
      (["pull", "nginx", "--nosuch"], "--nosuch"),
    ])
  func usage(arguments: [String], message: String) async throws {
    let run = try await PrepullProgram.run(arguments)
    #expect(run.exitCode == 2, "\(run)")
    #expect(run.errors.contains(message), "\(run)")
    #expect(run.output.isEmpty)
  }

  @Test func aSocketThatIsNotThere() async throws {
    for runtime in ["cri:///nosuch/c.sock", "docker:///nosuch/d.sock"] {
      let run = try await PrepullProgram.run(["pull", "--runtime", runtime, "nginx:1"])
      #expect(run.exitCode == 1)
      #expect(run.errors.contains(runtime))
      #expect(run.errors.split(separator: "\n").count <= 2, "one clear line: \(run.errors)")
    }
  }

  @Test(
    "A signal leaves nothing half-made",
    arguments: [(SIGINT, 130), (SIGTERM, 143), (SIGHUP, 129)] as [(Int32, Int32)])
  func interrupted(signal: Int32, exitCode: Int32) async throws {
    try await withEmbeddedRegistry { registry in
      try await withTemporaryFolder { folder in
        let image = try SampleImage(layers: [2_000_000])
        let reference = registry.add(image)
        let layer = image.variants[0].layers[0].descriptor
        registry.inject(.stall(after: 1_000_000)) { $0.path.hasSuffix(layer.digest.description) }
        let run = try await PrepullProgram.run(
          ["pull", "--runtime", "oci:\(folder)/layout", reference.description], signal: signal,
          when: { Self.bytes(in: folder + "/layout") >= 900_000 })
        #expect(run.exitCode == exitCode, "\(run)")
        #expect(run.output.contains("stopped"))
        #expect(Self.bytes(in: folder + "/layout") < 900_000, "the partial layer is gone")
        registry.clearFaults()
        let again = try await PrepullProgram.run(["pull", "--runtime", "oci:\(folder)/layout", reference.description])
        #expect(again.exitCode == 0)
      }
    }
  }

  @Test func aKilledPullIsResumed() async throws {
    try await withEmbeddedRegistry { registry in
      try await withTemporaryFolder { folder in
        let image = try SampleImage(layers: [4_000_000])
        let reference = registry.add(image)
        let layer = image.variants[0].layers[0].descriptor
        registry.inject(.stall(after: 3_000_000)) { $0.path.hasSuffix(layer.digest.description) }
        let arguments = ["pull", "--runtime", "oci:\(folder)/layout", "-o", "json", reference.description]
        let killed = try await PrepullProgram.run(
          arguments, signal: SIGKILL, when: { Self.bytes(in: folder + "/layout") >= 1_500_000 })
        #expect(killed.exitCode == 128 + SIGKILL)
        registry.clearFaults()
        registry.clearRequests()
        let report = try Report(try await PrepullProgram.run(arguments))
        #expect(report.ok)
        let ranges = registry.requests.filter { $0.path.hasSuffix(layer.digest.description) }
          .compactMap { $0.headers["range"] }
        #expect(ranges.count == 1 && ranges[0] != "bytes=0-", "\(ranges)")
      }
    }
  }

  @Test func twoProcessesShareALayout() async throws {
    try await withEmbeddedRegistry { registry in
      try await withTemporaryFolder { folder in
        let references = try (1...4).map {
          registry.add(try SampleImage(seed: UInt64($0 % 2), layers: [300_000, 200_000]), to: "image-\($0)")
        }
        let arguments =
          ["pull", "--runtime", "oci:\(folder)", "-o", "json", "--parallelism", "4"] + references.map(\.description)
        async let left = PrepullProgram.run(arguments)
        async let right = PrepullProgram.run(arguments)
        let reports = [try Report(try await left), try Report(try await right)]
        #expect(reports.map(\.ok) == [true, true])
        let check = try Report(try await PrepullProgram.run(arguments))
        #expect(check.images.allSatisfy { $0.outcome == "alreadyThere" })
      }
    }
  }

  @Test func credentialsFromAFileAndNoSecretsInOutput() async throws {
    try await withEmbeddedRegistry { registry in
      try await withTemporaryFolder { folder in
        registry.require(.basic(username: "robot", password: "s3cret-word"))
        let reference = registry.add(try SampleImage())
        func auth(_ password: String) throws -> String {
          let encoded = Data("robot:\(password)".utf8).base64EncodedString()
          let path = "\(folder)/\(password).json"
          try Data(#"{"auths": {"\#(registry.host)": {"auth": "\#(encoded)"}}}"#.utf8).write(to: URL(filePath: path))
          return path
        }
        let arguments = ["pull", "--runtime", "oci:\(folder)/l", "-v", reference.description]
        let denied = try await PrepullProgram.run(arguments)
        #expect(denied.exitCode == 1)
        #expect(denied.output.contains("unauthorized"))
        let wrong = try await PrepullProgram.run(arguments + ["--auth-file", try auth("wr0ng-word")])
        #expect(wrong.exitCode == 1)
        let allowed = try await PrepullProgram.run(arguments + ["--auth-file", try auth("s3cret-word")])
        #expect(allowed.exitCode == 0, "\(allowed)")
        for run in [denied, wrong, allowed] {
          let text = run.output + run.errors
          #expect(!text.contains("s3cret-word") && !text.contains("wr0ng-word"))
          #expect(!text.contains(Data("robot:s3cret-word".utf8).base64EncodedString()))
        }
      }
    }
  }

  @Test func aTimeoutIsNamed() async throws {
    try await withEmbeddedRegistry { registry in
      try await withTemporaryFolder { folder in
        let reference = registry.add(try SampleImage())
        registry.inject(.hang) { $0.path.contains("/manifests/") }
        let run = try await PrepullProgram.run([
          "pull", "--runtime", "oci:\(folder)", "--image-timeout", "500ms", "-o", "json", reference.description,
        ])
        #expect(run.exitCode == 1)
        #expect(try Report(run).images[0].error?.code == "timedOut")
      }
    }
  }

  @Test(arguments: ContainerdRelease.all)
  func warmsARealContainerd(_ release: ContainerdRelease) async throws {
    try await withRealRegistry { registry in
      let reference = try await registry.push(try SampleImage(layers: [500_000, 10]))
      try await withContainerd(ContainerdOptions(release: release)) { containerd in
        let run = try await PrepullProgram.run([
          "pull", "--runtime", containerd.endpoint, "-o", "json", reference.description,
          "\(registry.host)/test/image:nosuch",
        ])
        let report = try Report(run)
        #expect(run.exitCode == 1)
        #expect(report.runtime.name == "containerd")
        #expect(report.images.map(\.outcome) == ["pulled", "failed"])
        #expect(report.images[1].error?.code == "notFound")
        let listed = try await containerd.ctr("images", "list", "--quiet")
        #expect(listed.contains(reference.description))
        let again = try Report(
          try await PrepullProgram.run([
            "pull", "--runtime", containerd.endpoint, "-o", "json", reference.description,
          ]))
        #expect(again.images.map(\.outcome) == ["alreadyThere"])
        let foreign = try await PrepullProgram.run([
          "pull", "--runtime", containerd.endpoint, "--platform", "linux/s390x", reference.description,
        ])
        #expect(foreign.exitCode == 2, "\(foreign)")
      }
    }
  }

  @Test func warmsARealDockerEngine() async throws {
    try await withRealRegistry { registry in
      let reference = try await registry.push(try SampleImage(layers: [500_000, 10], docker: true))
      try await withDockerd { dockerd in
        // As the origin does it: the socket is where the environment says.
        let run = try await PrepullProgram.run(
          ["pull", "-o", "json", reference.description], environment: ["DOCKER_HOST": "unix://\(dockerd.socket)"])
        let report = try Report(run)
        #expect(run.exitCode == 0, "\(run)")
        #expect(report.runtime.name == "docker")
        #expect(try await dockerd.docker("images", "--quiet", reference.description) != "")
      }
    }
  }

  @Test func anImageForAnotherPlatformIsNotWarm() async throws {
    try await withEmbeddedRegistry { registry in
      try await withTemporaryFolder { folder in
        let reference = registry.add(try SampleImage()).description
        let arguments = ["pull", "--runtime", "oci:\(folder)", "-o", "json", reference]
        #expect(try Report(try await PrepullProgram.run(arguments)).ok)
        for policy in ["IfNotPresent", "Always"] {
          let foreign = try await PrepullProgram.run(
            arguments + ["--platform", "linux/s390x", "--retries", "0", "--policy", policy])
          #expect(foreign.exitCode == 1)
          #expect(try Report(foreign).images[0].error?.code == "noPlatform")
        }
      }
    }
  }

  @Test func aLayoutForAnotherPlatform() async throws {
    try await withEmbeddedRegistry { registry in
      try await withTemporaryFolder { folder in
        let image = try SampleImage(platforms: [.host, Platform(parsing: "linux/s390x")])
        let run = try await PrepullProgram.run([
          "pull", "--runtime", "oci:\(folder)", "--platform", "linux/s390x", "-o", "json",
          registry.add(image).description,
        ])
        #expect(try Report(run).ok, "\(run)")
      }
    }
  }

  @Test func waitingForARegistryIsNoSilence() async throws {
    try await withEmbeddedRegistry { registry in
      try await withTemporaryFolder { folder in
        let reference = registry.add(try SampleImage())
        registry.inject(.status(503), times: 1) { $0.path.contains("/manifests/") }
        let run = try await PrepullProgram.run(["pull", "--runtime", "oci:\(folder)", reference.description])
        #expect(run.exitCode == 0, "\(run)")
        #expect(run.errors.contains("\(reference): try 1 of 6 failed: "), "\(run)")
      }
    }
  }

  @Test func aFolderThatCannotBe() async throws {
    try await withEmbeddedRegistry { registry in
      let run = try await PrepullProgram.run([
        "pull", "--runtime", "oci:/proc/nosuch/layout", "--retries", "0", registry.add(try SampleImage()).description,
      ])
      #expect(run.exitCode == 1, "\(run)")
      #expect(run.errors.contains("/proc/nosuch"))
    }
  }

  @Test func outputThatGetsLostIsAFailure() async throws {
    let error = await #expect(throws: DaemonError.self) {
      try await output(of: "sh", ["-c", "\(try PrepullProgram.path) render nginx > /dev/full"])
    }
    #expect(error?.description.contains("no space left") == true)
    await #expect(throws: DaemonError.self) {
      try await output(of: "sh", ["-c", "\(try PrepullProgram.path) --help > /dev/full"])
    }
    #expect(try await output(of: "sh", ["-c", "\(try PrepullProgram.path) render nginx | head -1"]).hasPrefix("#"))
  }

  @Test func versionAndHelp() async throws {
    let version = try await PrepullProgram.run(["--version"])
    #expect(version.exitCode == 0)
    #expect(version.output.split(separator: "\n").count == 1)
    for command in ["pull", "render"] {
      let help = try await PrepullProgram.run([command, "--help"])
      #expect(help.exitCode == 0)
      #expect(help.output.contains("Examples:"))
    }
  }

  /// The size of the largest file below a folder.
  private static func bytes(in folder: String) -> Int {
    let files = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
    return files.map { name in
      let attributes = try? FileManager.default.attributesOfItem(atPath: folder + "/" + name)
      return (attributes?[.type] as? FileAttributeType) == .typeRegular ? attributes?[.size] as? Int ?? 0 : 0
    }.max() ?? 0
  }
}
