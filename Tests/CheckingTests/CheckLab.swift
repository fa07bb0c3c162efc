@testable import Checking
import Kubernetes
import ImageModel
import Registry

/// Images and nodes made up for tests.
enum CheckLab {
  static let amd64 = Platform(os: "linux", architecture: "amd64")
  static let arm64 = Platform(os: "linux", architecture: "arm64")

  static func digest(_ number: Int) -> Digest { Digest(bytes: (0..<32).map { UInt8(truncatingIfNeeded: number + $0) }) }

  static func layer(
    _ number: Int, _ size: Int64 = 100, type: String = MediaType.ociLayerGzip, annotations: [String: String]? = nil
  ) -> Descriptor {
    Descriptor(mediaType: type, digest: digest(number), size: size, annotations: annotations)
  }

  /// - Parameter number: of its digests: the index has this, the manifest the next one.
  static func image(
    _ number: Int = 100, _ layers: [Descriptor] = [layer(1)], platforms: [Platform] = [amd64], limit: RateLimit? = nil
  ) -> InspectedImage {
    let descriptor = Descriptor(mediaType: MediaType.ociIndex, digest: digest(number), size: 10)
    let variants = platforms.enumerated().map { index, platform in
      (
        platform,
        InspectedImage.Variant(
          platform: platform, descriptor: layer(number + 1 + index, 10, type: MediaType.ociManifest),
          config: layer(number + 11 + index, 1, type: MediaType.ociConfig),
          layers: layers.map(InspectedImage.Layer.init))
      )
    }
    return InspectedImage(
      descriptor: descriptor, platforms: platforms, variants: Dictionary(variants) { one, _ in one }, attestations: 0,
      rateLimit: limit)
  }

  static func node(
    _ name: String, _ platform: Platform = amd64, runtime: String = "containerd://2.1.4", capacity: Int64? = 1 << 40,
    held: [NodeSurvey.Held] = []
  ) -> NodeSurvey.Node {
    var facts = NodeFacts(name: name, uid: name)
    (facts.os, facts.architecture) = (platform.os, platform.architecture)
    var node = NodeSurvey.Node(facts: facts, verdict: NodeChoice().verdict(for: facts))
    node.runtime = RuntimeRelease(runtime)
    node.capacity = capacity
    node.held = held
    return node
  }

  /// The codes of what is found of one image on nodes, with their levels.
  static func codes(
    _ outcome: ImageInspector.Outcome, _ nodes: [NodeSurvey.Node]? = nil, reference: String = "nginx@\(digest(100))",
    secrets: PullSecretSurvey = PullSecretSurvey(), configure: (inout CheckRequest) -> Void = { _ in }
  ) async throws -> [String] {
    try await findings(outcome, nodes, reference: reference, secrets: secrets, configure: configure)
      .map { "\($0.level) \($0.code)" }
  }

  static func findings(
    _ outcome: ImageInspector.Outcome, _ nodes: [NodeSurvey.Node]? = nil, reference: String = "nginx@\(digest(100))",
    secrets: PullSecretSurvey = PullSecretSurvey(), configure: (inout CheckRequest) -> Void = { _ in }
  ) async throws -> [CheckFinding] {
    let subject = CheckSubject(given: reference, reference: try Reference(parsing: reference))
    var request = CheckRequest(images: [subject])
    configure(&request)
    let inspected = try? outcome.get()
    let survey = nodes.map { nodes in
      var survey = NodeSurvey()
      survey.nodes = nodes
      return survey
    }
    let wanted = survey?.wanted ?? []
    let needs = NodeNeeds(of: wanted, images: [(subject.reference, inspected)])
    let pulls = needs.needs.count { !$0.missing.isEmpty }
    let report = CheckReport(
      images: [CheckReport.Image(subject: subject, inspected: inspected)], platform: amd64, uniqueBytes: 0,
      registries: [
        CheckReport.RegistryFacts(name: subject.reference.registry, rateLimit: inspected?.rateLimit, pulls: pulls)
      ], survey: survey, wanted: wanted, needs: nodes == nil ? nil : needs, findings: [])
    return try await CheckJudge(request: request, report: report, secrets: secrets).findings([outcome])
  }
}
