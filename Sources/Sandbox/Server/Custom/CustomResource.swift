import Documents

/// What a CustomResourceDefinition says of its resource.
package struct CustomResource: Sendable {
  static let resource = ResourceName(group: "apiextensions.k8s.io", plural: "customresourcedefinitions")

  static let definitionsOfDefinitions = ResourceDefinition(
    "apiextensions.k8s.io", "v1", "CustomResourceDefinition", plural: "customresourcedefinitions",
    shortNames: ["crd", "crds"], categories: ["api-extensions"], isNamespaced: false, subresources: [.status],
    hasGeneration: true)

  static func register(_ state: inout Store.State) {}

  func admit(_ object: inout JSON, _ definition: ResourceDefinition) throws(StatusError) {}
}

extension CustomResource {
  func columns(_ version: String) -> [Table.Column] { [Table.age] }
  func openAPISchema(_ version: String) -> JSON? { nil }
}
