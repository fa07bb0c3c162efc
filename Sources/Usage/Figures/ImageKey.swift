import ImageModel

/// One name for an image, however those who use it write it.
///
/// `nginx` and `docker.io/library/nginx:latest` are one; of a reference with tag and digest the digest counts, as it
/// does for a node.
package struct ImageKey: Hashable, Sendable, Comparable {
  package let name: String

  package init(_ text: String) {
    guard let reference = try? Reference(parsing: text) else {
      name = text
      return
    }
    name = reference.digest.map { reference.at($0).description } ?? reference.description
  }

  package static func < (a: ImageKey, b: ImageKey) -> Bool { a.name < b.name }
}
