import Commands
import Kubernetes
import Terminal
import Warming

extension DeleteCommand {
  /// Removes what runs left that were killed before they could.
  ///
  /// - Parameter namespace: nil for all.
  /// - Returns: whether nothing is left that should go.
  func deleteLeftovers(_ leftovers: Leftovers, in namespace: String?) async throws -> Bool {
    let found = try await leftovers.find(in: namespace)
    if found.isEmpty {
      let place = namespace.map { "the namespace \($0)" } ?? "any namespace"
      try Console.standardOutput.writeAll("no run left anything in \(place)\n")
      return true
    }
    return try await delete(found, of: leftovers)
  }

  /// Removes these, but for runs that are alive.
  ///
  /// - Returns: whether nothing is left that should go. A run that was asked for by its name should.
  func delete(_ found: [Leftover], of leftovers: Leftovers) async throws -> Bool {
    var isClean = true
    for leftover in found {
      try Task.checkCancellation()
      let name = "\(leftover.name) in the namespace \(leftover.namespace)"
      guard leftover.isExpired || force else {
        try Console.standardOutput.writeAll(
          "kept \(name): its run is alive until \(leftover.expires) or longer; stop it with Ctrl-C where it was started, "
            + "or remove it all the same with --force\n")
        if self.name != nil { isClean = false }
        continue
      }
      if dryRun {
        try Console.standardOutput.writeAll("would remove \(name)\n")
        continue
      }
      switch await leftovers.remove(leftover) {
      case .complete: try Console.standardOutput.writeAll("removed \(name)\n")
      case .incomplete(let left, let reason, let remedy):
        isClean = false
        let what = FailureGroups.names(left, shown: 5)
        let console = Console.standardError
        console.write(
          lines: console.wrapped([
            "\(name): still there: \(what): \(VisibleText.sanitised(reason))", "  \(VisibleText.sanitised(remedy))",
          ]))
      }
    }
    return isClean
  }
}
