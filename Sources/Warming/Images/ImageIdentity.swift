package import ImageModel

/// What a container's `imageID` says about the image that the node holds.
///
/// Runtimes differ: containerd states the repository and the digest of the index or manifest, CRI-O may state the
/// image's own ID, the digest of its configuration; cri-dockerd puts `docker-pullable://` or `docker://` before either.
package struct ImageIdentity: Hashable, Sendable {
  package let digest: Digest?
  /// As the runtime names it; nil when only a digest is named.
  package let repository: String?

  /// Nil when there is no image yet.
  package init?(imageID: String?) {
    guard var text = imageID?[...], !text.isEmpty else { return nil }
    if let scheme = text.firstRange(of: "://") { text = text[scheme.upperBound...] }
    let at = text.lastIndex(of: "@")
    repository = at.map { String(text[..<$0]) }
    let last = at.map { text[text.index(after: $0)...] } ?? text
    digest = (try? Digest(parsing: last)) ?? (try? Digest(parsing: "sha256:\(last)"))
  }

  /// What the digest that a node states says about a reference.
  package enum Meaning: Hashable, Sendable {
    /// The runtime states no digest: the image is there, whichever it is.
    case unstated
    /// What was resolved or, where nothing was, whatever the registry gave; of a reference with a digest, that one.
    case wanted(Digest)
    /// Something else of the same repository.
    case other(Digest)
    /// Stated under another repository, or none. Where the same content lies under several names, a runtime may state
    /// the digest of another of them; that one says nothing about ours.
    case elsewhere(Digest)
  }

  /// - Parameters:
  ///   - image: the reference as the pod names it.
  ///   - resolved: what it stands for, where that is known.
  package func meaning(for image: String, resolved: ImageResolution?) -> Meaning {
    guard let digest else { return .unstated }
    // What is there under a digest is that.
    if image.contains("@"), let pinned = (try? Reference(parsing: image))?.digest { return .wanted(pinned) }
    if resolved?.knownDigests.contains(digest) ?? false { return .wanted(digest) }
    guard let repository, let name = (try? Reference(parsing: repository))?.name,
      let own = (try? Reference(parsing: image))?.name, own == name
    else { return .elsewhere(digest) }
    return resolved == nil ? .wanted(digest) : .other(digest)
  }
}
