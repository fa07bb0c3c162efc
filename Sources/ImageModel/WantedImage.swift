/// An image that a node is to hold.
package struct WantedImage: Hashable, Sendable {
  /// The reference as the user wrote it.
  package let given: String
  package let reference: Reference

  package init(given: String, reference: Reference) {
    self.given = given
    self.reference = reference
  }
}
