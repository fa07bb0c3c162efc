/// A ConfigMap.
package struct ConfigMap: Resource {
  package static let apiVersion = "v1"
  package static let kind = "ConfigMap"
  package static let plural = "configmaps"

  package var metadata: ObjectMeta
  package var data: StringMap?
  /// Files by name, each in base64.
  package var binaryData: StringMap?

  package init(metadata: ObjectMeta, binaryData: StringMap? = nil) {
    self.metadata = metadata
    self.binaryData = binaryData
  }
}
