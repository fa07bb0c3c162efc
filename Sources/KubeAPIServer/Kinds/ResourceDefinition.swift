import Documents

/// A kind of object that the server stores, and its rules.
package struct ResourceDefinition: Sendable {
  package var name: ResourceName
  /// Served versions, the preferred (and stored) one first.
  package var versions: [String]
  package var kind: String
  package var singular: String
  package var shortNames: [String] = []
  package var categories: [String] = []
  package var isNamespaced = true
  package var subresources: Set<Subresource> = []
  /// Fields beyond name and namespace that field selectors may ask for.
  package var selectableFields: [String] = []
  /// Whether `metadata.generation` counts changes of what is not status.
  package var hasGeneration = false
  /// Whether an update may leave out the version that it was made from.
  var allowsBlindUpdates = true
  /// Whether names may hold dots; `nil` for no rule but that of a path segment.
  var nameRule: @Sendable (String) -> String? = NameRules.subdomainProblem
  /// Fills in what was left out. The object before it, for updates.
  var defaults: @Sendable (_ object: inout JSON, _ old: JSON?) -> Void = { _, _ in }
  /// What is wrong with an object; the object before it for updates.
  var validate: @Sendable (_ object: JSON, _ old: JSON?) -> [FieldProblem] = { _, _ in [] }
  /// Sets the status of new objects.
  var initialStatus: @Sendable (_ object: inout JSON) -> Void = { _ in }
  /// Keys by which lists are found quickly.
  var indexKeys: @Sendable (_ object: JSON) -> [String] = { _ in [] }
  /// For custom resources: schemas and printer columns.
  var custom: CustomResource?

  package init(
    _ group: String, _ version: String, _ kind: String, plural: String, singular: String? = nil,
    shortNames: [String] = [], categories: [String] = [], isNamespaced: Bool = true,
    subresources: Set<Subresource> = [], hasGeneration: Bool = false, selectableFields: [String] = []
  ) {
    name = ResourceName(group: group, plural: plural)
    versions = [version]
    self.kind = kind
    self.singular = singular ?? kind.lowercased()
    self.shortNames = shortNames
    self.categories = categories
    self.isNamespaced = isNamespaced
    self.subresources = subresources
    self.hasGeneration = hasGeneration
    self.selectableFields = selectableFields
  }

  package var apiVersion: String { apiVersion(versions.first ?? "v1") }

  /// Parts of the object that a write to this address does not reach (KEP-555's reset fields): nobody comes to own a
  /// field of them by such a write, and nobody loses one.
  func resetFields(_ subresource: String?) -> Set<String> {
    guard subresources.contains(.status) else { return [] }
    switch subresource {
    case nil: return ["status"]
    case "status": return custom == nil ? ["spec"] : ["metadata", "spec"]
    default: return []
    }
  }

  func apiVersion(_ version: String) -> String { name.group.isEmpty ? version : "\(name.group)/\(version)" }
}
