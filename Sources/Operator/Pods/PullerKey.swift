import Warming

/// The labels and annotations of the operator's own objects, beside those of all that Prepull makes.
package enum PullerKey {
  /// A label: the uid of the Prepull that the object is made for.
  package static let prepull = "prepull.dev/prepull"
  /// An annotation of pods: the node's name, which may be too long for a label.
  package static let node = RunObjects.Key.node
  package static let nodeUID = "prepull.dev/node-uid"
  /// An annotation of pods: `Pull` or `Verify`.
  package static let purpose = "prepull.dev/purpose"
  /// An annotation of pods: the reference that each container was made for, as a JSON object by containers' names.
  package static let images = "prepull.dev/images"

  /// A finalizer of Prepulls.
  package static let cleanup = "prepull.dev/cleanup"
  /// A condition of nodes.
  package static let warm = "prepull.dev/Warm"
}
