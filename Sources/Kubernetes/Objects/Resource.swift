/// An object that the Kubernetes API stores under a kind and a name.
///
/// The types of this folder hold only the fields that Prepull uses, in the order in which people write them.
/// `apiVersion` and `kind` are not among them: items of a list come without. `TypedResource` adds them.
package protocol Resource: Codable, Hashable, Sendable {
  /// `v1`, `apps/v1`: group and version.
  static var apiVersion: String { get }
  static var kind: String { get }
  /// The name in addresses and permissions: `pods`.
  static var plural: String { get }
  static var isNamespaced: Bool { get }
  var metadata: ObjectMeta { get set }
}

extension Resource {
  package static var isNamespaced: Bool { true }

  /// `apps` of `apps/v1`; empty for the core group.
  package static var group: String {
    apiVersion.contains("/") ? String(apiVersion.prefix { $0 != "/" }) : ""
  }
}

/// A resource as it is sent or printed: with `apiVersion` and `kind` ahead of its own fields.
package struct TypedResource: Encodable, Sendable {
  package let resource: any Resource

  package init(_ resource: any Resource) { self.resource = resource }

  private enum CodingKeys: CodingKey { case apiVersion, kind }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(type(of: resource).apiVersion, forKey: .apiVersion)
    try container.encode(type(of: resource).kind, forKey: .kind)
    try resource.encode(to: encoder)
  }
}

/// Several resources as one object, the `v1` List that kubectl reads and prints.
package struct ResourceList: Encodable, Sendable {
  package let apiVersion = "v1"
  package let kind = "List"
  package let items: [TypedResource]

  package init(_ resources: [any Resource]) { items = resources.map(TypedResource.init) }
}
