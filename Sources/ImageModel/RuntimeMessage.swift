/// What a runtime wrote about a failure, read for its cause.
///
/// containerd, CRI-O and Docker hand on a registry's answers as text only. The texts are those of their resolvers and
/// of Go's net, http and tls packages; each has stood for years and is tested against the real programs.
package struct RuntimeMessage: Hashable, Sendable {
  /// Why an image could not be pulled, as far as such texts tell it. Errors of registries have the same names.
  package enum Cause: String, Sendable, CaseIterable {
    case noSpace
    case noSuchHost, refused, unreachable, timedOut, tls
    case credentials, unauthorized, denied
    case notFound, noPlatform, unsupportedMediaType, malformedImage
    case rateLimited, truncated, digestMismatch
    /// The registry failed.
    case fault
  }

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

  /// Nil where the text does not tell it.
  package var cause: Cause? {
    // containerd takes what is no manifest for a blob, and does not find it.
    if let type = fetchedType, !type.hasPrefix("application/vnd.oci.image."), !type.hasPrefix("application/vnd.docker.")
    {
      return .unsupportedMediaType
    }
    return Self.causes.first { $0.phrases.contains { searched.contains($0) } }?.cause
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
  private static let causes: [(cause: Cause, phrases: [String])] = [
    (.noSpace, ["no space left on device", "disk quota exceeded", "not enough space"]),
    (.rateLimited, ["toomanyrequests", "too many requests", "rate limit", "parsing http 429"]),
    (
      .noPlatform,
      [
        "no match for platform", "no matching manifest", "does not match the specified platform",
        "no image found in manifest list", "no image found in image index", "no child with platform",
      ]
    ),
    (
      .malformedImage,
      [
        "media-type: expected", "mismatched image rootfs and manifest layers", "reports content size of zero",
        "illegal base64 data", "failed to resolve rootfs: parsing time",
      ]
    ),
    (
      .truncated,
      ["failed size validation", "short read", "unexpected eof", "content-length mismatch", "body size mismatch"]
    ),
    (
      .digestMismatch,
      [
        "unexpected commit digest", "filesystem layer verification failed", "digest mismatch", "does not match digest",
        "digests do not match", "verification failed for digest", "invalid checksum", "wrong diff id",
        "mismatched image rootfs",
      ]
    ),
    (
      .unsupportedMediaType,
      [
        "unsupported media type", "unsupported manifest media type", "unsupported mediatype", "unknown media type",
        "mediatype in manifest should be", "not implemented: media type", "encountered unknown type",
        "unsupported manifest format", "invalid manifest media type", "unexpected media type", "missing signature key",
      ]
    ),
    (.noSuchHost, ["no such host", "server misbehaving", "temporary failure in name resolution"]),
    (.refused, ["connection refused"]),
    (
      .timedOut,
      ["i/o timeout", "context deadline exceeded", "client.timeout", "handshake timeout", "connection timed out"]
    ),
    (.tls, ["x509:", "tls:", "certificate", "http response to https client"]),
    (
      .unreachable,
      ["no route to host", "network is unreachable", "host is unreachable", "connection reset by peer", "broken pipe"]
    ),
    (.credentials, ["invalid auth config", "bad parameters and missing x-registry-auth"]),
    (
      .unauthorized,
      [
        "no basic auth credentials", "401 unauthorized", "unauthorized:", "authentication required",
        "incorrect username or password", "parsing http 401", "invalid username/password",
        "failed to fetch oauth token",
        "failed to fetch anonymous token",
      ]
    ),
    (
      .denied,
      [
        "pull access denied", "403 forbidden", "parsing http 403", "denied:", "requested access to the resource",
        "forbidden",
      ]
    ),
    (.unauthorized, ["authorization failed", "unauthorized"]),
    (
      .notFound,
      [
        "manifest unknown", "name unknown", "404 not found", "unknown blob", "blob unknown", "not found",
        "does not exist",
      ]
    ),
    (
      .fault,
      [
        "500 internal server error", "502 bad gateway", "503 service unavailable", "504 gateway", "registryunavailable",
        "unexpected status", "received unexpected http status", "invalid status code from registry", ": eof",
      ]
    ),
    // Last, as the bodies of refusals are often no JSON either: "error parsing HTTP 403 response body: …".
    (.malformedImage, ["json: cannot unmarshal", "unexpected end of json input", "invalid character '"]),
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
