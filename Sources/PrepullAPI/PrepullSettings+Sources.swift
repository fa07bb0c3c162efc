package import ImageSources
import ImageModel
import Kubernetes

extension PrepullSettings {
  /// What names images, and how it is asked.
  package struct Source: Hashable, Sendable {
    package let source: ImageSource
    package let interval: Duration
    /// The name of a Secret in the Prepull's namespace; that of tags are the pull secrets.
    package let secret: String?
  }

  /// Within which limits sources are asked; `Schema.prepull` says the same.
  package enum SourceLimits {
    package static let interval = Duration.seconds(600)
    package static let least = Duration.seconds(30)
    package static let sources = 10
  }

  /// - Throws: `SpecError` that names the field below `spec.sources`.
  package static func sources(_ sources: [Prepull.Source]?) throws(SpecError) -> [Source] {
    var all: [Source] = []
    for (index, source) in (sources ?? []).enumerated() {
      let place = "spec.sources[\(index)]"
      let given = [source.prometheus != nil, source.loki != nil, source.tags != nil].count { $0 }
      guard given == 1 else { throw SpecError(place, "needs one of prometheus, loki and tags, and only one") }
      if let metrics = source.prometheus { all.append(try Self.source(.prometheus, metrics, "\(place).prometheus")) }
      if let metrics = source.loki { all.append(try Self.source(.loki, metrics, "\(place).loki")) }
      if let tags = source.tags { all.append(try Self.source(tags, "\(place).tags")) }
    }
    return all
  }

  private static func source(
    _ kind: MetricsSource.Kind, _ metrics: Prepull.Source.Metrics, _ place: String
  ) throws(SpecError) -> Source {
    let address: SourceAddress
    do throws(SourceAddress.Unusable) {
      address = try SourceAddress(parsing: metrics.url)
    } catch {
      // It may hold a password.
      throw SpecError("\(place).url", "\(error)")
    }
    guard metrics.query.contains(where: { !$0.isWhitespace }) else {
      throw SpecError("\(place).query", "is empty; write for example sum by (image_spec) (kube_pod_container_info)")
    }
    if let tenant = metrics.tenant, !tenant.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) {
      throw SpecError("\(place).tenant", "has characters that no header has")
    }
    let top = try count(metrics.top, "\(place).top", least: 1, most: MetricsSource.mostImages)
    let source = MetricsSource(
      kind: kind, address: address, query: metrics.query, top: top ?? MetricsSource.usualTop, tenant: metrics.tenant)
    return Source(
      source: .metrics(source), interval: try interval(metrics.interval, place), secret: metrics.secretRef?.name)
  }

  private static func source(_ tags: Prepull.Source.Tags, _ place: String) throws(SpecError) -> Source {
    let source = try TagSource(
      repository: tags.repository, semver: tags.semver, regex: tags.regex,
      order: choice(tags.order, or: .semver, "\(place).order"),
      newest: count(tags.newest, "\(place).newest", least: 1, most: TagSource.mostImages) ?? TagSource.usualNewest,
      at: place)
    return Source(source: .tags(source), interval: try interval(tags.interval, place), secret: nil)
  }

  private static func interval(_ text: String?, _ place: String) throws(SpecError) -> Duration {
    try duration(text, "\(place).interval", least: SourceLimits.least) ?? SourceLimits.interval
  }

  private static func count(
    _ number: Int?, _ field: String, least: Int, most: Int
  ) throws(SpecError) -> Int? {
    guard let number = try count(number, field, least: least) else { return nil }
    guard number <= most else { throw SpecError(field, "is \(number); write a number up to \(most)") }
    return number
  }
}

extension TagSource {
  /// - Parameter place: the path in front of the fields that are named in errors.
  /// - Throws: `SpecError` for what is no repository, range or expression.
  package init(
    repository: String, semver: String?, regex: String?, order: Order, newest: Int, at place: String
  ) throws(SpecError) {
    let reference: Reference
    do throws(ReferenceError) {
      reference = try Reference(parsing: repository)
    } catch {
      throw SpecError("\(place).repository", "'\(repository.prefix(120))' is no repository: \(error.reason)")
    }
    guard reference.digest == nil, reference.tag.map({ !repository.hasSuffix(":\($0)") }) ?? true else {
      throw SpecError("\(place).repository", "'\(repository)' names a tag or a digest; write the repository alone")
    }
    let filter: TagFilter
    do throws(TagFilter.Fault) {
      filter = try TagFilter(semver: semver, regex: regex)
    } catch {
      throw SpecError("\(place).\(error.field)", error.description)
    }
    self.init(repository: repository, filter: filter, order: order, newest: newest)
  }
}
