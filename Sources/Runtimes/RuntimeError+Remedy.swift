import Registry

extension RuntimeError {
  /// What helps as a rule, where nothing more particular is known.
  static func remedy(for code: Code) -> String {
    switch code {
    case .noSocket: "Start the runtime, or name its socket with --runtime."
    case .notPermitted: "Run as root, or as a member of the group that owns the socket."
    case .unreachable: "Start the runtime, and see its log if it does not stay up."
    case .died: "It may be restarting: try again, and see its log if that does not help."
    case .timedOut: "See the runtime's log, and restart it if it hangs."
    case .unsupported: "Name the right runtime with --runtime."
    case .noSpace: "Free space on the runtime's image file system, or remove images that nobody uses."
    case .registry(let code): remedy(for: code)
    case .digestMismatch, .fault: "See the runtime's log."
    }
  }

  /// What helps when the runtime, not this program, speaks with the registry.
  private static func remedy(for code: RegistryError.Code) -> String {
    switch code {
    case .noSuchHost: "Check the registry's name in the reference, and the node's DNS."
    case .refused, .unreachable: "Check that the registry runs and that this machine may reach it."
    case .timedOut: "Check the network between this machine and the registry, then try again."
    case .tls: "Give the runtime the registry's certificate authority, or declare it insecure in its configuration."
    case .unauthorized, .credentials: "Give a credential that is valid for this registry, for example with --auth-file."
    case .denied: "Check the name, and that the credential may pull this repository."
    case .notFound: "Check the repository and the tag."
    case .noPlatform: "Push the image for this platform, or name one that it has with --platform."
    case .rateLimited: "Wait, or give a credential with a higher limit."
    case .digestMismatch, .truncated: "Try again; push the image again if that does not help."
    case .malformedImage: "Push the image again with another tool."
    case .artifact: "Name the image that the pods run."
    case .unsupportedMediaType: "Push the image in a format that this runtime knows."
    default: "Try again later, and see the registry's log."
    }
  }
}
