package import Documents

/// A change of a part of an object.
package enum Patch: Hashable, Sendable {
  /// RFC 7396: null removes, arrays are replaced whole.
  case merge(JSON)
  /// RFC 6902: a list of operations.
  case json([JSON])
  /// Kubernetes' own: like a merge, but lists with a merge key are merged by it. Not for custom resources.
  case strategic(JSON)

  var contentType: String {
    switch self {
    case .merge: "application/merge-patch+json"
    case .json: "application/json-patch+json"
    case .strategic: "application/strategic-merge-patch+json"
    }
  }

  var body: JSON {
    switch self {
    case .merge(let patch), .strategic(let patch): patch
    case .json(let operations): .array(operations)
    }
  }
}

/// What happens to the objects that a deleted object owns.
package enum Propagation: String, Hashable, Sendable {
  /// They go after it, deleted by the garbage collector.
  case background = "Background"
  /// They go before it.
  case foreground = "Foreground"
  /// They stay.
  case orphan = "Orphan"
}
