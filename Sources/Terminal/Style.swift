/// How output may look: with colours and symbols on a terminal, or as plain text in a log.
package enum Style: Sendable {
  case plain
  case colour

  /// The roles that text plays; each has one look everywhere.
  package enum Role: String, Sendable {
    case good = "32"
    case bad = "31"
    case warning = "33"
    case accent = "36"
    case faint = "2"
    case strong = "1"
  }

  package func paint(_ text: String, _ role: Role) -> String {
    self == .plain || text.isEmpty ? text : "\u{1B}[\(role.rawValue)m\(text)\u{1B}[0m"
  }

  /// The style for a stream, by the conventions of `NO_COLOR`, `CLICOLOR_FORCE` and `TERM=dumb`.
  package static func choose(isTerminal: Bool, environment: [String: String]) -> Style {
    if let value = environment["NO_COLOR"], !value.isEmpty { return .plain }
    if let value = environment["CLICOLOR_FORCE"], value != "0", !value.isEmpty { return .colour }
    return isTerminal && environment["TERM"] != "dumb" ? .colour : .plain
  }
}
