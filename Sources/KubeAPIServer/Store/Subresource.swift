/// A part of an object with an address of its own.
package enum Subresource: String, Sendable, Hashable {
  case status
  /// Of pods: sets the node; for the scheduler, not served.
  case binding
  /// Of pods: deletes them; budgets are not asked.
  case eviction
  /// Of namespaces: removes `spec.finalizers`.
  case finalize
  case scale
  /// Of service accounts: makes a token.
  case token
  /// Of pods. Not simulated: answers with nothing.
  case log
}
