@testable import Checking
import Commands
import Documents
import ImageModel
import Registry
import Terminal
import Testing

@testable import CLI

@Suite("The screen of prepull check", .timeLimit(.minutes(10)))
struct CheckTableTests {
  private static let amd64 = Platform(os: "linux", architecture: "amd64")

  private static func image(_ name: String, size: Int64) throws -> CheckReport.Image {
    func descriptor(_ type: String, _ number: UInt8, _ size: Int64) -> Descriptor {
      Descriptor(mediaType: type, digest: Digest(bytes: Array(repeating: number, count: 32)), size: size)
    }
    let variant = InspectedImage.Variant(
      platform: amd64, descriptor: descriptor(MediaType.ociManifest, 1, 10),
      config: descriptor(MediaType.ociConfig, 2, 10),
      layers: [InspectedImage.Layer(descriptor(MediaType.ociLayerGzip, 3, size))])
    let inspected = InspectedImage(
      descriptor: descriptor(MediaType.ociManifest, 1, 10), platforms: [amd64], variants: [amd64: variant],
      created: "2026-01-02T03:04:05Z", attestations: 0,
      rateLimit: RateLimit(limit: 100, remaining: 7, window: .seconds(60)))
    return CheckReport.Image(
      subject: CheckSubject(given: name, reference: try Reference(parsing: name)), inspected: inspected)
  }

  private static func table() throws -> CheckTable {
    let names = ["shop/web:1", "registry.example.com/a/very/long/path/of/a/repository/with/a/long/name:2026-11-23"]
    var report = CheckReport(
      images: try names.map { try image($0, size: 70_000_000) }, platform: amd64, uniqueBytes: 70_000_020,
      registries: [
        CheckReport.RegistryFacts(
          name: "docker.io", rateLimit: RateLimit(limit: 100, remaining: 7, window: .seconds(60)), pulls: 0)
      ], survey: nil, wanted: [], needs: nil, findings: [])
    report.findings = [
      CheckFinding(
        .noPlatform, image: names[1], "has nothing for linux/arm64: it has images for linux/amd64 only",
        "Push the image for this platform too.",
        origins: [ImageOrigin(file: "deploy/web.yaml", line: 12, object: "deployment/web")]),
      CheckFinding(.noDigest, image: names[0], "is named by a tag alone, which may move", "Name it by its digest."),
      CheckFinding(.noDigest, image: names[1], "is named by a tag alone, which may move", "Name it by its digest."),
    ]
    return CheckTable(report: report, estimate: nil, thresholds: DiskThresholds())
  }

