import ArgumentParser
import Dispatch
import Synchronization

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
      case "--workload": self = .workload
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
    // Of options without a command of their own, the parser takes no asynchronous closures.
    .custom { words, index, prefix in
      let source = NameSource(words: Array(words.prefix(max(0, index))))
      let answer = Answer()
      Task.detached { answer.give(await source.names(kind, prefix: prefix)) }
      return answer.wait()
    }
  }

  /// Names that somebody waits for who cannot be suspended.
  private final class Answer: Sendable {
    private let names = Mutex<[String]>([])
    private let isGiven = DispatchSemaphore(value: 0)

    func give(_ names: [String]) {
      self.names.withLock { $0 = names }
      isGiven.signal()
    }

    func wait() -> [String] {
      isGiven.wait()
      return names.withLock { $0 }
    }
  }
}
