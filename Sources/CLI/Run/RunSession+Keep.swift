import ArgumentParser
import Commands
import Documents
import Foundation
import ImageModel
import Kubernetes
import Terminal
import Warming
import Workloads

/// `prepull run --keep`: the DaemonSets that stay.
extension RunSession {
  /// A DaemonSet makes all its pods at once, so one that never gets there ends at some time.
  private static let defaultTimeout = Duration.seconds(30 * 60)

  /// Applies them and waits until every node is warm.
  func keep(_ wanted: Wanted, _ report: PreflightReport) async throws -> Bool {
    let request = wanted.request
    let manifest = manifest(wanted, report)
    let kept = KeptDaemonSet(client: client)
    do {
      try await kept.apply(manifest)
    } catch let error as ManifestError {
      throw ValidationError(error.description)
    } catch is CancellationError {
      let place = "-n \(request.namespace)"
      console.write(
        lines: console.wrapped([
          "stopped while it was being made: some of it may be there",
          "  see it with \(Program.name) status \(manifest.effectiveName) \(place), "
            + "remove it with \(Program.name) delete \(manifest.effectiveName) \(place)",
        ]))
      throw CancellationError()
    }
    let display = RunDisplay(images: request.images.map(\.given), mode: mode)
    let item: ClusterStatus.Item?
    do {
      item = try await kept.wait(
        name: manifest.effectiveName, namespace: request.namespace, timeout: request.timeout ?? Self.defaultTimeout
      ) { display.show($0.coverage) }
    } catch {
      await display.finish()
      sayHowToGoOn(manifest.effectiveName, request.namespace)
      throw error
    }
    await display.finish()
    return try end(item, request, name: manifest.effectiveName)
  }

  private func end(_ item: ClusterStatus.Item?, _ request: RunRequest, name: String) throws -> Bool {
    let namespace = request.namespace
    let homeless = request.images.map(\.given).filter { image in
      guard let item, let index = item.coverage.images.firstIndex(of: image) else { return true }
      return item.coverage.counts(image: index).wanted == 0
    }
    let isWarm = item?.isWarm ?? false && homeless.isEmpty
    if output == .json {
      let members: [(String, JSON)] = [("ok", .bool(isWarm)), ("kept", item?.json ?? .null)]
      try out.writeAll(RunStream.line("result", members, at: Date()) + "\n")
      return isWarm
    }
    guard let item else {
      console.write("Error: somebody deleted \(name) in the namespace \(namespace) while it was waited for\n")
      return false
    }
    if !isQuiet {
      let report = StatusReport(items: [item], namespace: namespace)
      let lines = report.lines(isWide: false, style: out.style, columns: out.columns, now: Date())
      try out.writeAll(out.wrapped(lines).joined(separator: "\n") + "\n")
    }
    if !item.isWarm { console.write("not every node is warm; the nodes keep trying\n") }
    if !homeless.isEmpty {
      console.write(lines: console.wrapped(["no node can hold \(FailureGroups.names(homeless))"]))
    }
    sayHowToGoOn(name, namespace)
    return isWarm
  }

  private func sayHowToGoOn(_ name: String, _ namespace: String) {
    guard !isQuiet, output == .text else { return }
    console.write(
      """
      \(name) stays in the namespace \(namespace)
        look at it   \(Program.name) status \(name) -n \(namespace)
        remove it    \(Program.name) delete \(name) -n \(namespace)

      """)
  }

  private func manifest(_ wanted: Wanted, _ report: PreflightReport) -> DaemonSetManifest {
    let request = wanted.request
    var manifest = DaemonSetManifest(images: request.images, prepullImage: RenderCommand.publishedImage)
    manifest.name = request.name
    manifest.namespace = request.namespace
    // The usual ones in any case, for nodes that come later.
    manifest.architectures.formUnion(report.machines.keys.compactMap(TouchProgram.Architecture.init))
    for architecture in manifest.architectures {
      let platform = architecture.platform
      let missing = report.images.filter { $0.resolution.map { !$0.supports(platform) } ?? false }.map(\.image)
      if !missing.isEmpty { manifest.unsupported[architecture] = Set(missing) }
    }
    manifest.policy = request.policy
    manifest.affinity = request.nodes.terms
    manifest.tolerations = wanted.tolerations
    manifest.pullSecrets = request.pullSecrets
    manifest.priorityClass = request.priorityClass
    manifest.labels = request.template.labels
    manifest.annotations = request.template.annotations
    manifest.requests = request.template.requests
    manifest.limits = request.template.limits
    if let limit = wanted.maxUnavailable { manifest.maxUnavailable = limit }
    return manifest
  }
}
