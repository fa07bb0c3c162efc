import Kubernetes
package import ImageModel
package import Registry

/// What could be learnt about images before anybody pulls them.
package struct CheckReport: Sendable {
  package struct Image: Sendable {
    package var subject: CheckSubject
    /// Nil when it could not be inspected; a finding says why.
    package var inspected: InspectedImage?
    /// Bytes of its layers, on the platform of most nodes, that another of the images has too.
    package var sharedBytes: Int64 = 0
    /// Names of the wanted nodes that it is meant for; nil: all.
    package var nodes: Set<String>?
    /// Names of those on which pods may land that run it.
    package var neededOn: Set<String> = []

    package init(subject: CheckSubject, inspected: InspectedImage?) {
      self.subject = subject
      self.inspected = inspected
    }
  }

  /// What is known of a registry's limit.
  package struct RegistryFacts: Hashable, Sendable {
    package var name: String
    /// As of the answer that left the fewest; nil where the registry tells none.
    package var rateLimit: RateLimit?
    /// Pulls that the nodes will ask it for: images that they lack, times nodes.
    package var pulls: Int
  }

  package var images: [Image]
  /// The platform that sizes are given for: that of most nodes, else the first that was asked for.
  package var platform: Platform
  /// Compressed bytes of all images on that platform, each layer once.
  package var uniqueBytes: Int64
  package var registries: [RegistryFacts]
  /// Nil without a cluster.
  package var survey: NodeSurvey?
  /// The nodes of `survey` that are to be warm, in the order of their turns.
  package var wanted: [NodeSurvey.Node]
  /// What each of `wanted` lacks.
  package var needs: NodeNeeds?
  /// Errors first, in the order of the images.
  package var findings: [CheckFinding]

  package var totalBytes: Int64 { images.compactMap { variant(of: $0)?.size }.reduce(0, +) }

  /// The image of the report's platform; where there is none, that of another.
  package func variant(of image: Image) -> InspectedImage.Variant? {
    guard let inspected = image.inspected else { return nil }
    return inspected.variants[platform]
      ?? inspected.variants.sorted { $0.key.description < $1.key.description }.first?.value
  }

  /// The wanted nodes that an image is meant for.
  package func nodes(of image: Image) -> [NodeSurvey.Node] {
    image.nodes.map { names in wanted.filter { names.contains($0.facts.name) } } ?? wanted
  }

  /// Images that could not be looked at, and are not in any sum.
  package var uncounted: Int { images.count { $0.inspected == nil } }

  /// The gravest finding about an image.
  package func level(of image: Image) -> CheckFinding.Level? {
    findings.filter { $0.image == image.subject.given }.map(\.level).max()
  }

  package func count(_ level: CheckFinding.Level) -> Int { findings.count { $0.level == level } }
}
