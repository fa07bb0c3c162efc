package import ArgumentParser
import Kubernetes

/// The name of a Prepull as a person writes it where one is wanted: `prepull/shop`, `pp/shop`.
package enum PrepullName {
  /// kubectl's names of our kind.
  private static let kinds: Set = ["prepull", "prepulls", "pp", "prepull.prepull.dev", "prepulls.prepull.dev"]

  /// The name behind the kind; nil where the kind of a Prepull does not stand in front.
  package static func name(in text: String) throws(ValidationError) -> String? {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, kinds.contains(parts[0].lowercased()) else { return nil }
    if let problem = NamingRule.subdomain.problem(in: String(parts[1])) {
      throw ValidationError("the name '\(parts[1])' of the Prepull \(problem)")
    }
    return String(parts[1])
  }
}