  @Test("It says what it knows, marks what it guesses, and tells what many have in common once")
  func wide() throws {
    let lines = try Self.table().lines(style: .plain)
    #expect(
      lines
        == [
          "IMAGE                                                                           DIGEST                "
            + "CREATED         SIZE   UNPACKED   SHARED   PLATFORMS   RESULT",
          "shop/web:1                                                                      sha256:010101010101   "
            + "2026-01-02   70.0 MB    ~175 MB        -   amd64       ok",
          "registry.example.com/a/very/long/path/of/a/repository/with/a/long/name:2026-11-23   sha256:010101010101   "
            + "2026-01-02   70.0 MB    ~175 MB        -   amd64       no platform",
          "", "Together   140 MB, 70.0 MB as they share layers (linux/amd64)",
          "Limit      docker.io: 7 of 100 pulls left in 1m00s", "",
          "error: registry.example.com/a/very/long/path/of/a/repository/with/a/long/name:2026-11-23 has nothing for "
            + "linux/arm64: it has images for linux/amd64 only",
          "  in deploy/web.yaml:12 (deployment/web)", "  Push the image for this platform too.",
          "note: 2 images: named by a tag without a digest, which may move: shop/web:1, "
            + "registry.example.com/a/very/long/path/of/a/repository/with/a/long/name:2026-11-23",
          "  Name it by its digest.", "1 of 2 images will fail",
        ].map { line in line.hasPrefix("IMAGE") || line.hasPrefix("shop/web:1 ") ? Self.fit(line) : line })
  }

  @Test("What is wrong with a registry is said once")
  func alike() throws {
    var table = try Self.table()
    let names = ["r.test/a:1", "r.test/b:1", "r.test/c:1", "r.test/d:1", "r.test/e:1"]
    table.report.findings = names.enumerated().map { number, name in
      CheckFinding(
        .noSuchHost, image: name, "cannot be pulled: no such host: \(number == 4 ? "s" : "r").test", "Check the name.",
        origins: [ImageOrigin(file: "all.yaml", line: number + 1)])
    }
    table.report.findings.append(CheckFinding(.noNodes, "no node is left", "Ask for others."))
    #expect(
      try #require(table.lines(style: .plain).split(separator: "").last).dropLast() == [
        "error: r.test/a:1, r.test/b:1, r.test/c:1, r.test/d:1 cannot be pulled: no such host: r.test",
        "  in all.yaml:1, all.yaml:2, all.yaml:3, all.yaml:4", "  Check the name.",
        "error: r.test/e:1 cannot be pulled: no such host: s.test", "  in all.yaml:5", "  Check the name.",
        "error: no node is left", "  Ask for others.",
      ])
  }

  /// The first column is as wide as the longest name.
  private static func fit(_ line: String) -> String {
    let width = "registry.example.com/a/very/long/path/of/a/repository/with/a/long/name:2026-11-23".count
    let first = line.prefix { $0 != " " }
    let rest = line.dropFirst(first.count).drop { $0 == " " }
    return first + String(repeating: " ", count: width - first.count + 3) + rest
  }

  @Test("Only a name that cannot be broken is wider than the terminal", arguments: [60, 80, 120])
  func narrow(_ columns: Int) throws {
    for line in try Self.table().lines(style: .plain, columns: columns)
    where !line.contains("registry.example.com/a/very") {
      #expect(line.count <= columns, "\(line)")
    }
    for line in try Self.table().lines(style: .colour, columns: columns).prefix(3) {
      #expect(VisibleText.width(line) <= columns, "\(line)")
    }
  }

  @Test("A short measurement says how short it was", arguments: [(500_000, " on 500 kB only"), (8_000_000, "")])
  func measured(_ bytes: Int64, _ words: String) {
    let estimate = CheckEstimate(
      model: PullModel(nodeBandwidth: 1_000_000), source: .measured, measuredBytes: bytes, isUnpackingAssumed: false,
      nodes: 1, images: 1, uncounted: 0, times: [], limits: [])
    #expect(estimate.assumptions == "1.00 MB/s to each node (measured\(words))")
    #expect(estimate.remark?.contains("--unpack-bandwidth") == false)
  }

  @Test("What a probe does not know is assumed, and said to be")
  func assumedUnpacking() {
    let model = PullModel(nodeBandwidth: 1_000_000_000, unpackBandwidth: 100_000_000)
    let estimate = CheckEstimate(
      model: model, source: .measured, measuredBytes: 64_000_000, isUnpackingAssumed: true, nodes: 1, images: 1,
      uncounted: 0, times: [], limits: [])
    #expect(estimate.assumptions == "1.00 GB/s to each node (measured), unpacking 100 MB/s (assumed)")
    #expect(estimate.remark?.contains("that they unpack 100 MB/s is assumed, and --unpack-bandwidth says it") == true)
    #expect(estimate.json["unpackBandwidthSource"] == "assumed")
  }

  @Test("XML holds no character that it must not hold")
  func xml() {
    #expect(JUnitReport.escaped("a<b>&\"c\u{1}\u{1B}[31m\u{FFFE}\né") == "a&lt;b&gt;&amp;&quot;c  [31m \né")
  }

  @Test(
    "Bandwidths in bytes and in bits",
    arguments: [("1Gbit", 125_000_000), ("100Mbit/s", 12_500_000), ("125MB/s", 125_000_000), ("8bit", 1)])
  func rates(_ text: String, _ bytes: Int64) { #expect(ByteRate(argument: text)?.bytes == bytes) }
}
