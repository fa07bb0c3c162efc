import Kubernetes
import Documents
import ImageModel
import Registry

/// What nodes, disks, limits and secrets mean for the images together.
extension CheckJudge {
  func nodeFindings() -> [CheckFinding] {
    guard let nodes = report.survey?.nodes else { return [] }
    var findings: [CheckFinding] = []
    let unknown = (request.nodes.names ?? []).union(request.nodes.exclude).subtracting(nodes.map(\.facts.name)).sorted()
      .joined(separator: ", ")
    let placements = request.placements.enumerated().map { index, placement in
      (index, placement, nodes.map { placement.nodes.verdict(for: $0.facts) })
    }.filter { !$0.2.contains(.wanted) }
    for (index, placement, verdicts) in placements {
      let origins = request.images.filter { $0.placements.contains(index) }.flatMap(\.origins)
        .filter { $0.object == placement.source }
      findings.append(
        CheckFinding(
          .noNodes, "no node is left for \(placement.source): \(verdicts.tally)",
          "Check its node selector, affinity and tolerations, or include nodes "
            + "(--include-cordoned, --include-not-ready, --toleration).", origins: Array(origins.prefix(1))))
    }
    if report.wanted.isEmpty, placements.isEmpty {
      let names = unknown.isEmpty ? "" : "; there is no node \(unknown)"
      findings.append(
        CheckFinding(
          .noNodes, "no node is left to be warmed: \(nodes.map(\.verdict).tally)\(names)",
          "Choose other nodes, or include these (--include-cordoned, --include-not-ready, --toleration)."))
    } else if !unknown.isEmpty {
      findings.append(
        CheckFinding(.unknownNodes, "there is no node \(unknown)", "Check the names: kubectl get nodes."))
    }
    let others = nodes.filter { if case .unsupported = $0.verdict { true } else { false } }
    if !others.isEmpty {
      let systems = Set(others.map(\.facts.platform.description)).sorted().joined(separator: ", ")
      findings.append(
        CheckFinding(
          .otherNodes,
          "not judged: \(Self.names(others)) (\(systems)), as Prepull warms Linux nodes, and Windows nodes of amd64",
          "Images for them have to be pulled in another way."))
    }
    return findings
  }

  func diskFindings() -> [CheckFinding] {
    var findings: [CheckFinding] = []
    var tooSmall: [(node: NodeSurvey.Node, text: String)] = []
    var crowded: [(node: NodeSurvey.Node, text: String)] = []
    let pairs = zip(report.wanted, report.needs?.needs ?? [])
    for (node, need) in pairs where need.bytes > 0 {
      guard let capacity = node.capacity, capacity > 0 else { continue }
      let disk = DiskNeed(need, node.runtime)
      let room = request.thresholds.room(of: capacity)
      let text = "\(disk.likely.shown) of \(Quantity.bytes(capacity))"
      if disk.least > room {
        tooSmall.append((node, text))
      } else if disk.likely.bytes + node.reportedBytes > room {
        let there = node.reportedBytes > 0 ? " beside \(Quantity.bytes(node.reportedBytes)) of images" : ""
        crowded.append((node, text + there))
      }
    }
    let (high, low) = (request.thresholds.high, request.thresholds.low)
    if let first = tooSmall.first {
      findings.append(
        CheckFinding(
          .diskTooSmall,
          "the images need \(first.text) on \(Self.names(tooSmall.map(\.node))): "
            + "over \(high) % the kubelet deletes images, and evicts pods when it does not help",
          "Warm fewer images there, or give these nodes larger disks."))
    }
    if let first = crowded.first {
      findings.append(
        CheckFinding(
          .garbageCollection,
          "the images need \(first.text) on \(Self.names(crowded.map(\.node))): "
            + "over \(high) % the kubelet deletes images that no pod uses, until \(low) %",
          "Remove what is not needed there, or keep the images in use (run --keep, the operator)."))
    }
    let pressed = report.wanted.filter(\.hasDiskPressure)
    if !pressed.isEmpty {
      findings.append(
        CheckFinding(
          .diskPressure, "\(Self.names(pressed)) \(pressed.count == 1 ? "is" : "are") under disk pressure",
          "Free space there first: pods that pull are turned away or evicted."))
    }
    let silent = pairs.filter { ($0.0.capacity ?? 0) == 0 && $0.1.bytes > 0 }.map(\.0)
    if !silent.isEmpty {
      findings.append(
        CheckFinding(
          .diskUnknown, "\(Self.names(silent)) \(silent.count == 1 ? "does" : "do") not report how large the disk is",
          "Whether the images fit there was not checked."))
    }
    return findings
  }

  func limitFindings() -> [CheckFinding] {
    report.registries.compactMap { registry in
      guard let limit = registry.rateLimit, limit.remaining < registry.pulls else { return nil }
      return CheckFinding(
        .fewPullsLeft,
        "\(registry.name) allows \(Quantity.count(limit.remaining, "more pull"))\(limit.window.map { " in \(Quantity.time($0))" } ?? "") "
          + "to requests from here; the nodes need \(registry.pulls)",
        "Log in for a higher limit, pull through a mirror, or begin with fewer nodes; nodes with other addresses or "
          + "credentials have limits of their own.")
    }
  }

  func secretFindings() async -> [CheckFinding] {
    guard let credentials = secrets.credentials, !credentials.registries.isEmpty else { return [] }
    for name in request.images.map(\.reference) + request.repositories {
      if (try? await credentials.credential(for: name.registry, repository: name.repository)) != nil { return [] }
    }
    return [
      CheckFinding(
        .wrongSecret, level: .warning,
        "the pull secret \(request.pullSecrets.joined(separator: ", ")) is for "
          + "\(credentials.registries.joined(separator: ", ")), where none of these images comes from",
        "Name the secret of the registry that they come from, or leave it out.")
    ]
  }
}

extension UnpackedSize {
  /// `1.2 GB`, or `~1.2 GB` where it is guessed.
  package var shown: String { (isKnown ? "" : "~") + Quantity.bytes(bytes) }
}
