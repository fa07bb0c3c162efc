#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The time zones of this machine: files of zoneinfo, each read once.
package struct ZoneFiles: Sendable {
  private let folder: String
  private var known: [String: ZoneRules] = [:]

  package init(folder: String = "/usr/share/zoneinfo") { self.folder = folder }

  /// - Parameter name: as `Europe/Berlin`.
  package mutating func rules(_ name: String) throws(ZoneError) -> ZoneRules {
    if ["UTC", "Etc/UTC"].contains(name) { return .utc }
    if let rules = known[name] { return rules }
    let isName =
      name.first?.isLetter == true && !name.contains("..") && !name.hasPrefix("posix/") && !name.hasPrefix("right/")
      && name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "/_+-".contains($0)) }
    guard isName, let data = FileManager.default.contents(atPath: "\(folder)/\(name)") else {
      throw ZoneError("there is no time zone '\(name)'; write for example Europe/Berlin")
    }
    do {
      let rules = try ZoneRules(name: name, file: Array(data))
      known[name] = rules
      return rules
    } catch {
      throw ZoneError("the time zone '\(name)' cannot be used: \(error)")
    }
  }
}
