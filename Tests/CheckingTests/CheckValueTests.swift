@testable import Checking
import ImageModel
import Kubernetes
import Testing

@testable import Registry

@Suite("Values of a check", .timeLimit(.minutes(10)))
struct CheckValueTests {
  @Test(
    "Layers are distinguished by media type and annotations",
    arguments: [
      ("application/vnd.oci.image.layer.v1.tar", [:], LayerForm.Compression.none, []),
      ("application/vnd.oci.image.layer.v1.tar+gzip", [:], .gzip, []),
      ("application/vnd.docker.image.rootfs.diff.tar.gzip", [:], .gzip, []),
      ("application/vnd.oci.image.layer.v1.tar+zstd", [:], .zstd, []),
      ("application/vnd.docker.image.rootfs.diff.tar.zstd", [:], .zstd, []),
      (
        "application/vnd.oci.image.layer.v1.tar+gzip", ["containerd.io/snapshot/stargz/toc.digest": "sha256:1"], .gzip,
        [.eStargz]
      ),
      (
        "application/vnd.oci.image.layer.v1.tar+zstd",
        ["io.github.containers.zstd-chunked.manifest-checksum": "sha256:1"], .zstd, [.zstdChunked]
      ),
      ("application/vnd.oci.image.layer.nydus.blob.v1", [:], .unknown, [.nydus]),
      (
        "application/vnd.oci.image.layer.v1.tar+gzip", ["containerd.io/snapshot/nydus-bootstrap": "true"], .gzip,
        [.nydus]
      ),
      ("application/vnd.oci.image.layer.v1.tar+gzip+encrypted", [:], .gzip, [.encrypted]),
      ("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", [:], .gzip, [.foreign]),
      ("application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", [:], .gzip, [.foreign]),
      ("application/vnd.example.layer+lz4", [:], .unknown, []),
    ] as [(String, [String: String], LayerForm.Compression, [LayerForm.Trait])])
  func forms(
    _ type: String, _ annotations: [String: String], _ compression: LayerForm.Compression, _ traits: [LayerForm.Trait]
  ) {
    let form = LayerForm(CheckLab.layer(1, type: type, annotations: annotations))
    #expect(form.compression == compression)
    #expect(form.traits == Set(traits))
    #expect(form.isUnknown == type.contains("lz4"))
  }

  @Test("Unpacked sizes are known from archives, annotations and trailers, and guessed elsewhere")
  func unpacked() {
    func size(_ layer: Descriptor) -> UnpackedSize { UnpackedSize(of: layer, LayerForm(layer)) }
    #expect(size(CheckLab.layer(1, 1000, type: MediaType.ociLayer)) == UnpackedSize(bytes: 1000, isKnown: true))
    #expect(size(CheckLab.layer(1, 1000)) == UnpackedSize(bytes: 2500, isKnown: false))
    let stated = CheckLab.layer(1, 1000, annotations: ["io.containers.estargz.uncompressed-size": "4321"])
    #expect(size(stated) == UnpackedSize(bytes: 4321, isKnown: true))
    let nonsense = CheckLab.layer(1, 1000, annotations: ["io.containers.estargz.uncompressed-size": "-5"])
    #expect(!size(nonsense).isKnown)
    #expect(UnpackedSize(trailer: [0x10, 0x27, 0, 0], compressed: 4000) == UnpackedSize(bytes: 10_000, isKnown: true))
    // The last member of several, a file that may have passed 4 GiB, no whole trailer.
    #expect(UnpackedSize(trailer: [0x10, 0x27, 0, 0], compressed: 40_000) == nil)
    #expect(UnpackedSize(trailer: [0, 0, 0, 0xff], compressed: 600 << 20) == nil)
    #expect(UnpackedSize(trailer: [1, 2], compressed: 1) == nil)
    let sum = UnpackedSize(bytes: 1, isKnown: true) + UnpackedSize(bytes: 2, isKnown: false)
    #expect(sum == UnpackedSize(bytes: 3, isKnown: false))
    #expect(sum.shown == "~3 B")
  }

  @Test(
    "Quantities of storage",
    arguments: [
      ("101430960Ki", 103_865_303_040), ("95551679124", 95_551_679_124), ("100Gi", 107_374_182_400), ("1e3", 1000),
      ("1.5G", 1_500_000_000), ("0", 0), ("", nil), ("-1", nil), ("many", nil), ("9e99", nil),
    ] as [(String, Int64?)])
  func quantities(_ text: String, _ bytes: Int64?) { #expect(Int64(quantity: text) == bytes) }

  @Test(
    "Runtimes and what they take",
    arguments: [
      ("containerd://2.1.4", true, true), ("containerd://1.4.13", false, true), ("containerd://1.5.0-rc.1", true, true),
      ("docker://20.10.24", false, false), ("docker://23.0.1", true, false), ("cri-o://1.29.1", true, false),
    ])
  func runtimes(_ text: String, _ takesZstd: Bool, _ keepsPacked: Bool) throws {
    let release = try #require(RuntimeRelease(text))
    #expect(release.takesZstd == takesZstd)
    #expect(release.keepsPackedLayers == keepsPacked)
  }

  @Test("A text that names no runtime is none")
  func noRuntime() {
    #expect(RuntimeRelease("containerd") == nil)
    #expect(RuntimeRelease("containerd://latest") == nil)
  }

  @Test("Every code of the registry is a finding of the same name", arguments: RegistryError.Code.allCases)
  func registryCodes(_ code: RegistryError.Code) {
    let error = RegistryError(RegistryProblem(code, "why"), operation: "fetch", subject: "x")
    let failure = InspectionFailure(error)
    // Nothing here asks for a range beyond the end.
    #expect(failure.code.rawValue == (code == .rangeNotSatisfiable ? "fault" : code.rawValue))
    #expect(failure.code.level == .error)
    #expect(failure.detail == (code == .credentials ? "cannot fetch x: why" : "why"))
    #expect(!failure.remedy.isEmpty)
  }

  @Test("Every code has a title of its own")
  func titles() {
    #expect(Set(CheckCode.allCases.map(\.title)).count == CheckCode.allCases.count)
  }
}
