/// Who reads what is said of a source, as remedies name what its reader can change.
package enum SourceVoice: Hashable, Sendable {
  /// Of a Prepull's `spec.sources`.
  case prepull
  /// Of `prepull images`.
  case commandLine

  /// What names the server's address.
  func url(_ kind: MetricsSource.Kind) -> String {
    switch (self, kind) {
    case (.prepull, _): "url"
    case (.commandLine, .prometheus): "--prometheus"
    case (.commandLine, .loki): "--loki"
    }
  }

  var query: String { self == .prepull ? "the query" : "--query" }

  /// What holds a login.
  var login: String { self == .prepull ? "the Secret" : "the folder of --source-secret" }

  var missingLogin: String {
    self == .prepull ? "Name a Secret with a login in secretRef." : "Give a folder with a login: --source-secret."
  }

  var missingAuthority: String {
    self == .prepull
      ? "Put the authority's certificate into the Secret as ca.crt, or give it to the operator (--ca-file)."
      : "Put the authority's certificate into the folder of --source-secret as ca.crt, or give it with --ca-file."
  }
}
