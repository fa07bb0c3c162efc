import ArgumentParser

/// Names that only the kubeconfig or the cluster know.
enum NameKind: Hashable, Sendable {
  // Of the kubeconfig.
  case context, cluster, user
  // Of the cluster.
  case namespace, node, workload, prepull
  /// What `run --keep` left there, and Prepulls.
  case kept

  /// - Parameter names: those of the option that takes the name.
  init?(option names: [String]) {
    for name in names {
      switch name {
      case "--context": self = .context
      case "--cluster": self = .cluster
      case "--user": self = .user
      case "--namespace": self = .namespace
      case "--node", "--exclude-node": self = .node
      case "--for": self = .workload
      case "--prepull": self = .prepull
      default: continue
      }
      return
    }
    return nil
  }
}

extension CompletionKind {
  /// Names of this kind, for the scripts that --generate-completion-script prints.
  static func names(_ kind: NameKind) -> CompletionKind {
    .custom { words, index, prefix in
      await NameSource(words: Array(words.prefix(max(0, index)))).names(kind, prefix: prefix)
    }
  }
}
