/// A secret. Its texts never show in logs or errors.
package struct Secret: Resource, CustomStringConvertible {
  package static let apiVersion = "v1"
  package static let kind = "Secret"
  package static let plural = "secrets"

  package var metadata: ObjectMeta
  package var type: String?
  /// Values in base64.
  package var data: StringMap?

  package init(metadata: ObjectMeta, type: String? = nil, data: StringMap? = nil) {
    self.metadata = metadata
    self.type = type
    self.data = data
  }

  package var description: String { "secret \(metadata.name ?? "")" }
}
