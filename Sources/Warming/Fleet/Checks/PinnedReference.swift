package import ImageModel

/// References that name the same repository by a digest, as the tag was written, so that the same
/// mirrors and short names apply.
package enum PinnedReference {
  /// `r.io/a:1` at a digest: `r.io/a@sha256:…`; nil for what names a digest already.
  package static func text(of reference: String, at digest: Digest) -> String? {
    repository(of: reference).map { "\($0)@\(digest)" }
  }

  /// The digest by which `text` names the repository of `reference`; nil when it does not.
  package static func digest(in text: String, of reference: String) -> Digest? {
    guard let repository = repository(of: reference), text.hasPrefix("\(repository)@") else { return nil }
    return try? Digest(parsing: String(text.dropFirst(repository.count + 1)))
  }

  /// What a reference says without its tag; nil when it names a digest.
  private static func repository(of reference: String) -> Substring? {
    guard !reference.contains("@") else { return nil }
    let name = reference.lastIndex(of: "/").map { reference[reference.index(after: $0)...] } ?? reference[...]
    return reference[..<(name.firstIndex(of: ":") ?? reference.endIndex)]
  }
}
