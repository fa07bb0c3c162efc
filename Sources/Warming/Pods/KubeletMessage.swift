package import ImageModel

/// What the kubelet says about an image that it could not pull, read for its cause.
package struct KubeletMessage {
  /// Reasons of a waiting container that say that a pull failed just now.
  package static let failedReasons: Set<String> = [
    "ErrImagePull", "InvalidImageName", "ErrImageNeverPull", "RegistryUnavailable", "SignatureValidationFailed",
    "ImageInspectError", "ErrCredentialProvider",
  ]
  /// The kubelet waits before its next try.
  package static let backOffReason = "ImagePullBackOff"
  /// The image is there, as the kubelet gets it before all of these; only its container could not be made or run.
  package static let presentReasons: Set<String> = [
    "CreateContainerConfigError", "CreateContainerError", "PreCreateHookError", "RunContainerError",
    "PostStartHookError", "CrashLoopBackOff",
  ]

  package let failure: WarmFailure
  package let nature: FailureNature

  /// - Parameters:
  ///   - reason: of the waiting container, or of the event.
  ///   - message: as the kubelet wrote it.
  package init(reason: String, message: String, about image: WantedImage) {
    let cause = Self.cause(in: message)
    let read = RuntimeMessage(cause, about: image.reference)
    let code: String
    switch reason {
    case "InvalidImageName", "InspectFailed": code = "invalidName"
    case "ErrImageNeverPull": code = "neverPull"
    case "SignatureValidationFailed": code = "signature"
    default: code = cause.contains("pull QPS exceeded") ? "throttled" : read.cause?.rawValue ?? "fault"
    }
    failure = WarmFailure(
      code: code, detail: read.text.isEmpty ? "the kubelet gave no reason (\(reason))" : read.text,
      remedy: Self.remedies[code] ?? "See the events of the pod and the log of the node's kubelet and runtime.")
    nature = Self.nature(of: code)
  }

  /// What a failure of this code means.
  package static func nature(of code: String) -> FailureNature { natures[code] ?? .passing }

  /// Drops the kubelet's own words around the runtime's: `Back-off pulling image "x": ErrImagePull: …`.
  private static func cause(in message: String) -> String {
    var text = message[...]
    for opening in ["Failed to pull image \"", "Back-off pulling image \""] where text.hasPrefix(opening) {
      guard let end = text.dropFirst(opening.count).firstRange(of: "\"") else { break }
      text = text[end.upperBound...]
      if text.hasPrefix(": ") { text = text.dropFirst(2) }
    }
    for opening in ["ErrImagePull: ", "Error: "] where text.hasPrefix(opening) { text = text.dropFirst(opening.count) }
    return String(text)
  }

  private static let natures: [String: FailureNature] = [
    "notFound": .final, "denied": .final, "unauthorized": .final, "noPlatform": .final, "unsupportedMediaType": .final,
    "malformedImage": .final, "artifact": .final,
    "invalidName": .final, "neverPull": .local, "signature": .final, "credentials": .final,
    "noSpace": .local, "throttled": .local,
  ]

  private static let remedies: [String: String] = [
    "notFound": "Check the repository and the tag.",
    "denied": "Check the name, and that the credential may pull this repository.",
    "unauthorized":
      "Name a secret with a credential for this registry (spec.imagePullSecrets, --pull-secret), and check that it exists.",
    "credentials": "Correct the pull secret, or the kubelet's credential provider.",
    "noPlatform": "Push the image for this platform, or leave such nodes out.",
    "unsupportedMediaType": "Push the image in a format that the node's runtime knows.",
    "malformedImage": "Push the image again with another tool.",
    "invalidName": "Correct the reference.",
    "neverPull": "Load the image onto the node, or let the kubelet pull it.",
    "signature": "Sign the image, or correct the node's signature policy.",
    "noSpace": "Free space on the node's image file system, or give it more.",
    "noSuchHost": "Check the registry's name in the reference, and the node's DNS.",
    "refused": "Check that the registry runs and that the node may reach it.",
    "unreachable": "Check that the registry runs and that the node may reach it.",
    "timedOut": "Check the network between the node and the registry.",
    "tls": "Give the node's runtime the registry's certificate authority, or declare the registry insecure there.",
    "throttled": "The kubelet limits its own pulls (registryPullQPS); it tries again by itself.",
    "rateLimited":
      "Wait, or name a secret with a higher limit (spec.imagePullSecrets, --pull-secret), or use a mirror.",
    "digestMismatch": "Try again; push the image again if that does not help.",
    "truncated": "Try again; push the image again if that does not help.",
  ]
}
