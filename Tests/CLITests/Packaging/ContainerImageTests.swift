import CLI
import Commands
import Foundation
import ImageModel
import TestKit
import Testing
import VirtualCluster

@Suite("The container image of scripts/image", .timeLimit(.minutes(10)))
struct ContainerImageTests {
  @Test func holdsWhatPrepullNeedsAndNothingElse() async throws {
    let image = try await BuiltImage.shared.value
    let manifest = try image.manifest
    #expect(manifest.layers.map(\.mediaType) == [MediaType.ociLayerGzip])
    let lines = try await output(of: "tar", ["-tvzf", image.blob(manifest.layers[0].digest)])
    let files = lines.split(separator: "\n").map { $0.split(separator: " ", omittingEmptySubsequences: true) }
    #expect(files.allSatisfy { $0[1] == "0/0" && $0[3] == "1970-01-01" }, "everything is root's, and without a date")
    let listed = files.map { "\($0[0]) \($0[5...].joined(separator: " "))" }
    let isLibrary = { (line: String) in line.hasPrefix("-rw-r--r-- ./usr/lib/") && line.contains(".so") }
    let folders = listed.filter { $0.hasPrefix("drwxr-xr-x ") }
    #expect(folders.allSatisfy { folder in listed.contains { $0.contains(folder.dropFirst(11)) && $0 != folder } })
    let isZone = { (line: String) in line.hasPrefix("-rw-r--r-- ./usr/share/zoneinfo/") }
    #expect(listed.contains("-rw-r--r-- ./usr/share/zoneinfo/Europe/Berlin"))
    #expect(!listed.contains { $0.contains("zoneinfo/posix") || $0.contains("zoneinfo/right") })
    let loaders = listed.filter { $0.contains("/ld-linux") }
    #expect(loaders.count == 1 && loaders[0].hasPrefix("-rwxr-xr-x ./lib"))
    #expect(
      listed.filter { !isLibrary($0) && !isZone($0) && !folders.contains($0) && !loaders.contains($0) } == [
        "-rw-r--r-- ./etc/group",
        "-rw-r--r-- ./etc/nsswitch.conf",
        "-rw-r--r-- ./etc/passwd",
        "-rw-r--r-- ./etc/ssl/certs/ca-certificates.crt",
        "drwxrwxrwt ./tmp/",
        "-rwxr-xr-x ./usr/bin/prepulld",
      ])
    let needed = try await output(of: "ldd", [PrepullProgram.daemonPath]).split(separator: "\n")
      .filter { $0.contains(" => ") }.map { $0.split(whereSeparator: \.isWhitespace)[0] }
    let libraries = listed.filter(isLibrary).map { $0.split(separator: "/").last ?? "" }
    // ISA-L is loaded by the program itself.
    #expect(Set(libraries) == Set(needed).union(["libisal.so.2"]))
  }

  @Test func saysWhatItIs() async throws {
    let image = try await BuiltImage.shared.value
    let config = try JSONDecoder().decode(
      Configuration.self, from: Data(contentsOf: URL(filePath: image.blob(image.manifest.config.digest))))
    #expect(config.os == "linux" && config.architecture == Platform.host.architecture)
    #expect(config.config.User == "65532:65532")
    #expect(config.config.Entrypoint == ["/usr/bin/prepulld"])
    #expect(config.config.Env == ["PATH=/usr/bin"])
    #expect(config.config.Labels["org.opencontainers.image.version"] == Version.current)
    #expect(image.said.contains("digest  \(try image.descriptor.digest)\n"))
    let size = try image.manifest.layers[0].size + image.manifest.config.size + image.descriptor.size
    #expect(image.said.contains("size    \(size) bytes compressed\n"))
  }

  @Test func isTheSameWhenMadeAgain() async throws {
    let image = try await BuiltImage.shared.value
    try await withTemporaryFolder("image") { folder in
      // A copy of another date and folder, and another mask for new files.
      let copy = folder + "/copy"
      try await output(of: "cp", [image.binary, copy])
      let command = "umask 077; exec \(image.script) --binary \(copy) --output \(folder)/image"
      try await output(of: "bash", ["-c", command])
      #expect(try BuiltImage(folder: folder + "/image").descriptor == image.descriptor)
    }
  }

  @Test func refusesWhatIsNoPrepullOrNoLayout() async throws {
    let script = BuiltImage.script
    try await withTemporaryFolder("image") { folder in
      let precious = folder + "/precious"
      try Data("mine".utf8).write(to: URL(filePath: precious))
      await #expect {
        try await output(of: "bash", [script, "--binary", PrepullProgram.daemonPath, "--output", folder])
      } throws: {
        "\($0)".contains("\(folder) is there and is no OCI image layout")
      }
      await #expect {
        try await output(of: "bash", [script, "--binary", "/bin/ls", "--output", folder + "/image"])
      } throws: {
        "\($0)".contains("/bin/ls --version printed no version")
      }
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["precious"])
    }
  }

  @Test func containerdImportsAndRunsIt() async throws {
    let image = try await BuiltImage.shared.value
    try await withContainerd { containerd in
      let archive = containerd.folder("image.tar")
      try await output(of: "tar", ["-C", image.folder, "-cf", archive, "."])
      try await containerd.ctr("images", "import", archive)
      let name = "ghcr.io/prepull/prepull:\(Version.current)"
      #expect(try await containerd.run(name, ["prepulld", "--version"]) == "\(Version.current)\n")
      #expect(try await containerd.run(name, []).contains("USAGE: prepulld"))
    }
  }

  /// Pulled from a registry as any image is; then it pulls into a folder, by a host name that only its own
  /// `/etc/hosts` knows, and what it writes belongs to its own user.
  @Test func containerdPullsItAndItPulls() async throws {
    let image = try await BuiltImage.shared.value
    try await withRealRegistry { registry in
      let name = "\(registry.host)/prepull/prepull:\(Version.current)"
      try await output(
        of: "skopeo", ["copy", "--quiet", "--dest-tls-verify=false", "oci:\(image.folder)", "docker://\(name)"])
      let sample = try SampleImage()
      try await registry.push(sample, to: "shop/web")
      let port = registry.port
      try await withContainerd { containerd in
        try await containerd.ctr("images", "pull", "--plain-http", name)
        let host = "registry.of.the.test"
        try Data("127.0.0.1 \(host)\n".utf8).write(to: URL(filePath: containerd.folder("hosts")))
        let store = containerd.folder("store")
        try FileManager.default.createDirectory(
          atPath: store, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o777])
        // The permissions of a new folder are cut by the mask of this process.
        try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: store)
        try await containerd.run(
          name,
          [
            "prepulld", "pull", "--runtime", "oci:/store/images", "--plain-http", "\(host):\(port)",
            "\(host):\(port)/shop/web:v1",
          ],
          options: [
            // This machine's network; --net-host would bring this machine's /etc/hosts too.
            "--with-ns", "network:/proc/\(ProcessInfo.processInfo.processIdentifier)/ns/net",
            "--mount", "type=bind,src=\(containerd.folder("hosts")),dst=/etc/hosts,options=rbind:ro",
            "--mount", "type=bind,src=\(store),dst=/store,options=rbind:rw",
          ])
        let layer = sample.variants[0].layers[0].descriptor.digest
        let written = "\(store)/images/blobs/\(layer.algorithm)/\(layer.encoded)"
        let attributes = try FileManager.default.attributesOfItem(atPath: written)
        #expect(attributes[.ownerAccountID] as? Int == 65532)
        #expect(attributes[.groupOwnerAccountID] as? Int == 65532)
      }
    }
  }
}

