/// The kinds of findings, by stable names: rules of SARIF, types of JUnit's failures, what `--ignore` takes.
package enum CheckCode: String, CaseIterable, Sendable {
  // What registries answer; the names are those of `RegistryError.Code`.
  case noSuchHost, refused, unreachable, timedOut, tls, proxy, insecure, credentials, unauthorized, denied, notFound
  case noPlatform, unsupportedMediaType, tooLarge, rateLimited, truncated, digestMismatch, fault

  // What is in an image.
  case artifact, malformedImage, oldRuntime, zstdLayers, lazyLayers, nydusLayers, encryptedLayers, foreignLayers
  case unknownLayers

  // How an image is named.
  case noImage, variable, noName, badReference, imageParts, maybeImage, latestTag, noDigest, sourceFailed
  case sourceRefused, unknownField

  // What the cluster has.
  case clusterUnreachable, noNodes, unknownNodes, otherNodes, oldDigest, diskTooSmall, garbageCollection, diskPressure
  case diskUnknown, noSecret, secretUnknown, wrongSecret, fewPullsLeft

  /// What the finding says of an image, as the end of a sentence about several: "not in the registry".
  package var title: String {
    switch self {
    case .noSuchHost: "the registry's name is not known"
    case .refused: "the registry refuses connections"
    case .unreachable: "the registry cannot be reached"
    case .timedOut: "the registry does not answer in time"
    case .tls: "the registry's certificate is not trusted"
    case .proxy: "the proxy does not let us through"
    case .insecure: "the registry speaks plain HTTP, which is not allowed"
    case .credentials: "the credentials cannot be read"
    case .unauthorized: "the registry asks for a login"
    case .denied: "the account may not pull it"
    case .notFound: "the registry has no such repository or tag"
    case .noPlatform: "there is no image for the platform of a node"
    case .unsupportedMediaType: "its manifest is of a kind that runtimes do not take"
    case .tooLarge: "its manifest is too large"
    case .rateLimited: "the registry allows no more pulls for now"
    case .truncated: "the registry's answer is cut short"
    case .digestMismatch: "its content is not what its digest says"
    case .fault: "the registry fails, or is none"
    case .artifact: "it is an artifact and no image"
    case .malformedImage: "its manifest or configuration cannot be read"
    case .oldRuntime: "the runtime of a node is too old for its layers"
    case .zstdLayers: "its layers are compressed with zstd"
    case .lazyLayers: "its layers can be read lazily, where a snapshotter does that"
    case .nydusLayers: "its layers need the nydus snapshotter"
    case .encryptedLayers: "its layers are encrypted"
    case .foreignLayers: "some of its layers are not in the registry"
    case .unknownLayers: "its layers are of a type that is not known"
    case .noImage: "a container has no image"
    case .variable: "an image is a variable that nothing has filled in"
    case .noName: "an image is a digest without a name"
    case .badReference: "a text is no image reference"
    case .imageParts: "an image is given in parts that do not make one"
    case .maybeImage: "a text may name an image"
    case .latestTag: "named by the tag latest, which moves"
    case .noDigest: "named by a tag without a digest, which may move"
    case .sourceFailed: "a source of a Prepull gives no image"
    case .sourceRefused: "a source of a Prepull can give no image as it is written"
    case .unknownField: "a Prepull has a field that there is not"
    case .clusterUnreachable: "the cluster could not be asked"
    case .noNodes: "no node is left to be warmed"
    case .unknownNodes: "there is no node of that name"
    case .otherNodes: "nodes that are not judged, as pods of Prepull cannot run there"
    case .oldDigest: "nodes hold the tag at another digest"
    case .diskTooSmall: "the images do not fit on a node's disk"
    case .garbageCollection: "the images set off the kubelet's garbage collection"
    case .diskPressure: "a node is under disk pressure"
    case .diskUnknown: "a node does not report the size of its disk"
    case .noSecret: "a pull secret does not exist"
    case .secretUnknown: "a pull secret could not be looked at"
    case .wrongSecret: "a pull secret is not for the registries of these images"
    case .fewPullsLeft: "the registry's limit allows fewer pulls than are needed"
    }
  }

  /// What it is where nothing is known that makes it harmless.
  package var level: CheckFinding.Level {
    switch self {
    case .zstdLayers, .lazyLayers, .noDigest, .otherNodes, .diskUnknown, .maybeImage: .note
    case .imageParts, .nydusLayers, .encryptedLayers, .foreignLayers, .unknownLayers, .latestTag, .sourceFailed,
      .clusterUnreachable,
      .unknownNodes, .oldDigest, .garbageCollection, .diskPressure, .secretUnknown, .fewPullsLeft:
      .warning
    default: .error
    }
  }
}
