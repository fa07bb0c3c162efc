package import ImageModel
import Registry

/// What a runtime wrote about a failure, read for its cause.
///
/// containerd, CRI-O and Docker hand on a registry's answers as text only. The texts are those of their resolvers and
/// of Go's net, http and tls packages; each has stood for years and is tested against the real programs.
package struct RuntimeMessage: Hashable, Sendable {
  /// The text without what surrounds the cause, in one line, short, and without the queries of signed addresses.
  package let text: String
  private let searched: String

  package init(_ message: String, about reference: Reference? = nil) {
    var line = message.split(whereSeparator: \.isNewline).joined(separator: " ")
    line = Self.withoutQueries(line)
    // Names may hold any word that is looked for below.
    var searched = Self.withoutQuoted(line)
    if let reference {
      for name in [reference.description, reference.familiar, reference.name, reference.repository] {
        searched = searched.split(separator: name, omittingEmptySubsequences: false).joined(separator: " ")
      }
    }
    self.searched = searched.lowercased()
    line = Self.withoutWrapping(line)
    text = line.count <= 300 ? line : line.prefix(299) + "…"
  }

  /// The cause, where the text tells it.
  package var code: RuntimeError.Code? {
    // containerd takes what is no manifest for a blob, and does not find it.
    if let type = fetchedType, !type.hasPrefix("application/vnd.oci.image."), !type.hasPrefix("application/vnd.docker.")
    {
      return .registry(.unsupportedMediaType)
    }
    return Self.causes.first { cause in cause.phrases.contains { searched.contains($0) } }?.code
  }

  /// Of `could not fetch content descriptor sha256:… (application/…) from remote`.
  private var fetchedType: Substring? {
    guard let start = searched.firstRange(of: "could not fetch content descriptor "),
      let open = searched[start.upperBound...].firstIndex(of: "("),
      let close = searched[open...].firstIndex(of: ")")
    else { return nil }
    return searched[searched.index(after: open)..<close]
  }

  /// In the order of trial: the more particular first.
  private static let causes: [(code: RuntimeError.Code, phrases: [String])] = [
    (.noSpace, ["no space left on device", "disk quota exceeded", "not enough space"]),
    (.registry(.rateLimited), ["toomanyrequests", "too many requests", "rate limit", "parsing http 429"]),
    (
      .registry(.noPlatform),
      [
        "no match for platform", "no matching manifest", "does not match the specified platform",
        "no image found in manifest list", "no image found in image index", "no child with platform",
      ]
    ),
    (
      .registry(.malformedImage),
      [
        "media-type: expected", "mismatched image rootfs and manifest layers", "reports content size of zero",
        "illegal base64 data", "failed to resolve rootfs: parsing time",
      ]
    ),
    (
      .registry(.truncated),
      ["failed size validation", "short read", "unexpected eof", "content-length mismatch", "body size mismatch"]
    ),
    (
      .registry(.digestMismatch),
      [
        "unexpected commit digest", "filesystem layer verification failed", "digest mismatch", "does not match digest",
        "digests do not match", "verification failed for digest", "invalid checksum", "wrong diff id",
        "mismatched image rootfs",
      ]
    ),
    (
      .registry(.unsupportedMediaType),
      [
        "unsupported media type", "unsupported manifest media type", "unsupported mediatype", "unknown media type",
        "mediatype in manifest should be", "not implemented: media type", "encountered unknown type",
        "unsupported manifest format", "invalid manifest media type", "unexpected media type", "missing signature key",
      ]
    ),
    (.registry(.noSuchHost), ["no such host", "server misbehaving", "temporary failure in name resolution"]),
    (.registry(.refused), ["connection refused"]),
    (
      .registry(.timedOut),
      ["i/o timeout", "context deadline exceeded", "client.timeout", "handshake timeout", "connection timed out"]
    ),
    (.registry(.tls), ["x509:", "tls:", "certificate", "http response to https client"]),
    (
      .registry(.unreachable),
      ["no route to host", "network is unreachable", "host is unreachable", "connection reset by peer", "broken pipe"]
    ),
    (.registry(.credentials), ["invalid auth config", "bad parameters and missing x-registry-auth"]),
    (
      .registry(.unauthorized),
      [
        "no basic auth credentials", "401 unauthorized", "unauthorized:", "authentication required",
        "incorrect username or password", "parsing http 401", "invalid username/password",
        "failed to fetch oauth token",
        "failed to fetch anonymous token",
      ]
    ),
    (
      .registry(.denied),
      [
        "pull access denied", "403 forbidden", "parsing http 403", "denied:", "requested access to the resource",
        "forbidden",
      ]
    ),
    (.registry(.unauthorized), ["authorization failed", "unauthorized"]),
    (
      .registry(.notFound),
      [
        "manifest unknown", "name unknown", "404 not found", "unknown blob", "blob unknown", "not found",
        "does not exist",
      ]
    ),
    (
      .registry(.fault),
      [
        "500 internal server error", "502 bad gateway", "503 service unavailable", "504 gateway", "registryunavailable",
        "unexpected status", "received unexpected http status", "invalid status code from registry", ": eof",
      ]
    ),
    // Last, as the bodies of refusals are often no JSON either: "error parsing HTTP 403 response body: …".
    (.registry(.malformedImage), ["json: cannot unmarshal", "unexpected end of json input", "invalid character '"]),
  ]

  /// Drops `failed to pull and unpack image "…": failed to resolve reference "…":` and the like from the front.
  private static func withoutWrapping(_ line: String) -> String {
    let wrappings = [
      "rpc error: ", "failed to pull and unpack image ", "failed to pull image ", "failed to resolve reference ",
      "failed to copy: ", "failed to do request: ", "failed to resolve image ", "error pulling image ",
      "initializing source ", "pinging container registry ",
    ]
    var rest = line[...]
    while let wrapping = wrappings.first(where: { rest.hasPrefix($0) }) {
      let from = rest.index(rest.startIndex, offsetBy: wrapping.count)
      if wrapping.hasSuffix(": ") && !wrapping.hasPrefix("rpc") {
        rest = rest[from...]
      } else if let end = rest[from...].firstRange(of: wrapping.hasPrefix("rpc") ? "desc = " : ": ") {
        rest = rest[end.upperBound...]
      } else {
        break
      }
    }
    return rest.isEmpty ? line : String(rest)
  }

  /// Cuts the queries of addresses: they may be signed.
  private static func withoutQueries(_ line: String) -> String {
    var result = ""
    var rest = line[...]
    while let start = rest.firstRange(of: "://") {
      let end = rest[start.upperBound...].firstIndex { " \"'<>".contains($0) } ?? rest.endIndex
      let address = rest[..<end]
      let query = address[start.upperBound...].firstIndex(of: "?") ?? end
      result += rest[..<query]
      rest = rest[end...]
    }
    return result + rest
  }

  private static func withoutQuoted(_ line: String) -> String {
    line.split(separator: "\"", omittingEmptySubsequences: false).enumerated()
      .compactMap { $0.offset.isMultiple(of: 2) ? String($0.element) : nil }.joined(separator: " ")
  }
}

extension RuntimeError {
  /// The error for what a runtime wrote, with `fallback` where the text does not tell the cause.
  init(
    message: String, fallback: Code = .fault, endpoint: RuntimeEndpoint, operation: String, subject: String,
    about reference: Reference? = nil
  ) {
    let message = RuntimeMessage(message, about: reference)
    let code = message.code ?? fallback
    self.init(
      code, endpoint: endpoint, operation: operation, subject: subject,
      detail: message.text.isEmpty ? "the runtime gave no reason" : message.text, remedy: Self.remedy(for: code))
  }
}
