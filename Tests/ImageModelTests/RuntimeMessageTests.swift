import ImageModel
import Testing

/// Texts as the runtimes write them, most of them copied from their answers.
@Suite(.timeLimit(.minutes(10))) struct RuntimeMessageTests {
  private static let reference = Reference(
    registry: "127.0.0.1:5000", repository: "denied/not-found", tag: "unauthorized", digest: nil)

  private static let containerd =
    #"failed to pull and unpack image "127.0.0.1:5000/a:1": failed to resolve reference "127.0.0.1:5000/a:1": "#

  @Test(arguments: [
    // containerd
    (containerd + "127.0.0.1:5000/a:1: not found", RuntimeMessage.Cause.notFound),
    (
      containerd
        + #"failed to do request: Head "http://127.0.0.1:5999/v2/x/manifests/1": dial tcp 127.0.0.1:5999: connect: connection refused"#,
      .refused
    ),
    (
      containerd
        + #"failed to do request: Head "https://registry.invalid/v2/x/manifests/1": dial tcp: lookup registry.invalid on 10.0.0.1:53: no such host"#,
      .noSuchHost
    ),
    (
      containerd
        + #"failed to do request: Head "https://h/v2/x/manifests/1": x509: certificate signed by unknown authority"#,
      .tls
    ),
    (
      containerd
        + #"failed to do request: Head "https://h/v2/x/manifests/1": http: server gave HTTP response to HTTPS client"#,
      .tls
    ),
    (
      containerd + #"failed to do request: Head "https://h/v2/": net/http: TLS handshake timeout"#,
      .timedOut
    ),
    (
      containerd + "failed to authorize: failed to fetch anonymous token: unexpected status: 401 Unauthorized",
      .unauthorized
    ),
    (
      containerd
        + "pull access denied, repository does not exist or may require authorization: authorization failed: no basic auth credentials",
      .unauthorized
    ),
    (
      containerd
        + "pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed",
      .denied
    ),
    (
      containerd + #"unexpected status from HEAD request to http://h/v2/x/manifests/1: 403 Forbidden"#,
      .denied
    ),
    (containerd + "unexpected status code [manifests 1]: 429 Too Many Requests", .rateLimited),
    (containerd + "unexpected status code [manifests 1]: 500 Internal Server Error", .fault),
    (
      #"failed to pull and unpack image "a": json: cannot unmarshal number into Go struct field Manifest.annotations of type string"#,
      .malformedImage
    ),
    (#"error parsing HTTP 403 response body: unexpected end of JSON input: """#, .denied),
    (
      #"failed to pull and unpack image "a": mismatched image rootfs and manifest layers"#, .malformedImage
    ),
    (
      #"failed to pull and unpack image "a": children: invalid desc sha256:00: media-type: expected manifest but found index (application/vnd.oci.image.manifest.v1+json)"#,
      .malformedImage
    ),
    (
      #"failed to pull and unpack image "a": no match for platform in manifest sha256:00: not found"#,
      .noPlatform
    ),
    (
      #"failed to pull and unpack image "a": failed to copy: failed to send write: write /var/lib/containerd/x/data: no space left on device: unknown"#,
      .noSpace
    ),
    (
      #"failed to pull and unpack image "a": failed commit on ref "layer-sha256:1": unexpected commit digest sha256:2, expected sha256:1: failed precondition"#,
      .digestMismatch
    ),
    (
      #"failed to pull and unpack image "a": failed commit on ref "layer-sha256:1": "layer-sha256:1" failed size validation: 3 != 4: failed precondition"#,
      .truncated
    ),
    // CRI-O
    (
      "reading manifest v9 in 127.0.0.1:5000/denied/not-found: manifest unknown", .notFound
    ),
    (
      #"choosing an image from manifest list docker://a: no image found in image index for architecture "amd64", variant "", OS "linux""#,
      .noPlatform
    ),
    (
      #"initializing source docker://h/a:1: pinging container registry h: Get "https://h/v2/": dial tcp: i/o timeout"#,
      .timedOut
    ),
    ("unable to retrieve auth token: invalid username/password: unauthorized: bad", .unauthorized),
    ("writing blob: adding layer with blob sha256:1: write /x: no space left on device", .noSpace),
    // Docker
    ("manifest for 127.0.0.1:5000/a:9 not found: manifest unknown: manifest unknown", .notFound),
    (
      "pull access denied for a, repository does not exist or may require 'docker login': denied: requested access to the resource is denied",
      .denied
    ),
    (#"Head "http://127.0.0.1:5000/v2/a/manifests/1": no basic auth credentials"#, .unauthorized),
    ("no matching manifest for linux/amd64 in the manifest list entries", .noPlatform),
    ("toomanyrequests: You have reached your pull rate limit.", .rateLimited),
    ("filesystem layer verification failed for digest sha256:1", .digestMismatch),
    ("write /var/lib/docker/tmp/GetImageBlob1: no space left on device", .noSpace),
    ("unexpected EOF", .truncated),
    ("received unexpected HTTP status: 500 Internal Server Error", .fault),
  ]) func tellsTheCause(_ text: String, _ cause: RuntimeMessage.Cause) {
    #expect(RuntimeMessage(text, about: Self.reference).cause == cause)
  }

  @Test(arguments: [
    "failed to pull image \"127.0.0.1:5000/denied/not-found:unauthorized\": out of cheese",
    "cannot handle 127.0.0.1:5000/denied/not-found:unauthorized today",
    "",
  ]) func isNotMisledByNames(_ text: String) {
    #expect(RuntimeMessage(text, about: Self.reference).cause == nil)
  }

  @Test func keepsTheCauseOnly() {
    #expect(RuntimeMessage(Self.containerd + "127.0.0.1:5000/a:1: not found").text == "127.0.0.1:5000/a:1: not found")
    #expect(RuntimeMessage("rpc error: code = Unknown desc = failed to copy: it broke").text == "it broke")
    #expect(RuntimeMessage("one\ntwo\r\n").text == "one two")
    #expect(RuntimeMessage(String(repeating: "x", count: 5000)).text.count == 300)
  }

  @Test func cutsSignatures() {
    let text = #"Get "https://bucket.example/blob?X-Signature=secret&b=1": EOF, then http://h/a?token=secret"#
    #expect(RuntimeMessage(text).text == #"Get "https://bucket.example/blob": EOF, then http://h/a"#)
  }
}
