import ImageModel
package import Registry

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Finds the newest tags of a repository.
package struct TagFinder: Sendable {
  /// Tags whose images may be asked for the time at which they were made.
  package static let mostCreated = 100
  private static let atATime = 8

  private let registry: RegistryClient
  private let times: CreationTimes

  package init(registry: RegistryClient, times: CreationTimes) {
    self.registry = registry
    self.times = times
  }

  /// - Throws: `SourceError`, or `CancellationError`.
  package func find(_ source: TagSource) async throws -> SourceFinding {
    guard let repository = try? Reference(parsing: source.repository) else {
      throw SourceError(
        .noTags, "'\(source.repository)' is no repository", remedy: "Write it as pods do, without a tag.")
    }
    do {
      let tags = try await registry.tags(of: repository)
      let matches = tags.compactMap(source.filter.match)
      switch source.order {
      case .semver: return Self.byVersion(matches, of: source, all: tags.count)
      case .created: return try await byTime(matches, of: source, repository, all: tags.count)
      }
    } catch let error as RegistryError {
      throw SourceError(
        error.code == .notFound ? .noTags : .registry, error.detail, remedy: Self.sentence(error.remedy),
        retryAfter: error.retryAfter)
    }
  }

  private static func byVersion(_ matches: [TagFilter.Match], of source: TagSource, all: Int) -> SourceFinding {
    let newest = TagFilter.newest(source.newest, of: matches)
    var finding = SourceFinding(
      images: newest.map { match in
        SourceFinding.Image(
          reference: "\(source.repository):\(match.tag)",
          figure: .version(match.version.map { "\($0)" } ?? match.tag))
      })
    if newest.isEmpty { finding.remarks = [Self.nothing(matches.count, all)] }
    return finding
  }

  private static func nothing(_ matches: Int, _ all: Int) -> String {
    matches == 0
      ? "of its \(all) tags none matches" : "of its \(all) tags \(matches) match, of which none is a version"
  }

  private func byTime(
    _ matches: [TagFilter.Match], of source: TagSource, _ repository: Reference, all: Int
  ) async throws -> SourceFinding {
    guard matches.count <= Self.mostCreated else {
      throw SourceError(
        .tooLarge,
        "\(matches.count) of its tags match, and the time of creation is looked up for \(Self.mostCreated) at most",
        remedy: "Narrow it by regex or semver, or order by Semver.")
    }
    var dated: [(tag: String, created: String, date: Date)] = []
    var without = 0
    for (tag, created) in try await created(matches.map(\.tag), repository) {
      if let created, let date = Self.date(created) {
        dated.append((tag, created, date))
      } else {
        without += 1
      }
    }
    dated.sort { ($1.date, $0.tag) < ($0.date, $1.tag) }
    var finding = SourceFinding(
      images: dated.prefix(source.newest).map { entry in
        SourceFinding.Image(reference: "\(source.repository):\(entry.tag)", figure: .created(entry.created))
      })
    if without > 0 { finding.remarks.append("\(without) of its images do not say when they were made") }
    if matches.isEmpty { finding.remarks.append(Self.nothing(0, all)) }
    return finding
  }

  private func created(_ tags: [String], _ repository: Reference) async throws -> [(tag: String, created: String?)] {
    try await withThrowingTaskGroup(of: (String, String?).self) { group in
      var rest = tags[...]
      func next() {
        guard let tag = rest.popFirst() else { return }
        let reference = Reference(
          registry: repository.registry, repository: repository.repository, tag: tag, digest: nil)
        group.addTask { (tag, try await times.time(of: reference, registry)) }
      }
      for _ in 0..<Self.atATime { next() }
      var found: [(tag: String, created: String?)] = []
      while let result = try await group.next() {
        found.append(result)
        next()
      }
      return found
    }
  }

  /// Images without a time have one from before containers, or none.
  private static func date(_ text: String) -> Date? {
    let plain = Date.ISO8601FormatStyle()
    let fraction = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
    guard let date = (try? plain.parse(text)) ?? (try? fraction.parse(text)) else { return nil }
    return date.timeIntervalSince1970 <= 0 ? nil : date
  }

  private static func sentence(_ text: String) -> String { text.replacing("\n", with: " ") }
}
