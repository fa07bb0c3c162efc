package import ImageModel

/// What a container's `imageID` says about the image that the node holds.
///
/// Runtimes differ: containerd states the repository and the digest of the index or manifest, CRI-O may state the
/// image's own ID, the digest of its configuration; cri-dockerd puts `docker-pullable://` or `docker://` before either.
package struct ImageIdentity: Hashable, Sendable {
  package let digest: Digest?
  /// As the runtime names it; nil when only a digest is told.
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

  /// Whether the node holds something else than what was resolved.
  ///
  /// Where the same content lies under several names, a runtime may state the digest of another of them; that one says
  /// nothing about ours.
  package func isStale(_ image: WantedImage, resolved: ImageResolution?) -> Bool {
    guard let digest, let resolved, let repository else { return false }
    if resolved.knownDigests.contains(digest) { return false }
    return (try? Reference(parsing: repository))?.name == image.reference.name
  }
}
