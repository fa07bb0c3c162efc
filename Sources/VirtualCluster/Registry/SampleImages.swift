import ImageModel

/// The images that a sandbox's registry serves from the start, all made on the spot.
package enum SampleImages {
  /// User and password of what is private.
  package static let username = "sample"
  package static let password = "sandbox"

  private static let both = [
    Platform(os: "linux", architecture: "amd64"), Platform(os: "linux", architecture: "arm64"),
  ]

  /// As the official images for several systems have it: Linux, Windows Server 2019 and 2022.
  private static let mixed =
    both
    + ["10.0.17763.5576", "10.0.20348.2340"].map { Platform(os: "windows", architecture: "amd64", osVersion: $0) }

  /// Repository, tag, sizes of the layers in bytes, platforms.
  private static let all: [(repository: String, tag: String, layers: [Int], platforms: [Platform])] = [
    ("sample/web", "1.27", [600_000, 300_000, 40_000], both),
    ("sample/web", "1.28", [600_000, 320_000, 41_000], both),
    ("sample/database", "16", [2_400_000, 900_000, 200_000, 5000], both),
    // As small as an image FROM scratch: no shell, nothing but one file.
    ("sample/scratch", "v1", [2000], both),
    ("sample/amd64-only", "v1", [150_000], [both[0]]),
    ("sample/private", "v1", [250_000, 10_000], both),
    ("sample/mixed", "v1", [120_000], mixed),
    ("sample/iis", "ltsc2022", [900_000, 30_000], [mixed[3]]),
    // Releases, for sources that go by tags.
    ("sample/app", "1.4.0", [400_000, 20_000], both),
    ("sample/app", "1.4.1", [400_000, 21_000], both),
    ("sample/app", "1.5.0", [400_000, 24_000], both),
    ("sample/app", "2.0.0-rc.1", [400_000, 30_000], both),
  ]

  /// Puts them into `registry`; returns their references.
  static func add(to registry: EmbeddedRegistry) throws -> [Reference] {
    registry.require(.basic(username: username, password: password), under: "sample/private")
    return try all.enumerated().map { number, image in
      // Versions of one repository share their first layer, as real ones do.
      let seed = UInt64(image.repository.utf8.reduce(7) { ($0 &* 31 &+ Int($1)) & 0xffff })
      return registry.add(
        try SampleImage(
          seed: seed, layers: image.layers, platforms: image.platforms, indexed: true,
          files: ["etc/sample": Array("\(image.repository):\(image.tag)\n".utf8)],
          created: "2026-01-\(number + 10)T00:00:00Z"),
        to: image.repository, tag: image.tag)
    }
  }

  /// Images whose containers run programs of this process; returns their references by the programs' names.
  static func add(programs: [String], to registry: EmbeddedRegistry) throws -> [String: String] {
    var references: [String: String] = [:]
    for (number, name) in programs.enumerated() {
      let text = "\(name) is run by the sandbox itself\n"
      let image = try SampleImage(
        seed: 9000 + UInt64(number), layers: [40_000], platforms: both, indexed: true,
        files: ["usr/local/bin/\(name)": Array(text.utf8)])
      references[name] = registry.add(image, to: name, tag: "sandbox").description
    }
    return references
  }
}
