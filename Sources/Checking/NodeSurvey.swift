import Warming
package import ImageModel
package import Kubernetes

/// What nodes say of themselves that counts for pulls, read page by page.
package struct NodeSurvey: Hashable, Sendable {
  /// What a node reports to hold under one repository.
  package struct Held: Hashable, Sendable {
    /// `docker.io/library/nginx`.
    package var repository: String
    package var tags: Set<String>
    package var digests: Set<Digest>

    package init(repository: String, tags: Set<String> = [], digests: Set<Digest> = []) {
      self.repository = repository
      self.tags = tags
      self.digests = digests
    }
  }

  package struct Node: Hashable, Sendable {
    package var facts: NodeFacts
    package var verdict: NodeVerdict
    package var runtime: RuntimeRelease?
    /// Of the file system that the kubelet keeps pods on, and images too where they have none of their own. Bytes.
    package var capacity: Int64?
    package var allocatable: Int64?
    package var hasDiskPressure = false
    /// Of the repositories that were asked about.
    package var held: [Held] = []
    /// Of all images that it reports, as its runtime counts: containerd compressed, CRI-O and Docker unpacked. Bytes.
    package var reportedBytes: Int64 = 0
    /// A kubelet reports the 50 largest images: of a node with as many, what is not reported may still be there.
    package var isListFull = false

    package init(facts: NodeFacts, verdict: NodeVerdict) {
      self.facts = facts
      self.verdict = verdict
    }
  }

  package var nodes: [Node] = []

  package init() {}

  /// Those that are to be warm, in the order in which they get their turn.
  package var wanted: [Node] {
    let byName = Dictionary(nodes.map { ($0.facts.name, $0) }) { _, last in last }
    return nodes.filter { $0.verdict == .wanted }.map(\.facts).inWarmingOrder.compactMap { byName[$0.name] }
  }

  /// - Parameter repositories: names of the repositories whose images are looked for (`docker.io/library/nginx`).
  /// - Throws: `APIError`.
  package static func read(
    _ client: KubernetesClient, choice: NodeChoice, repositories: Set<String>
  ) async throws -> NodeSurvey {
    var survey = NodeSurvey()
    var places: [String: Int] = [:]
    var reader = ImageNameReader(repositories: repositories)
    try await client.list(Kubernetes.Node.self, pageSize: 500) { page in
      for object in page {
        let facts = NodeFacts(object)
        var node = Node(facts: facts, verdict: choice.verdict(for: facts))
        node.take(object.status, &reader)
        // Pages may come again.
        if let place = places[facts.name] {
          survey.nodes[place] = node
        } else {
          places[facts.name] = survey.nodes.count
          survey.nodes.append(node)
        }
      }
    }
    return survey
  }

  /// The kubelet's `nodeStatusMaxImages`, by default.
  private static let mostReported = 50

  fileprivate static func isFull(_ count: Int) -> Bool { count >= mostReported }
}

extension NodeSurvey.Node {
  fileprivate mutating func take(_ status: Kubernetes.Node.Status?, _ reader: inout ImageNameReader) {
    runtime = status?.nodeInfo?.containerRuntimeVersion.flatMap(RuntimeRelease.init)
    capacity = status?.capacity?["ephemeral-storage"].flatMap(Int64.init(quantity:))
    allocatable = status?.allocatable?["ephemeral-storage"].flatMap(Int64.init(quantity:))
    hasDiskPressure = status?.conditions?.contains { $0.type == "DiskPressure" && $0.status == "True" } ?? false
    let images = status?.images ?? []
    isListFull = NodeSurvey.isFull(images.count)
    for image in images {
      reportedBytes += image.sizeBytes ?? 0
      held += reader.read(image.names ?? [])
    }
  }
}

/// Reads the names of images as nodes report them. Nodes of one cluster report the same ones over and over.
private struct ImageNameReader {
  let repositories: Set<String>
  private var known: [String: Reference?] = [:]

  init(repositories: Set<String>) { self.repositories = repositories }

  /// What one image's names say of the repositories that count.
  mutating func read(_ names: [String]) -> [NodeSurvey.Held] {
    var held: [String: NodeSurvey.Held] = [:]
    for name in names {
      guard let reference = reference(name) else { continue }
      var entry = held[reference.name] ?? NodeSurvey.Held(repository: reference.name)
      // A name with a digest alone has no tag, not the tag latest.
      if let digest = reference.digest { entry.digests.insert(digest) }
      if let tag = reference.tag { entry.tags.insert(tag) }
      held[reference.name] = entry
    }
    return held.values.sorted { $0.repository < $1.repository }
  }

  private mutating func reference(_ name: String) -> Reference? {
    if let found = known[name] { return found }
    let reference = (try? Reference(parsing: name)).flatMap { repositories.contains($0.name) ? $0 : nil }
    known[name] = .some(reference)
    return reference
  }
}

/// A container runtime and its release, as a node states them: `containerd://2.1.4`.
package struct RuntimeRelease: Hashable, Sendable, CustomStringConvertible {
  package let name: String
  package let major: Int
  package let minor: Int
  package let description: String

  package init?(_ text: String) {
    guard let mark = text.firstRange(of: "://") else { return nil }
    let numbers = text[mark.upperBound...].split(separator: ".", maxSplits: 2).map { part in
      Int(part.drop { $0 == "v" }.prefix { $0.isNumber })
    }
    guard numbers.count >= 2, let major = numbers[0], let minor = numbers[1] else { return nil }
    name = String(text[..<mark.lowerBound])
    self.major = major
    self.minor = minor
    description = "\(name) \(text[mark.upperBound...])"
  }

  /// Whether it unpacks zstd; releases of runtimes that are not known here are given the benefit of the doubt.
  ///
  /// Source: containerd's release notes of 1.5, Docker Engine's of 23.0.
  package var takesZstd: Bool {
    switch name {
    case "containerd": (major, minor) >= (1, 5)
    case "docker": major >= 23
    default: true
    }
  }

  /// Whether it keeps the layers as they came beside the unpacked ones: containerd does, by default.
  package var keepsPackedLayers: Bool { name == "containerd" }
}

extension Int64 {
  /// Bytes of a quantity as Kubernetes writes it: `101430960Ki`, `95551679124`, `100Gi`, `1e11`.
  package init?(quantity text: String) {
    let factors: [String: Double] = [
      "": 1, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "Ki": 1024, "Mi": 0x1p20, "Gi": 0x1p30,
      "Ti": 0x1p40, "Pi": 0x1p50,
    ]
    let digits = text.prefix { $0.isASCII && ($0.isNumber || $0 == "." || $0 == "-") }
    let number = factors[String(text.dropFirst(digits.count))].flatMap { factor in Double(digits).map { $0 * factor } }
    guard let bytes = number ?? Double(text), bytes >= 0, bytes < 0x1p62 else { return nil }
    self = Int64(bytes)
  }
}
