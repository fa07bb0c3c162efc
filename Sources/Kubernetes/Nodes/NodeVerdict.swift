/// Whether a node is to be warm.
package enum NodeVerdict: Hashable, Sendable {
  case wanted
  /// It was chosen, but no pod of ours can run there, and why: an operating system, an architecture.
  case unsupported(String)
  case skipped(SkipReason)

  /// Why a node is left out.
  package enum SkipReason: Hashable, Sendable {
    case excluded, notNamed
    case lacks(NodeRequirement)
    /// No term of the workload's node affinity matches.
    case affinity
    case beingDeleted, cordoned, notReady
    /// A taint that nothing tolerates.
    case taint(NodeFacts.Taint)

    /// Whether the user asked for this node, so that leaving it out must be said.
    package var isWorthSaying: Bool {
      switch self {
      case .excluded, .notNamed, .lacks, .affinity: false
      case .beingDeleted, .cordoned, .notReady, .taint: true
      }
    }
  }
}

extension NodeVerdict.SkipReason: CustomStringConvertible {
  /// The end of a sentence about one node: "cordoned", "lacks pool=gpu".
  package var description: String { text(of: 1) }

  /// The same about several: "lack pool=gpu".
  package func text(of nodes: Int) -> String {
    switch self {
    case .excluded: "excluded"
    case .notNamed: "not named"
    case .lacks(let requirement): "\(nodes == 1 ? "lacks" : "lack") \(requirement)"
    case .affinity: "not matched by the node affinity"
    case .beingDeleted: "being deleted"
    case .cordoned: "cordoned"
    case .notReady: "not ready"
    case .taint(let taint): "tainted \(taint)"
    }
  }
}

extension NodeFacts.Taint: CustomStringConvertible {
  package var description: String { (value.isEmpty ? key : "\(key)=\(value)") + ":\(effect)" }
}

extension [NodeVerdict] {
  /// The verdicts counted, in one line, the most frequent first: `3 nodes: 2 cordoned, 1 lacks pool=gpu`.
  package var tally: String {
    var counts: [NodeVerdict: Int] = [:]
    for verdict in self {
      // Whatever the reason, these are counted as one.
      if case .unsupported = verdict {
        counts[.unsupported(""), default: 0] += 1
      } else {
        counts[verdict, default: 0] += 1
      }
    }
    let parts = counts.map { verdict, number in
      let text =
        switch verdict {
        case .wanted: "wanted"
        case .unsupported: "unsupported"
        case .skipped(let reason): reason.text(of: number)
        }
      return (number, text)
    }.sorted { ($1.0, $0.1) < ($0.0, $1.1) }.map { "\($0) \($1)" }
    return "\(count) node\(count == 1 ? "" : "s")" + (parts.isEmpty ? "" : ": " + parts.joined(separator: ", "))
  }
}
