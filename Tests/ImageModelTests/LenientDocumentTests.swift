import Documents
import ImageModel
import Testing

/// How runtimes read documents; `ContainerdJudgeTests` holds the same against a real one.
@Suite("Carelessly written documents", .timeLimit(.minutes(1)))
struct LenientDocumentTests {
  private static let hex = String(repeating: "ab", count: 32)
  private static let entry = #""mediaType":"\#(MediaType.ociManifest)","digest":"sha256:\#(hex)","size":7"#

  @Test("Null, empty text and absence are one thing")
  func absence() throws {
    let index = try Index(
      parsing: Array(
        #"""
        {"schemaVersion":null,"annotations":null,"manifests":[
          {\#(Self.entry),"urls":null,"annotations":{"a":null},"platform":null,"artifactType":""},
          {\#(Self.entry),"platform":{"os":null,"architecture":"amd64","variant":"","os.version":""}}]}
        """#.utf8))
    #expect(index.manifests.map(\.platform) == [nil, Platform(os: "", architecture: "amd64")])
    #expect(index.manifests[0].artifactType == nil)
    #expect(index.manifests[1].platform?.normalized.description == "linux/amd64")
    #expect(try Index(parsing: Array(#"{"manifests":null}"#.utf8)).manifests.isEmpty)
    let manifest = try Manifest(parsing: Array(#"{"config":{\#(Self.entry)},"layers":null}"#.utf8))
    #expect(manifest.layers.isEmpty)
    let config = try ImageConfig(parsing: Array(#"{"rootfs":{"diff_ids":null},"created":null}"#.utf8))
    #expect(config.rootfs.diffIDs.isEmpty)
    #expect(!config.platform.isKnown)
  }

  @Test("Keys match in any case, and of equal ones the last holds")
  func keys() throws {
    let text =
      #"{"Architecture":"arm64","OS":"linux","RootFS":{"Diff_IDs":["sha256:\#(Self.hex)"]},"variant":"v7","variant":"v8"}"#
    let config = try ImageConfig(parsing: Array(text.utf8))
    #expect(config.platform.description == "linux/arm64/v8")
    #expect(config.rootfs.diffIDs.count == 1)
  }

  @Test(
    "Of a configuration all is read that runtimes read",
    arguments: [
      (#"{"created":"2024-13-06T07:08:09Z"}"#, "'created' is no time of RFC 3339"),
      (#"{"created":"2023-02-29T07:08:09Z"}"#, "'created' is no time of RFC 3339"),
      (#"{"created":"2024-05-06T07:08:60Z"}"#, "'created' is no time of RFC 3339"),
      (#"{"created":"2024-05-06T07:08:09"}"#, "'created' is no time of RFC 3339"),
      (#"{"created":"2024-05-06t07:08:09z"}"#, "'created' is no time of RFC 3339"),
      (#"{"created":""}"#, "'created' is no time of RFC 3339"),
      (#"{"history":[{},{"created":""}]}"#, "'history[1].created' is no time of RFC 3339"),
      (#"{"history":[{"empty_layer":"true"}]}"#, "'history[0].empty_layer' is text instead of true or false"),
      (#"{"config":{"ExposedPorts":["80/tcp"]}}"#, "'config.ExposedPorts' is a list instead of an object"),
      (#"{"config":{"Volumes":{"/a":1}}}"#, "'config.Volumes./a' is a number instead of an object"),
      (#"{"config":{"ArgsEscaped":1}}"#, "'config.ArgsEscaped' is a number instead of true or false"),
    ])
  func configurations(_ text: String, _ said: String) {
    let fault = #expect(throws: DocumentFault.self) { try ImageConfig(parsing: Array(text.utf8)) }
    #expect(fault?.description == said)
  }

  @Test(
    "What runtimes read in a configuration is taken",
    arguments: [
      #"{"created":"2024-02-29T23:59:59.123456789+02:00"}"#, #"{"created":"0001-01-01T00:00:00Z"}"#,
      #"{"created":null,"history":null,"config":null}"#, #"{"history":[null,{"created":null,"empty_layer":true}]}"#,
      #"{"config":{"ExposedPorts":{"80/tcp":{}},"Volumes":{"/a":null},"ArgsEscaped":null,"Other":[1]}}"#,
    ])
  func goodConfigurations(_ text: String) throws {
    _ = try ImageConfig(parsing: Array(text.utf8))
  }

  @Test("Bytes that are not UTF-8 spoil no document")
  func bytes() throws {
    let text = Array(#"{"manifests":[],"annotations":{"a":"K"#.utf8) + [0xfc] + Array(#"hler"}}"#.utf8)
    #expect(try Index(parsing: text).annotations == ["a": "K\u{fffd}hler"])
  }

  @Test(
    "What is of another type is said in words of ours",
    arguments: [
      (#"{"manifests":[{"size":"7"}]}"#, "'manifests[0].size' is text instead of a whole number"),
      (#"{"manifests":[{"platform":"x"}]}"#, "'manifests[0].platform' is text instead of an object"),
      (#"{"annotations":{"a":1}}"#, "'annotations.a' is a number instead of text"),
      (#"{"manifests":{}}"#, "'manifests' is an object instead of a list"),
      ("[]", "it is a list instead of an object"), ("", "it is not JSON: unexpected end at byte 0"),
    ])
  func types(_ text: String, _ said: String) {
    let fault = #expect(throws: DocumentFault.self) { try Index(parsing: Array(text.utf8)) }
    #expect(fault?.description == said)
  }

  @Test("An entry that cannot be used is passed over, unless it is the one that is wanted")
  func unusable() throws {
    let broken = #"{"digest":"sha256:x","size":3,"platform":{"os":"linux","architecture":"arm64"}}"#
    let index = try Index(
      parsing: Array(
        #"{"manifests":[\#(broken),{\#(Self.entry),"platform":{"os":"linux","architecture":"amd64"}}]}"#.utf8))
    #expect(try Platform(parsing: "amd64").choice(in: index)?.size == 7)
    let fault = #expect(throws: DocumentFault.self) { try Platform(parsing: "arm64").choice(in: index) }
    #expect(fault?.description.contains("'manifests[0].digest'") == true)
    #expect(try Platform(parsing: "s390x").choice(in: index) == nil)
  }

  @Test("An entry of an unknown platform is no entry without one")
  func unknownPlatform() throws {
    let index = try Index(parsing: Array(#"{"manifests":[{\#(Self.entry),"platform":{}},{\#(Self.entry)}]}"#.utf8))
    #expect(try Platform(parsing: "amd64").choice(in: index) == index.manifests[1])
    #expect(index.images == [index.manifests[1]])
  }

  @Test("Names of platforms reach no terminal as they are")
  func platformText() throws {
    let json = #"{"os":"li\u001b[31mnux","architecture":"amd64\u202e"}"#
    #expect(try Platform(parsing: Array(json.utf8)).description == "li [31mnux/amd64")
  }

  @Test(
    "What is no image is recognised by its types",
    arguments: [
      (
        "application/vnd.cncf.helm.config.v1+json", "application/vnd.cncf.helm.chart.content.v1.tar+gzip",
        "a Helm chart"
      ),
      ("application/vnd.wasm.config.v0+json", "application/wasm", "a WebAssembly module"),
      (MediaType.ociConfig, "application/vnd.dev.cosign.simplesigning.v1+json", "a signature"),
      (MediaType.ociEmpty, "application/octet-stream", "an artifact"),
      (MediaType.ociConfig, "application/vnd.in-toto+json", "an attestation"),
      (MediaType.ociConfig, MediaType.ociLayerGzip, nil), (MediaType.dockerConfig, MediaType.dockerLayerGzip, nil),
      ("application/octet-stream", MediaType.ociLayer, nil), (MediaType.ociConfig, "", nil),
    ] as [(String, String, String?)])
  func artifacts(config: String, layer: String, kind: String?) throws {
    func descriptor(_ type: String) -> Descriptor {
      Descriptor(mediaType: type, digest: Digest(bytes: Array(repeating: 1, count: 32)), size: 1)
    }
    var manifest = Manifest(config: descriptor(config), layers: layer.isEmpty ? [] : [descriptor(layer)])
    #expect(manifest.artifactKind == kind)
    // Images may say what they are made for.
    manifest.artifactType = "application/vnd.example"
    #expect(manifest.artifactKind == kind)
  }
}
