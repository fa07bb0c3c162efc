import ImageModel
import Testing

@Suite("Platforms", .timeLimit(.minutes(2)))
struct PlatformTests {
  private func entry(_ platform: String?, _ number: Int) -> Descriptor {
    Descriptor(
      mediaType: MediaType.ociManifest, digest: Digest(bytes: Array(repeating: UInt8(number), count: 32)), size: 1,
      platform: platform.map { text in
        let parts = text.split(separator: "/").map(String.init)
        return Platform(os: parts[0], architecture: parts[1], variant: parts.count > 2 ? parts[2] : nil)
      })
  }

  @Test(arguments: [
    ("linux/amd64", "linux/amd64"), ("amd64", "linux/amd64"), ("x86_64", "linux/amd64"),
    ("linux/x86_64", "linux/amd64"),
    ("aarch64", "linux/arm64"), ("linux/arm64/v8", "linux/arm64"), ("linux/arm", "linux/arm/v7"),
    ("linux/armhf", "linux/arm/v7"), ("linux/armel", "linux/arm/v6"), ("linux/arm/6", "linux/arm/v6"),
    ("linux/amd64/v1", "linux/amd64"), ("linux/amd64/v3", "linux/amd64/v3"), ("Linux/AMD64", "linux/amd64"),
    ("i686", "linux/386"), ("windows/amd64", "windows/amd64"),
  ])
  func normalises(text: String, canonical: String) throws {
    #expect(try Platform(parsing: text).description == canonical)
  }

  @Test(arguments: ["", "linux/", "/amd64", "a/b/c/d", "linux", "lin ux/amd64", "linux/amd64/"])
  func refuses(text: String) {
    #expect(throws: PlatformError.self) { try Platform(parsing: text) }
  }

  @Test(
    "The best manifest of an index, as containerd chooses it",
    arguments: [
      ("linux/arm64", ["linux/arm/v7", "linux/arm64"], 1),
      ("linux/arm64", ["linux/arm/v6", "linux/arm/v7"], 1),
      ("linux/arm64", ["linux/arm/v8", "linux/arm64/v8"], 1),
      ("linux/arm64", ["linux/amd64"], nil),
      ("linux/arm/v8", ["linux/arm/v7"], 0),
      ("linux/arm/v8", ["linux/arm/v5", "linux/arm/v6"], 1),
      ("linux/arm/v6", ["linux/arm/v7"], nil),
      ("linux/arm/v7", ["linux/arm64"], nil),
      ("linux/amd64", ["linux/amd64/v2", "linux/amd64"], 1),
      ("linux/amd64", ["linux/amd64/v2"], nil),
      ("linux/amd64/v3", ["linux/amd64", "linux/amd64/v2", "linux/amd64/v4"], 1),
      ("linux/amd64/v2", ["linux/amd64"], 0),
      ("linux/amd64", ["linux/386", "linux/arm64"], 0),
      ("linux/amd64", ["windows/amd64"], nil),
      ("linux/riscv64", ["linux/amd64", "linux/riscv64"], 1),
    ] as [(String, [String], Int?)])
  func best(host: String, entries: [String], expected: Int?) throws {
    let manifests = entries.enumerated().map { entry($1, $0) }
    let chosen = try Platform(parsing: host).best(in: manifests)
    #expect(chosen == expected.map { manifests[$0] })
  }

  @Test func anEntryWithoutPlatformIsTheLastChoice() throws {
    let host = try Platform(parsing: "linux/amd64")
    let manifests = [entry(nil, 0), entry("linux/amd64", 1)]
    #expect(host.best(in: manifests) == manifests[1])
    #expect(host.best(in: [manifests[0]]) == manifests[0])
  }

  @Test func windowsBuildsMustMatch() throws {
    var host = Platform(os: "windows", architecture: "amd64")
    host.osVersion = "10.0.20348.1"
    var image = entry("windows/amd64", 1)
    image.platform?.osVersion = "10.0.17763.9"
    #expect(host.best(in: [image]) == nil)
    image.platform?.osVersion = "10.0.20348.2700"
    #expect(host.best(in: [image]) == image)
  }

  @Test(
    "Of Windows builds the newest that runs there is taken; from 2022 on later ones run earlier ones",
    arguments: [
      ("10.0.17763", ["10.0.20348.1", "10.0.17763.2", "10.0.17763.9"], 2), ("10.0.17763", ["10.0.20348.1"], nil),
      ("10.0.20348", ["10.0.26100.1", "10.0.17763.9"], nil), ("10.0.26100", ["10.0.20348.1", "10.0.17763.9"], 0),
      ("10.0.26100", ["10.0.20348.9", "10.0.26100.1"], 1), ("10.0.20348", [nil, "10.0.20348.1"], 1),
      ("10.0.20348", [nil], 0), (nil, ["10.0.17763.9"], 0), ("11.0.30000", ["10.0.20348.1"], nil),
      ("10.0.20348", ["latest"], 0),
    ] as [(String?, [String?], Int?)])
  func windowsBuilds(host: String?, images: [String?], expected: Int?) {
    let manifests = images.enumerated().map { number, version in
      var image = entry("windows/amd64", number)
      image.platform?.osVersion = version
      return image
    }
    let platform = Platform(os: "windows", architecture: "amd64", osVersion: host)
    #expect(platform.best(in: manifests) == expected.map { manifests[$0] })
    #expect(manifests.contains { $0.platform.map(platform.runs) ?? false } == (expected != nil))
  }

  @Test func hostRunsItself() {
    #expect(Platform.host.runs(.host))
    #expect(!Platform.host.runs(Platform(os: "windows", architecture: "amd64")))
  }
}
