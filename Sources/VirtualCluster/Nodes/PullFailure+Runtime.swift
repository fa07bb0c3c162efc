import ImageModel
import Registry
import Runtimes

extension PullFailure {
  /// What containerd would have said, as the kubelet hands it on: gRPC's code stays in front unless it is `Unknown`.
  init(_ error: RuntimeError, pulling reference: Reference) {
    let whole = "failed to pull and unpack image \"\(reference)\""
    let resolve = "\(whole): failed to resolve reference \"\(reference)\""
    let slash = reference.registry == "docker.io" ? "registry-1.docker.io" : reference.registry
    let url = "http://\(slash)/v2/\(reference.repository)/manifests/\(reference.identifier)"
    func answer(_ status: String) -> String { "\(resolve): unexpected status from HEAD request to \(url): \(status)" }
    func dial(_ reason: String) -> String { "\(resolve): failed to do request: Head \"\(url)\": dial tcp: \(reason)" }
    func code(_ name: String, _ text: String) -> String { "rpc error: code = \(name) desc = \(text)" }
    guard case .registry(let fault) = error.code else {
      message =
        switch error.code {
        case .noSpace: "\(whole): failed to copy: write: no space left on device"
        case .timedOut: code("DeadlineExceeded", "\(whole): context deadline exceeded")
        // A real runtime's own words, or ours where there is nothing to imitate.
        default: "\(whole): \(error.detail)"
        }
      return
    }
    message =
      switch fault {
      case .notFound: code("NotFound", "\(resolve): \(reference): not found")
      case .noPlatform: code("NotFound", "\(whole): no match for platform in manifest: not found")
      case .unauthorized:
        "\(resolve): pull access denied, repository does not exist or may require authorization: "
          + "authorization failed: no basic auth credentials"
      case .denied: answer("403 Forbidden")
      case .rateLimited: answer("429 Too Many Requests")
      case .noSuchHost: dial("lookup \(reference.registry): no such host")
      case .refused: dial("connect: connection refused")
      case .unreachable: dial("connect: no route to host")
      case .timedOut: dial("i/o timeout")
      case .tls: "\(resolve): failed to do request: Head \"\(url)\": tls: failed to verify certificate"
      case .insecure: "\(resolve): http: server gave HTTP response to HTTPS client"
      case .truncated: "\(whole): failed to copy: httpReadSeeker: failed open: unexpected EOF"
      case .digestMismatch:
        code("FailedPrecondition", "\(whole): failed commit: unexpected commit digest: failed precondition")
      case .unsupportedMediaType: code("Unimplemented", "\(whole): media type: unsupported media type")
      case .artifact, .malformedImage: "\(whole): mismatched image rootfs and manifest layers"
      case .fault: answer("500 Internal Server Error")
      case .proxy, .credentials, .tooLarge, .rangeNotSatisfiable: "\(whole): \(error.detail)"
      }
  }
}