/// The part of an image configuration that says how to run it.
private struct Configuration: Decodable {
  struct Process: Decodable {
    let User: String
    let Entrypoint: [String]
    let Env: [String]
    let Labels: [String: String]
  }
  let os: String
  let architecture: String
  let config: Process
}

/// The image, made once for all tests from the debug prepulld, beside the test bundle.
private struct BuiltImage: Sendable {
  let folder: String
  /// What the script printed.
  var said = ""
  var binary = ""

  static let script = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../scripts/image")
    .standardizedFileURL.path

  var script: String { Self.script }

  static let shared = Task {
    let products = URL(filePath: try PrepullProgram.daemonPath).deletingLastPathComponent().path
    var image = BuiltImage(folder: products + "/container-image")
    image.binary = products + "/prepulld-stripped"
    // Without its symbols, half of which would only cost time here.
    try await output(of: "strip", ["-o", image.binary, PrepullProgram.daemonPath])
    image.said = try await output(of: "bash", [script, "--binary", image.binary, "--output", image.folder])
    return image
  }

  init(folder: String) { self.folder = folder }

  /// Of the only image in the layout.
  var descriptor: Descriptor {
    get throws {
      let index = try JSONDecoder().decode(
        Index.self, from: Data(contentsOf: URL(filePath: folder + "/index.json")))
      return try #require(index.manifests.count == 1 ? index.manifests.first : nil)
    }
  }

  var manifest: Manifest {
    get throws {
      try JSONDecoder().decode(Manifest.self, from: Data(contentsOf: URL(filePath: blob(descriptor.digest))))
    }
  }

  func blob(_ digest: Digest) -> String { "\(folder)/blobs/\(digest.algorithm)/\(digest.encoded)" }
}

extension Containerd {
  /// Runs a container to its end and returns what it printed.
  @discardableResult
  fileprivate func run(_ image: String, _ command: [String], options: [String] = []) async throws -> String {
    // runc's own state lies outside containerd's; the folder keeps the tests of one machine apart.
    try await output(
      of: "ctr",
      ["--address", socket, "--namespace", "k8s.io", "run", "--rm", "--runc-root", folder("runc")] + options
        + [image, "test-\(UInt32.random(in: 0 ... .max))"] + command)
  }
}
