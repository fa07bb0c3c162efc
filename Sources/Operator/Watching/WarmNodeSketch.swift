import Kubernetes
import PrepullAPI

/// A WarmNode, of which only that is read which others write.
struct WarmNodeSketch: Resource {
  static let apiVersion = WarmNode.apiVersion
  static let kind = WarmNode.kind
  static let plural = WarmNode.plural
  static let isNamespaced = false

  struct Status: Codable, Hashable, Sendable {
    var agent: WarmNode.Agent?
  }

  var metadata: ObjectMeta
  var status: Status?
}
