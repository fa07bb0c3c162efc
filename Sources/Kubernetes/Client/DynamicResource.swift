/// A kind of object that is known only at run time.
package struct DynamicResource: Hashable, Sendable {
  /// `v1`, `apps/v1`.
  package let apiVersion: String
  /// `deployments`.
  package let plural: String
  package let isNamespaced: Bool

  package init(apiVersion: String, plural: String, isNamespaced: Bool = true) {
    self.apiVersion = apiVersion
    self.plural = plural
    self.isNamespaced = isNamespaced
  }

  package init<R: Resource>(_ type: R.Type) {
    self.init(apiVersion: R.apiVersion, plural: R.plural, isNamespaced: R.isNamespaced)
  }

  /// Empty for the core group.
  package var group: String { apiVersion.contains("/") ? String(apiVersion.prefix { $0 != "/" }) : "" }

  package var version: String { apiVersion.split(separator: "/").last.map(String.init) ?? apiVersion }
}
