import struct Crypto.SHA256
import Foundation
import ImageModel
import TestKit
import VirtualCluster

/// What containerd makes of layers: it pulls an image of them from a registry of the test.
struct ContainerdUnpacker {
  let containerd: Containerd
  let registry: EmbeddedRegistry

  /// The folders of its snapshots, lowest first.
  func image(_ layers: [PackedLayer], name: String) async throws -> [String] {
    let platform = Platform.host
    let diffs = layers.map { "\"\($0.diffID)\"" }.joined(separator: ",")
    // The comment makes each image one of its own.
    let config = SampleImage.Blob(
      Array(
        #"{"os":"\#(platform.os)","architecture":"\#(platform.architecture)","comment":"\#(name)","rootfs":{"type":"layers","diff_ids":[\#(diffs)]}}"#
          .utf8), mediaType: MediaType.ociConfig)
    let blobs = layers.map { SampleImage.Blob($0.bytes, mediaType: $0.mediaType) }
    for blob in [config] + blobs { registry.add(blob) }
    let entries = blobs.map { Self.entry($0.descriptor) }.joined(separator: ",")
    let manifest = SampleImage.Blob(
      Array(
        #"{"schemaVersion":2,"mediaType":"\#(MediaType.ociManifest)","config":\#(Self.entry(config.descriptor)),"layers":[\#(entries)]}"#
          .utf8), mediaType: MediaType.ociManifest)
    let reference = registry.add(manifest: manifest, to: "odd/layers", tag: name)
    try await containerd.ctr("images", "pull", "--plain-http", "\(reference)")
    var chain = layers[0].diffID
    var chains = [chain]
    for layer in layers.dropFirst() {
      chain = Digest(bytes: SHA256.hash(data: Array("\(chain) \(layer.diffID)".utf8)))
      chains.append(chain)
    }
    let key = "view-\(name)"
    // In one step: nothing holds the view, so it may be collected at once.
    let mount = try await containerd.ctr("snapshots", "view", "--target", "/mnt", key, chain.description)
    // One layer is a bind mount, more are the lower folders of an overlay, highest first.
    if let lower = mount.firstMatch(of: /lowerdir=([^,\s]+)/) {
      return lower.1.split(separator: ":").reversed().map { String($0) }
    }
    return mount.matches(of: /\S+\/fs\b/).prefix(1).map { String($0.output) }
  }

  private static func entry(_ descriptor: Descriptor) -> String {
    #"{"mediaType":"\#(descriptor.mediaType)","digest":"\#(descriptor.digest)","size":\#(descriptor.size)}"#
  }
}
