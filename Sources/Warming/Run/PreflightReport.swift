package import Kubernetes
package import ImageModel

/// What could be learnt before the cluster is touched.
package struct PreflightReport: Sendable {
  /// Something to correct, or to know.
  package struct Problem: Hashable, Sendable, CustomStringConvertible {
    /// A stable code: `forbidden`, `noNodes`, `podSecurity`, …
    package var code: String
    package var detail: String
    package var remedy: String

    package init(code: String, detail: String, remedy: String) {
      self.code = code
      self.detail = detail
      self.remedy = remedy
    }

    /// Two lines: what is the matter, and what to do next.
    package var description: String { "\(detail)\n\(remedy)" }
  }

  package struct Image: Sendable {
    package var image: WantedImage
    /// Nil when the registry could not be asked from here, or has no such image.
    package var resolution: ImageResolution?
    /// Why there is no resolution.
    package var problem: WarmFailure?
    /// Whether the registry itself said no, so that nodes will hear the same.
    package var isRefused: Bool

    /// Whether its registry did not answer, so that nodes may wait long for it too.
    package var isSilent: Bool {
      resolution == nil && ["noSuchHost", "unreachable", "refused", "timedOut"].contains(problem?.code ?? "")
    }
  }

  package struct Node: Sendable {
    package var facts: NodeFacts
    package var verdict: NodeVerdict
    /// Indices of the images that have nothing for this node's platform.
    package var unsupportedImages: Set<Int>
  }

  /// A permission that the run needs and that the asker lacks.
  package struct Permission: Hashable, Sendable, CustomStringConvertible {
    package var verb: String
    package var resource: String
    package var group: String
    package var namespace: String?
    /// What goes on without it: progress, the check itself; nil when nothing does.
    package var without: String?

    /// `create pods in namespace web`.
    package var description: String {
      "\(verb) \(resource)" + (group.isEmpty ? "" : ".\(group)") + (namespace.map { " in namespace \($0)" } ?? "")
    }
  }

  package var images: [Image]
  package var nodes: [Node]
  package var missingPermissions: [Permission]
  /// What earlier runs left in the namespace; the run removes it first.
  package var leftovers: [Leftover]
  /// Each of these makes the run pointless or impossible.
  package var blockers: [Problem]
  /// Each of these is worth knowing.
  package var remarks: [Problem]

  /// Indices of the images that no wanted node can get: the run does the others, and ends with exit code 1.
  package var impossibleImages: [Int] {
    let wanted = nodes.filter { $0.verdict == .wanted }
    return images.indices.filter { index in
      images[index].isRefused || (!wanted.isEmpty && wanted.allSatisfy { $0.unsupportedImages.contains(index) })
    }
  }

  /// The nodes that are to be warm, in the order in which they get their turn.
  package var wanted: [Node] {
    let byName = Dictionary(nodes.map { ($0.facts.name, $0) }) { _, last in last }
    return nodes.filter { $0.verdict == .wanted }.map(\.facts).inWarmingOrder.compactMap { byName[$0.name] }
  }

  /// Wanted nodes by machine: `amd64`, `windows-amd64`.
  package var machines: [String: Int] {
    Dictionary(grouping: nodes.filter { $0.verdict == .wanted }, by: \.facts.machine).mapValues(\.count)
  }
}

/// What a run left behind that ended without cleaning up.
package struct Leftover: Hashable, Sendable {
  package var namespace: String
  /// Of the run's ConfigMap, which owns all else.
  package var name: String
  /// What the run is called: `app.kubernetes.io/instance`.
  package var instance: String
  /// The run's own label.
  package var run: String
  /// Until when the run said to be alive, as it wrote it.
  package var expires: String
  package var isExpired: Bool
}
