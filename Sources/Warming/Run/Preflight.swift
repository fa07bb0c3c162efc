package import Kubernetes
import ImageModel
import Logging
package import Registry

/// Finds out what can be known before the cluster is touched.
package struct Preflight: Sendable {
  let request: RunRequest
  let client: KubernetesClient
  let registry: RegistryClient?

  /// Looks at nodes, images, permissions, admission and what earlier runs left behind.
  ///
  /// Nothing is written; a pod is offered to the API server as a dry run.
  /// - Parameter registry: nil when registries are not to be asked from here.
  /// - Throws: `APIError` when there is no talking with the API server at all.
  package static func check(
    _ request: RunRequest, client: KubernetesClient, registry: RegistryClient?
  ) async throws -> PreflightReport {
    try await Preflight(request: request, client: client, registry: registry).check()
  }

  private func check() async throws -> PreflightReport {
    var findings = Findings()
    let nodes: [NodeFacts]
    do {
      nodes = try await client.list(Node.self).items.map(NodeFacts.init)
    } catch let error as APIError where error.code == .forbidden {
      // The permission itself is among those that are checked below.
      nodes = []
    }
    let wanted = nodes.filter { request.nodes.verdict(for: $0) == .wanted }
    async let images = images(for: Set(wanted.map(\.platform)))
    async let permissions = missingPermissions()
    async let namespace = namespaceFindings()
    async let secrets = secretFindings()
    async let priority = priorityFindings()
    async let admission = admissionFindings(on: wanted.first { $0.os == "linux" } ?? wanted.first)
    async let leftovers = leftovers()

    let (missing, permissionFindings) = try await permissions
    for other in try await [permissionFindings, namespace, secrets, priority] { findings.add(other) }
    // A namespace that is missing or going away would be said twice.
    if findings.blockers.isEmpty { findings.add(try await admission) }
    if !missing.contains(where: { $0.resource == Node.plural }) { findings.add(nodeFindings(nodes)) }
    let resolved = try await images
    findings.add(imageFindings(resolved, on: wanted))
    let plan = resolved.map(\.resolution)
    return PreflightReport(
      images: resolved,
      nodes: nodes.map { node in
        let without = plan.indices.filter { plan[$0].map { !$0.supports(node.platform) } ?? false }
        return PreflightReport.Node(
          facts: node, verdict: request.nodes.verdict(for: node), unsupportedImages: Set(without))
      },
      missingPermissions: missing, leftovers: try await leftovers, blockers: findings.blockers,
      remarks: findings.remarks)
  }

  /// What is wrong, and what is worth knowing.
  struct Findings: Sendable {
    var blockers: [PreflightReport.Problem] = []
    var remarks: [PreflightReport.Problem] = []

    mutating func add(_ other: Findings) {
      blockers += other.blockers
      remarks += other.remarks
    }

    mutating func block(_ code: String, _ detail: String, _ remedy: String) {
      blockers.append(PreflightReport.Problem(code: code, detail: detail, remedy: remedy))
    }

    mutating func remark(_ code: String, _ detail: String, _ remedy: String) {
      remarks.append(PreflightReport.Problem(code: code, detail: detail, remedy: remedy))
    }
  }

  private func leftovers() async throws -> [Leftover] {
    do {
      return try await Leftovers(client: client, logger: Logger(label: "prepull")).find(in: request.namespace)
    } catch let error as APIError where [.forbidden, .notFound].contains(error.code) {
      return []
    }
  }

  // MARK: Nodes

  private func nodeFindings(_ nodes: [NodeFacts]) -> Findings {
    var findings = Findings()
    let verdicts = nodes.map { request.nodes.verdict(for: $0) }
    let unknown = (request.nodes.names ?? []).subtracting(nodes.map(\.name)).sorted()
    let check = "Check the names: kubectl get nodes."
    if !unknown.isEmpty {
      findings.block("unknownNodes", "there is no node \(unknown.joined(separator: ", "))", check)
    } else if !verdicts.contains(.wanted) {
      findings.block("noNodes", "no node is left to be warmed: \(verdicts.tally)", Self.remedy(for: verdicts))
    }
    let strangers = request.nodes.exclude.subtracting(nodes.map(\.name)).sorted()
    if !strangers.isEmpty {
      findings.remark("unknownNodes", "there is no node \(strangers.joined(separator: ", ")) to leave out", check)
    }
    return findings
  }

  /// What would let in the nodes that were chosen and left out.
  private static func remedy(for verdicts: [NodeVerdict]) -> String {
    var options: [String] = []
    for verdict in verdicts {
      let option =
        switch verdict {
        case .skipped(.cordoned): "--include-cordoned"
        case .skipped(.notReady): "--include-not-ready"
        case .skipped(.taint(let taint)): "--toleration \(taint)"
        default: ""
        }
      if !option.isEmpty, !options.contains(option) { options.append(option) }
    }
    return options.isEmpty
      ? "Choose other nodes; kubectl get nodes --show-labels shows which there are."
      : "Include them with \(options.joined(separator: ", ")), or choose other nodes."
  }

  // MARK: Images

  private func images(for platforms: Set<Platform>) async throws -> [PreflightReport.Image] {
    guard let registry else {
      return request.images.map {
        PreflightReport.Image(image: $0, resolution: nil, problem: nil, isRefused: false)
      }
    }
    return try await ImageResolver(registry: registry, platforms: platforms)
      .resolve(request.images, hasOtherCredentials: !request.pullSecrets.isEmpty)
  }

  private func imageFindings(_ images: [PreflightReport.Image], on nodes: [NodeFacts]) -> Findings {
    var findings = Findings()
    var hopeless = 0
    for image in images {
      let name = image.image.given
      if let problem = image.problem, image.isRefused {
        hopeless += 1
        findings.remark(problem.code, "\(name) cannot be pulled: \(problem.detail)", problem.remedy)
      } else if let problem = image.problem {
        findings.remark(
          "unresolved", "\(name) could not be resolved from here: \(problem.detail)",
          "The nodes will ask the registry themselves; what they get is reported, not checked.")
      } else if let resolution = image.resolution, !nodes.isEmpty {
        let without = nodes.filter { !resolution.supports($0.platform) }
        guard !without.isEmpty else { continue }
        if without.count == nodes.count { hopeless += 1 }
        let platforms = Set(without.map(\.platform.fullName)).sorted().joined(separator: ", ")
        let there = resolution.platforms.map(\.fullName).joined(separator: ", ")
        findings.remark(
          "noPlatform",
          "\(name) has nothing for \(platforms), so \(without.count) of \(nodes.count) nodes cannot have it; "
            + "it has \(there)", "Push the image for these platforms, or leave the nodes out.")
      }
    }
    if hopeless == images.count, let first = findings.remarks.first {
      findings = Findings()
      findings.block(
        first.code, images.count == 1 ? first.detail : "none of the \(images.count) images can be had: \(first.detail)",
        first.remedy)
    }
    return findings
  }
}
