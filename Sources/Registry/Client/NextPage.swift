#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Where the next page of a list is, by the header `Link`. Pure.
///
/// Source: RFC 8288 (5988 before), and the distribution specification, "Listing Tags".
package enum NextPage: Hashable, Sendable {
  /// This was the last one.
  case none
  /// With which query the same path is asked for it.
  case query(String)
  /// What is wrong with it, the end of a sentence about the registry.
  case broken(String)

  /// - Parameters:
  ///   - headers: the values of all headers `Link`.
  ///   - host: that was asked. A link that leads to another one is not followed; of one to this host only the query
  ///     counts, as registries behind proxies often name a wrong scheme or port.
  ///   - path: end of the paths that it may lead to.
  package init(_ headers: [String], host: String, path: String = "tags/list") {
    self = .none
    for header in headers {
      guard let target = Self.target(in: header) else { continue }
      switch target {
      case .success(let text): self = Self.page(at: text, host: host, path: path)
      case .failure(let fault): self = .broken(fault.what)
      }
      return
    }
  }

  private struct Fault: Error { let what: String }

  /// What the first link of the relation `next` is to; nil where there is none.
  private static func target(in header: String) -> Result<String, Fault>? {
    var rest = header[...]
    while let open = rest.firstIndex(of: "<") {
      guard let close = rest[open...].firstIndex(of: ">") else { return .failure(Fault(what: "sends half a Link")) }
      let target = rest[rest.index(after: open)..<close]
      let parameters = parameters(rest[rest.index(after: close)...])
      rest = parameters.rest
      if parameters.relations.contains("next") { return .success(String(target)) }
    }
    return header.lowercased().contains("next") ? .failure(Fault(what: "sends a Link that is none")) : nil
  }

  /// The relations among the parameters of one link, and what stands behind its comma.
  private static func parameters(_ text: Substring) -> (relations: [String], rest: Substring) {
    var (isQuoted, end) = (false, text.endIndex)
    for index in text.indices {
      if text[index] == "\"" { isQuoted.toggle() }
      if text[index] == ",", !isQuoted {
        end = index
        break
      }
    }
    var relations: [String] = []
    for parameter in text[..<end].split(separator: ";") {
      let parts = parameter.split(separator: "=", maxSplits: 1).map { $0.filter { !$0.isWhitespace || $0 == " " } }
      guard parts.count == 2, parts[0].trimmed.lowercased() == "rel" else { continue }
      let value = parts[1].trimmed.filter { $0 != "\"" && $0 != "'" }
      relations += value.lowercased().split(separator: " ").map(String.init)
    }
    return (relations, text[end...].dropFirst())
  }

  private static func page(at target: String, host: String, path: String) -> NextPage {
    let parts = target.trimmed.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    var place = String(parts[0])
    let own = place.hasPrefix("//") ? "https:" + place : place
    if own.contains("://") {
      guard let url = URL(string: own), let other = url.host() else {
        return .broken("sends a Link that is no address")
      }
      guard other.lowercased() == host.lowercased() else { return .broken("sends a Link to another host, \(other)") }
      place = url.path(percentEncoded: true)
    }
    guard place.isEmpty || place.hasSuffix(path) else { return .broken("sends a Link to something else, \(place)") }
    guard parts.count == 2, !parts[1].isEmpty, parts[1].utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f && $0 != 0x23 }) else {
      return .broken("sends a Link without a query, which leads to the same page")
    }
    return .query(String(parts[1]))
  }
}

extension StringProtocol {
  fileprivate var trimmed: String {
    var text = self[...]
    while text.first?.isWhitespace ?? false { text = text.dropFirst() }
    while text.last?.isWhitespace ?? false { text = text.dropLast() }
    return String(text)
  }
}
