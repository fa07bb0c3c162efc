import Engines

/// The labels and annotations of the operator's own objects, beside those of all that Prepull makes.
enum PullerKey {
  /// A label: the uid of the Prepull that the object is made for.
  static let prepull = "prepull.dev/prepull"
  /// An annotation of pods: the node's name, which may be too long for a label.
  static let node = RunObjects.Key.node
  static let nodeUID = "prepull.dev/node-uid"
  /// An annotation of pods: `Pull` or `Verify`.
  static let purpose = "prepull.dev/purpose"

  /// A finalizer of Prepulls.
  static let cleanup = "prepull.dev/cleanup"
  /// A condition of nodes.
  static let warm = "prepull.dev/Warm"
}
