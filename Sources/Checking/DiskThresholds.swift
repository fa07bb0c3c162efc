/// When a kubelet removes images that no pod uses, in per cent of the disk that is in use.
///
/// Source: `imageGCHighThresholdPercent` and `imageGCLowThresholdPercent` of the kubelet's configuration.
package struct DiskThresholds: Hashable, Sendable {
  /// Above this it begins.
  package var high = 85
  /// Below this it ends.
  package var low = 80

  package init() {}

  /// What may be in use of a disk before garbage collection begins. Bytes.
  package func room(of capacity: Int64) -> Int64 { Int64(Double(capacity) * Double(high) / 100) }
}

/// What images do to the disk of a node, as far as can be known from outside.
package struct DiskNeed: Hashable, Sendable {
  /// What is sure to be needed, and what is likely to be. Bytes.
  package let least: Int64
  package let likely: UnpackedSize

  package init(_ need: NodeNeeds.Need, _ runtime: RuntimeRelease?) {
    // Where the runtime is not known, the one that needs less is meant.
    let packed = runtime?.keepsPackedLayers ?? false ? need.bytes : 0
    least = packed + need.leastUnpacked
    likely = UnpackedSize(bytes: packed + need.unpacked.bytes, isKnown: need.unpacked.isKnown)
  }
}
