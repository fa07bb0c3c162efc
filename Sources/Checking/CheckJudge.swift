import Kubernetes
import ImageModel
import Registry

/// Says what the facts of a check mean.
struct CheckJudge: Sendable {
  let request: CheckRequest
  let report: CheckReport
  let secrets: PullSecretSurvey

  init(request: CheckRequest, report: CheckReport, secrets: PullSecretSurvey) {
    self.request = request
    self.report = report
    self.secrets = secrets
  }

  func findings(_ outcomes: [ImageInspector.Outcome]) async throws -> [CheckFinding] {
    var findings: [CheckFinding] = []
    for (index, (image, outcome)) in zip(report.images, outcomes).enumerated() {
      var own: [CheckFinding] = []
      switch outcome {
      case .success(let inspected):
        own += platformFindings(inspected, image) + layerFindings(inspected, report.nodes(of: image))
        own += typeFindings(inspected, report.nodes(of: image))
        own += oldDigestFindings(index, image) + nameFindings(image.subject.reference)
      case .failure(let failure):
        own.append(await finding(of: failure, image.subject.reference))
      }
      findings += own.map { finding in
        var finding = finding
        finding.image = image.subject.given
        finding.origins = image.subject.origins
        return finding
      }
    }
    return findings + nodeFindings() + diskFindings() + limitFindings() + (await secretFindings())
  }

  // MARK: The image

  /// A registry hides what the asker may not see: where nodes ask with secrets that were not read, they may see more.
  private func finding(of failure: InspectionFailure, _ reference: Reference) async -> CheckFinding {
    let finding = CheckFinding(failure.code, "cannot be pulled: \(failure.detail)", failure.remedy)
    guard [.unauthorized, .denied, .notFound].contains(failure.code), !request.pullSecrets.isEmpty else {
      return finding
    }
    let names = request.pullSecrets.joined(separator: ", ")
    guard let credentials = secrets.credentials else {
      if Set(secrets.unread).isSuperset(of: request.pullSecrets) {
        return CheckFinding(
          failure.code, level: .warning,
          "could not be seen from here: \(failure.detail); the pull secret \(names) could not be used",
          "Correct the pull secret first, then add --read-secrets to ask with it.")
      }
      return CheckFinding(
        failure.code, level: .warning,
        "could not be seen from here: \(failure.detail); the pull secret \(names) was not used",
        "Add --read-secrets to ask with the pull secret as the kubelets will, or give --auth-file.")
    }
    let own = try? await credentials.credential(for: reference.registry, repository: reference.repository)
    if own != nil, failure.code != .notFound {
      let used = credentials.names(for: reference.registry, repository: reference.repository)
        .joined(separator: ", ")
      var refused = finding
      refused.detail += "; asked with the pull secret \(used)"
      refused.remedy =
        "Check the login in the pull secret \(used), and that its account may pull this: the registry refuses it."
      return refused
    }
    if own == nil, !secrets.unread.isEmpty {
      let unread = secrets.unread.joined(separator: ", ")
      return CheckFinding(
        failure.code, level: .warning,
        "could not be seen from here: \(failure.detail); the pull secret \(unread) could not be used",
        "Correct the pull secret first.")
    }
    guard failure.code != .notFound else { return finding }
    let registries = credentials.registries
    return CheckFinding(
      .wrongSecret,
      "cannot be pulled: the pull secret \(names) has nothing for \(reference.registry), "
        + (registries.isEmpty ? "it is empty" : "it is for \(registries.joined(separator: ", "))"),
      "Make a secret for this registry: kubectl create secret docker-registry … "
        + "--docker-server=\(reference.registry).")
  }

  private func platformFindings(_ image: InspectedImage, _ place: CheckReport.Image) -> [CheckFinding] {
    let there = image.platforms.map(\.fullName).joined(separator: ", ")
    let what = "it has images for \(there.isEmpty ? "no platform that it names" : there) only"
    let nodes = report.nodes(of: place)
    let without = nodes.filter { image.variants[$0.facts.platform] == nil }
    let missing = Set(without.map(\.facts.platform))
    var findings: [CheckFinding] = []
    if !without.isEmpty {
      let platforms = missing.map(\.fullName).sorted().joined(separator: ", ")
      let isNowhere = without.count == nodes.count
      // A warm-up leaves these nodes out; pods that may land there fail.
      let isError = isNowhere || without.contains { place.neededOn.contains($0.facts.name) }
      findings.append(
        CheckFinding(
          .noPlatform, level: isError ? .error : .warning,
          "cannot run on \(without.count == report.wanted.count ? "any of the nodes" : Self.names(without)) (\(platforms)): \(what)",
          "Push the image for these platforms too, or leave the nodes out (-l, --exclude-node)."))
    }
    for platform in request.platforms where image.variants[platform] == nil && !missing.contains(platform) {
      findings.append(
        CheckFinding(
          .noPlatform, "has nothing for \(platform): \(what)", "Push the image for this platform too."))
    }
    return findings
  }

