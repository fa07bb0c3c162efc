import ArgumentParser
import Commands
import Foundation
import ImageSources
import Networking
import PrepullAPI

/// Options of `prepull images` that name a source, as `spec.sources` of a Prepull does.
struct SourceOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("Rank the images of the series that --query gives on this Prometheus.", valueName: "url"))
  var prometheus: String?

  @Option(help: ArgumentHelp("The same on this Loki.", valueName: "url"))
  var loki: String?

  @Option(
    help: ArgumentHelp(
      "The query: sum by (image_spec) (kube_pod_container_info). --top is 20 unless given.", valueName: "query"))
  var query: String?

  @Option(help: ArgumentHelp("For servers with several tenants: X-Scope-OrgID.", valueName: "name"))
  var tenant: String?

  @Option(
    help: ArgumentHelp(
      "Folder with the login for --prometheus and --loki, as a Secret is mounted: token, or username and password; and "
        + "perhaps ca.crt.", valueName: "folder"))
  var sourceSecret: String?

  @Option(help: ArgumentHelp("Show the newest tags of this repository.", valueName: "repository"))
  var tags: String?

  @Option(help: ArgumentHelp("Only tags that are versions in this range: '>=1.4 <2', '^1.2'.", valueName: "range"))
  var semver: String?

  @Option(
    help: ArgumentHelp(
      "Only tags that match; of an expression with a group, the version is what the group matches.",
      valueName: "expression"))
  var regex: String?

  @Option(
    help: ArgumentHelp(
      "Semver, or Created: when the images say they were made, among 100 tags at most. (default: Semver)",
      valueName: "order"))
  var order: String?

  @Option(
    parsing: .unconditional, help: ArgumentHelp("How many tags. (default: 1)", valueName: "n"),
    transform: WholeNumber.from(1, to: 1_000_000))
  var newest: Int?

  /// - Parameter others: options that were given and have no meaning with a source.
  func check(top: Int?, others: [String]) throws {
    let given = [("--prometheus", prometheus), ("--loki", loki), ("--tags", tags)].filter { $0.1 != nil }.map(\.0)
    let ofMetrics = [("--query", query), ("--tenant", tenant), ("--source-secret", sourceSecret)]
    let ofTags = [("--semver", semver), ("--regex", regex), ("--order", order), ("--newest", newest.map { "\($0)" })]
    guard let first = given.first else {
      if let (option, _) = (ofMetrics + ofTags).first(where: { $0.1 != nil }) {
        let needed = ofTags.contains { $0.0 == option } ? "--tags" : "--prometheus or --loki"
        throw ValidationError("\(option) needs \(needed)")
      }
      return
    }
    guard given.count == 1 else { throw ValidationError("\(given[0]) and \(given[1]): give one source at a time") }
    if let (option, _) = (first == "--tags" ? ofMetrics : ofTags).first(where: { $0.1 != nil }) {
      throw ValidationError("\(option) has no meaning with \(first)")
    }
    if first == "--tags", top != nil { throw ValidationError("--top has no meaning with --tags: give --newest") }
    if first != "--tags", query == nil { throw ValidationError("\(first) needs --query") }
    if let other = others.first { throw ValidationError("\(other) and \(first) contradict each other") }
    _ = try source(top: top)
  }

  /// The source as a Prepull writes it, and what it means; nil where none is named.
  func source(top: Int?) throws -> (written: Prepull.Source, meaning: PrepullSettings.Source)? {
    var source = Prepull.Source()
    if let tags {
      var written = Prepull.Source.Tags(repository: tags)
      (written.semver, written.regex, written.order, written.newest) = (semver, regex, order, newest)
      source.tags = written
    } else if let url = prometheus ?? loki {
      var written = Prepull.Source.Metrics(url: url, query: query ?? "")
      (written.top, written.tenant) = (top, tenant)
      if prometheus != nil { source.prometheus = written } else { source.loki = written }
    } else {
      return nil
    }
    do {
      return try PrepullSettings.sources([source]).first.map { (source, $0) }
    } catch {
      throw ValidationError("\(option(of: error.field)) \(error.problem)")
    }
  }

  /// What an option is called that a field of a spec stands for.
  private func option(of field: String) -> String {
    switch field.split(separator: ".").last {
    case "url": prometheus == nil ? "--loki" : "--prometheus"
    case "repository": "--tags"
    case let name?: "--\(name)"
    case nil: field
    }
  }

  /// The login that `--source-secret` names.
  func credential() throws -> SourceCredential {
    guard let sourceSecret else { return .none }
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: sourceSecret, isDirectory: &isFolder), isFolder.boolValue else {
      throw ValidationError("--source-secret '\(sourceSecret)' is no folder")
    }
    var data: [String: [UInt8]] = [:]
    for key in SourceCredential.keys {
      let file = URL(filePath: sourceSecret).appending(path: key)
      guard FileManager.default.fileExists(atPath: file.path) else { continue }
      do {
        data[key] = Array(try Data(contentsOf: file))
      } catch {
        throw ValidationError("cannot read \(file.path); check --source-secret")
      }
    }
    do {
      return try SourceCredential(data, voice: .commandLine)
    } catch {
      throw ValidationError("--source-secret '\(sourceSecret)': \(error)")
    }
  }

  /// What `--allow-source` names of an address.
  static func authority(of url: String) -> String {
    guard let address = try? SourceAddress(parsing: url) else { return url }
    return address.host.port == nil ? "\(address.host):\(address.port)" : "\(address.host)"
  }
}
