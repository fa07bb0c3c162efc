import Warming
import ImageModel
package import Kubernetes
package import Registry

/// Finds out all that can be known about images before they are pulled. It writes nothing anywhere.
package struct ImageCheck: Sendable {
  private let request: CheckRequest
  private let registry: RegistryClient
  private let secrets: PullSecretSurvey
  private let progress: @Sendable (ImageInspector.Progress) -> Void

  /// - Parameter progress: hears how far the registries' answers are.
  package init(
    _ request: CheckRequest, registry: RegistryClient, secrets: PullSecretSurvey = PullSecretSurvey(),
    progress: @escaping @Sendable (ImageInspector.Progress) -> Void = { _ in }
  ) {
    self.request = request
    self.registry = registry
    self.secrets = secrets
    self.progress = progress
  }

  /// - Parameter client: of the cluster whose nodes are meant; nil without one.
  /// - Throws: `CancellationError` only; a cluster that does not answer is a finding.
  package func run(client: KubernetesClient?) async throws -> CheckReport {
    var findings = request.findings + secrets.findings
    var survey: NodeSurvey?
    if let client {
      do {
        let repositories = Set(request.images.map(\.reference.name))
        var read = try await NodeSurvey.read(client, choice: request.nodes, repositories: repositories)
        request.choose(in: &read)
        survey = read
      } catch let error as APIError {
        findings.append(
          CheckFinding(
            .clusterUnreachable, level: request.needsCluster ? .error : .warning,
            "the nodes could not be asked for: \(error.attempted)", error.remedy))
      }
    }
    let wanted = survey?.wanted ?? []
    let platforms = platforms(of: wanted)
    let inspector = ImageInspector(registry: registry, platforms: platforms, isExact: request.isExact)
    let outcomes = try await inspector.inspect(request.images.map(\.reference), report: progress)
    let inspected = zip(request.images, outcomes).map { (reference: $0.reference, image: try? $1.get()) }
    let images = zip(request.images, inspected).map { request.placed($0, $1.image, on: wanted) }
    var needs: NodeNeeds?
    if survey != nil {
      needs = NodeNeeds(
        of: wanted, images: inspected, places: images.map(\.nodes),
        relatives: try await relatives(of: inspected.compactMap(\.image), on: wanted))
    }
    var report = CheckReport(
      images: images, platform: platforms.first ?? .host, uniqueBytes: 0, registries: [], survey: survey,
      wanted: wanted,
      needs: needs, findings: [])
    report.countLayers()
    report.countPulls()
    let judge = CheckJudge(request: request, report: report, secrets: secrets)
    findings += try await judge.findings(outcomes)
    // A stable order: the gravest first, else as they were found.
    report.findings = CheckFinding.Level.allCases.reversed().flatMap { level in findings.filter { $0.level == level } }
    return report
  }

  /// Those of the nodes, the most frequent first, and those that were asked for.
  private func platforms(of nodes: [NodeSurvey.Node]) -> [Platform] {
    let counts = Dictionary(grouping: nodes, by: \.facts.platform).mapValues(\.count)
    let ofNodes = counts.sorted { ($1.value, $0.key.description) < ($0.value, $1.key.description) }.map(\.key)
    var platforms: [Platform] = []
    for platform in ofNodes + request.platforms where !platforms.contains(platform) { platforms.append(platform) }
    return platforms.isEmpty ? [Platform(os: "linux", architecture: "amd64")] : platforms
  }

  private static let mostRelatives = 64

  /// The manifests of other images that nodes hold of the same repositories, as far as the registry still has them:
  /// versions of one program share their base.
  private func relatives(
    of images: [InspectedImage], on nodes: [NodeSurvey.Node]
  ) async throws -> [Digest: InspectedImage] {
    let known = images.reduce(into: Set<Digest>()) { $0.formUnion($1.digests) }
    var counts: [Reference: Int] = [:]
    for held in nodes.flatMap(\.held) {
      guard let name = try? Reference(parsing: held.repository) else { continue }
      for digest in held.digests where !known.contains(digest) { counts[name.at(digest), default: 0] += 1 }
    }
    let most = counts.sorted { ($1.value, $0.key.description) < ($0.value, $1.key.description) }
      .prefix(Self.mostRelatives).map(\.key)
    let inspector = ImageInspector(registry: registry, platforms: Array(Set(nodes.map(\.facts.platform))))
    var relatives: [Digest: InspectedImage] = [:]
    for (reference, outcome) in zip(most, try await inspector.inspect(most)) {
      if let digest = reference.digest { relatives[digest] = try? outcome.get() }
    }
    return relatives
  }
}

extension CheckReport {
  /// Finds the layers that several of the images have.
  fileprivate mutating func countLayers() {
    var owners: [Digest: Int] = [:]
    var sizes: [Digest: Int64] = [:]
    let variants = images.map { variant(of: $0) }
    for variant in variants.compactMap(\.self) {
      uniqueBytes += variant.config.size
      for layer in variant.layers {
        owners[layer.descriptor.digest, default: 0] += 1
        sizes[layer.descriptor.digest] = layer.descriptor.size
      }
    }
    uniqueBytes += sizes.values.reduce(0, +)
    for (index, variant) in variants.enumerated() {
      images[index].sharedBytes =
        variant?.layers.filter { owners[$0.descriptor.digest, default: 0] > 1 }
        .reduce(0) { $0 + $1.descriptor.size } ?? 0
    }
  }

  fileprivate mutating func countPulls() {
    var pulls: [Int: Int] = [:]
    for (need, count) in zip(needs?.kinds ?? [], needs?.counts ?? []) {
      for index in need.missing { pulls[index, default: 0] += count }
    }
    for name in Set(images.map(\.subject.reference.registry)).sorted() {
      let own = images.indices.filter { images[$0].subject.reference.registry == name }
      let limit = own.compactMap { images[$0].inspected?.rateLimit }.min { $0.remaining < $1.remaining }
      registries.append(
        RegistryFacts(name: name, rateLimit: limit, pulls: own.reduce(0) { $0 + pulls[$1, default: 0] }))
    }
  }
}