  /// Runtimes go by the type of the registry's answer alone; CRI-O guesses some.
  private func typeFindings(_ image: InspectedImage, _ nodes: [NodeSurvey.Node]) -> [CheckFinding] {
    guard let type = image.vagueType else { return [] }
    let strict = nodes.filter { ["containerd", "docker"].contains($0.runtime?.name) }
    return [
      CheckFinding(
        .unsupportedMediaType, level: strict.isEmpty ? .warning : .error,
        "is sent by its registry \(type.isEmpty ? "without a media type" : "as \(type)") (Content-Type), "
          + "which containerd and Docker Engine do not take",
        "Have the registry, or the proxy in front of it, send the manifest's own media type.")
    ]
  }

  private func layerFindings(_ image: InspectedImage, _ nodes: [NodeSurvey.Node]) -> [CheckFinding] {
    var findings: [CheckFinding] = []
    let traits = image.traits
    if image.has(.zstd) {
      let old = nodes.filter { !($0.runtime?.takesZstd ?? true) }
      if !old.isEmpty {
        let runtimes = Set(old.compactMap { $0.runtime?.description }).sorted().joined(separator: ", ")
        findings.append(
          CheckFinding(
            .oldRuntime, "has layers compressed with zstd, which \(Self.names(old)) cannot unpack (\(runtimes))",
            "Update the runtime (containerd 1.5, Docker 23), or push the image with gzip."))
      } else if nodes.contains(where: { $0.runtime == nil }) || nodes.isEmpty {
        findings.append(
          CheckFinding(
            .zstdLayers, "has layers compressed with zstd",
            "Runtimes take them since containerd 1.5 and Docker 23; check that the nodes' are not older."))
      }
    }
    if !traits.isDisjoint(with: [.eStargz, .zstdChunked]) {
      let kind = traits.contains(.eStargz) ? "eStargz" : "zstd:chunked"
      findings.append(
        CheckFinding(
          .lazyLayers, "has layers of the kind \(kind)",
          "Ordinary runtimes pull them whole; where a snapshotter reads them lazily, a pull ends before all is there."))
    }
    if traits.contains(.nydus) {
      findings.append(
        CheckFinding(
          .nydusLayers, "has nydus layers, which only the nydus snapshotter can read",
          "Check that every node has it, or push the image as an ordinary one too."))
    }
    if traits.contains(.encrypted) {
      findings.append(
        CheckFinding(
          .encryptedLayers, "has encrypted layers",
          "Check that every node has the key and a runtime that is set up for it (ocicrypt)."))
    }
    if traits.contains(.foreign) {
      findings.append(
        CheckFinding(
          .foreignLayers, "has layers that lie outside of its registry",
          "Check that the nodes reach their addresses; an air-gapped copy lacks them unless they were pushed too."))
    }
    let unknown = Set(
      image.variants.values.flatMap(\.layers).filter(\.form.isUnknown).map(\.descriptor.mediaType)
    ).sorted()
    if !unknown.isEmpty {
      findings.append(
        CheckFinding(
          .unknownLayers, "has layers of the type \(unknown.joined(separator: ", "))",
          "Check that the nodes' runtimes take this type."))
    }
    return findings
  }

  private func nameFindings(_ reference: Reference) -> [CheckFinding] {
    guard reference.digest == nil else { return [] }
    let remedy = "Name it by its digest as well, so that every node gets the same: \(reference.familiar)@sha256:…"
    return reference.tag == "latest"
      ? [CheckFinding(.latestTag, "is named by the tag latest, which moves", remedy)]
      : [CheckFinding(.noDigest, "is named by a tag alone, which may move", remedy)]
  }

  private func oldDigestFindings(_ index: Int, _ image: CheckReport.Image) -> [CheckFinding] {
    guard let needs = report.needs else { return [] }
    let kinds = Set(needs.kinds.indices.filter { needs.kinds[$0].old.contains(index) })
    let old = kinds.isEmpty ? [] : zip(report.wanted, needs.kindOfNode).filter { kinds.contains($1) }.map(\.0)
    guard !old.isEmpty else { return [] }
    return [
      CheckFinding(
        .oldDigest, "has another digest on \(Self.names(old)) than in the registry",
        "Pods with imagePullPolicy IfNotPresent run the old one there; prepull run --policy Always brings the new one.")
    ]
  }

  /// `node-1, node-2, node-3 and 5 more nodes`.
  static func names(_ nodes: [NodeSurvey.Node]) -> String {
    let names = nodes.map(\.facts.name)
    guard names.count > 4 else { return names.joined(separator: ", ") }
    return "\(names.prefix(3).joined(separator: ", ")) and \(names.count - 3) more nodes"
  }
}
