import Kubernetes

/// A node, of which only that is read what the operator needs: a cluster may have thousands.
struct NodeSketch: Resource {
  static let apiVersion = Node.apiVersion
  static let kind = Node.kind
  static let plural = Node.plural
  static let isNamespaced = false

  struct Spec: Codable, Hashable, Sendable {
    var unschedulable: Bool?
    var taints: [Taint]?
  }

  struct Status: Codable, Hashable, Sendable {
    struct Info: Codable, Hashable, Sendable {
      var architecture: String?
      var operatingSystem: String?
      /// Another one after each boot.
      var bootID: String?
    }

    var conditions: [Condition]?
    var nodeInfo: Info?
    var images: ListedImages?
  }

  var metadata: ObjectMeta
  var spec: Spec?
  var status: Status?

  subscript(condition type: String) -> Condition? { status?.conditions?.first { $0.type == type } }
}

/// The images that a node says to have: at most 50 by default, the largest, so that nobody is missing for sure.
struct ListedImages: Codable, Hashable, Sendable {
  /// Images, not names.
  var count = 0
  /// Of all their names, each of which would be some 100 bytes.
  var names: Set<UInt64> = []
}

extension ListedImages {
  private struct Image: Decodable { let names: [String]? }

  init(from decoder: any Decoder) throws {
    var list = try decoder.unkeyedContainer()
    while !list.isAtEnd {
      count += 1
      for name in try list.decode(Image.self).names ?? [] { names.insert(ShortHash(name).value) }
    }
  }
}
