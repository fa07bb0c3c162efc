/// A kind of object as addresses and permissions name it: `daemonsets.apps`.
package struct ResourceName: Hashable, Sendable, CustomStringConvertible {
  /// Empty for the core group.
  package let group: String
  /// `pods`.
  package let plural: String

  package init(group: String = "", plural: String) {
    self.group = group
    self.plural = plural
  }

  package var description: String { group.isEmpty ? plural : "\(plural).\(group)" }
}
