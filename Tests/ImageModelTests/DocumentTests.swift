import Foundation
import ImageModel
import Testing

@Suite("Documents of the OCI and Docker formats", .timeLimit(.minutes(2)))
struct DocumentTests {
  private let hex = String(repeating: "ab", count: 32)

  @Test func indexWithAttestation() throws {
    let json = """
      {"schemaVersion": 2, "mediaType": "\(MediaType.ociIndex)", "manifests": [
        {"mediaType": "\(MediaType.ociManifest)", "digest": "sha256:\(hex)", "size": 7,
         "platform": {"os": "linux", "architecture": "arm", "variant": "v7"}},
        {"mediaType": "\(MediaType.ociManifest)", "digest": "sha256:\(hex)", "size": 9,
         "platform": {"os": "unknown", "architecture": "unknown"},
         "annotations": {"vnd.docker.reference.type": "attestation-manifest"}}]}
      """
    let index = try JSONDecoder().decode(Index.self, from: Data(json.utf8))
    #expect(index.manifests.count == 2)
    #expect(index.images.count == 1)
    #expect(index.images[0].platform?.description == "linux/arm/v7")
  }

  @Test func manifestCountsSharedBlobsOnce() throws {
    let json = """
      {"schemaVersion": 2, "mediaType": "\(MediaType.dockerManifest)",
       "config": {"mediaType": "\(MediaType.dockerConfig)", "digest": "sha256:\(hex)", "size": 100},
       "layers": [
        {"mediaType": "\(MediaType.dockerLayerGzip)", "digest": "sha512:\(hex)\(hex)", "size": 1000},
        {"mediaType": "\(MediaType.dockerLayerGzip)", "digest": "sha512:\(hex)\(hex)", "size": 1000}]}
      """
    let manifest = try JSONDecoder().decode(Manifest.self, from: Data(json.utf8))
    #expect(manifest.layers.count == 2)
    #expect(manifest.blobs.count == 2)
    #expect(manifest.compressedSize == 1100)
  }

  @Test("Sizes that could not be added up are refused, and those of any disk are not")
  func sizes() throws {
    func manifest(_ size: Int64) throws -> Manifest {
      let blobs = ["a", "b", "c"].map { letter in
        #"{"mediaType":"x","digest":"sha256:\#(String(repeating: letter, count: 64))","size":\#(size)}"#
      }
      return try Manifest(parsing: Array(#"{"config":\#(blobs[0]),"layers":[\#(blobs[1]),\#(blobs[2])]}"#.utf8))
    }
    #expect(try manifest(1 << 48).compressedSize == 3 << 48)
    let fault = #expect(throws: DocumentFault.self) { try manifest(9_200_000_000_000_000_000) }
    #expect(fault?.description.contains("config.size' is 9200000000000000000") == true, "\(fault?.description ?? "")")
  }

  @Test func aBadDigestInADocumentIsNamed() {
    let json = #"{"mediaType": "x", "digest": "sha256:zz", "size": 1}"#
    let error = #expect(throws: DocumentFault.self) { try Descriptor(parsing: Array(json.utf8)) }
    #expect("\(error as Any)".contains("sha256:zz"))
  }

  @Test func configTellsItsPlatform() throws {
    let json = """
      {"architecture": "arm64", "os": "linux", "variant": "v8", "config": {"Env": []}, "created": "2026-01-01T00:00:00Z",
       "rootfs": {"type": "layers", "diff_ids": ["sha256:\(hex)"]}, "history": []}
      """
    let config = try JSONDecoder().decode(ImageConfig.self, from: Data(json.utf8))
    #expect(config.platform.normalized.description == "linux/arm64")
    #expect(config.rootfs.diffIDs.count == 1)
  }
}
