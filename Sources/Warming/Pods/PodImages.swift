import ImageModel
package import Kubernetes

/// Reads a pod for `status` and the page: the images that it is there for, and how it stands with each. `PodShell` makes containers;
/// runs and the operator read with `PodReader`.
package struct PodImages {
  /// References by the names of the containers that name them.
  private let containers: [(name: String, image: String)]
  /// Of an engine that runs `prepull pull`: the images are its arguments.
  private let arguments: [String]

  private static let pullName = "pull"
  private static let holdName = "hold"

  package init(_ spec: PodSpec) {
    let initContainers = spec.initContainers ?? []
    if let pull = initContainers.first(where: { $0.name == Self.pullName && $0.args?.first == "pull" }) {
      containers = []
      arguments = Self.images(in: pull.args ?? [])
      return
    }
    arguments = []
    // What holds beside init containers names an image that one of them named before.
    let pulling = initContainers.isEmpty ? spec.containers : initContainers
    containers = pulling.map { ($0.name, $0.image) }
  }

  package var references: [String] { arguments.isEmpty ? containers.map(\.image) : arguments }

  /// Nil when the pod is not there for this image.
  package func cell(of image: String, in pod: Pod) -> Coverage.Cell? {
    let statuses = (pod.status?.initContainerStatuses ?? []) + (pod.status?.containerStatuses ?? [])
    if arguments.contains(image) {
      return Self.pullCell(statuses.first { $0.name == Self.pullName })
    }
    guard let name = containers.first(where: { $0.image == image })?.name else { return nil }
    guard let status = statuses.first(where: { $0.name == name }) else { return .pending }
    if let identity = ImageIdentity(imageID: status.imageID) { return .warm(identity.digest) }
    guard let reason = status.state?.waiting?.reason else { return .pending }
    if KubeletMessage.presentReasons.contains(reason) { return .warm(nil) }
    if KubeletMessage.failedReasons.contains(reason) || reason == KubeletMessage.backOffReason {
      let wanted = (try? Reference(parsing: image)).map { WantedImage(given: image, reference: $0) }
      let message = status.state?.waiting?.message ?? ""
      return .failed(
        wanted.map { KubeletMessage(reason: reason, message: message, about: $0).failure }
          ?? WarmFailure(code: "invalidName", detail: message, remedy: "Correct the reference."))
    }
    return reason == "ContainerCreating" ? .pulling : isFirstOpen(name, statuses) ? .pulling : .pending
  }

  /// Init containers take turns; the first that is not done is at work.
  private func isFirstOpen(_ name: String, _ statuses: [ContainerStatus]) -> Bool {
    let open = containers.first { container in
      ImageIdentity(imageID: statuses.first { $0.name == container.name }?.imageID) == nil
    }
    return open?.name == name
  }

  private static func pullCell(_ status: ContainerStatus?) -> Coverage.Cell {
    guard let state = status?.state else { return .pending }
    if let terminated = state.terminated ?? status?.lastState?.terminated {
      if terminated.exitCode == 0 { return .warm(nil) }
      return .failed(
        WarmFailure(
          code: "pull", detail: "prepull pull ended with exit \(terminated.exitCode)",
          remedy: "See its log: kubectl logs POD -c \(pullName)."))
    }
    return state.running == nil ? .pending : .pulling
  }

  /// `pull --runtime … --policy … [--auth-file …] IMAGE…`
  private static func images(in arguments: [String]) -> [String] {
    var images: [String] = []
    var isValue = false
    for argument in arguments.dropFirst() {
      if isValue {
        isValue = false
      } else if argument.hasPrefix("--") {
        isValue = !argument.contains("=")
      } else {
        images.append(argument)
      }
    }
    return images
  }
}
