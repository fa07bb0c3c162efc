import ImageModel
import Runtimes

/// What a runtime holds, by the canonical form of references.
struct RuntimeHoldings: Sendable {
  private var byName: [String: RuntimeImage] = [:]

  init(_ images: [RuntimeImage]) {
    for image in images {
      for text in image.references {
        byName[(try? Reference(parsing: text))?.description ?? text] = image
      }
    }
  }

  /// Runtimes keep what was pulled by tag and digest under its digest only.
  func image(_ reference: Reference) -> RuntimeImage? {
    guard let digest = reference.digest else { return byName[reference.description] }
    return byName[reference.at(digest).description] ?? byName[reference.description]
  }
}

extension RuntimeImage {
  /// The digest to state: one of those that are wished where it is among them.
  func digest(among wished: [String]) -> String? {
    let own = digests.map(\.description)
    return own.first { wished.contains($0) } ?? own.first
  }

  /// References with a tag, in the canonical form.
  var tags: Set<String> {
    Set(references.compactMap { try? Reference(parsing: $0) }.filter { $0.digest == nil }.map(\.description))
  }
}
