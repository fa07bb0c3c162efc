/// Which tags of a repository are wanted, and in which order. Pure.
package struct TagFilter: Hashable, Sendable {
  /// What is wrong with an expression or a range.
  package struct Fault: Error, Hashable, Sendable, CustomStringConvertible {
    /// `semver` or `regex`.
    package let field: String
    package let description: String
  }

  /// A tag that is wanted.
  struct Match: Hashable, Sendable {
    let tag: String
    /// Nil where the tag, or the group of the expression in it, is no version.
    let version: SemanticVersion?
  }

  private let range: VersionRange?
  private let pattern: TagPattern?
  /// Both as they were written, for comparing.
  package let text: String

  /// - Parameters:
  ///   - semver: a range; only tags that are versions in it.
  ///   - regex: only tags that match; of an expression with a group, the version is what the group matches.
  package init(semver: String?, regex: String?) throws(Fault) {
    do {
      range = try semver.map { text throws(VersionRange.Fault) in try VersionRange(parsing: text) }
    } catch {
      throw Fault(field: "semver", description: "'\(semver ?? "")' is no range of versions: \(error)")
    }
    do {
      pattern = try regex.map { text throws(TagPattern.Fault) in try TagPattern(parsing: text) }
    } catch {
      throw Fault(field: "regex", description: "'\(regex ?? "")' is no regular expression for tags: \(error)")
    }
    text = "\(semver ?? "")\n\(regex ?? "")"
  }

  /// Nil for a tag that is not wanted.
  func match(_ tag: String) -> Match? {
    var version = tag[...]
    if let pattern {
      guard let found = pattern.firstMatch(in: tag) else { return nil }
      if pattern.hasGroup { version = found }
    }
    let semantic = SemanticVersion(version)
    if let range {
      guard let semantic, range.contains(semantic) else { return nil }
    } else if pattern == nil, !(semantic?.prerelease.isEmpty ?? true) {
      // As in a range that names none: who asks for the newest wants a release.
      return nil
    }
    return Match(tag: tag, version: semantic)
  }

  /// The newest by version, the newest first; matches that are no version are left out.
  static func newest(_ count: Int, of matches: some Sequence<Match>) -> [Match] {
    let versions = matches.compactMap { match in match.version.map { (match, $0) } }
    return versions.sorted { ($1.1, $0.0.tag) < ($0.1, $1.0.tag) }.prefix(count).map(\.0)
  }
}
