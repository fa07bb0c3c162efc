@testable import Warming
import ImageModel
import Kubernetes
import Testing

/// Texts as kubelets write them.
@Suite("What the kubelet says about images", .timeLimit(.minutes(10)))
struct KubeletMessageTests {
  private static let containerd =
    #"rpc error: code = NotFound desc = failed to pull and unpack image "docker.io/library/nginx:nope": failed to resolve reference "docker.io/library/nginx:nope": "#

  @Test(
    "The cause is read, with what waiting means",
    arguments: [
      ("ErrImagePull", containerd + "docker.io/library/nginx:nope: not found", "notFound", FailureNature.final),
      (
        "ImagePullBackOff",
        #"Back-off pulling image "nginx:nope": ErrImagePull: \#(containerd)docker.io/library/nginx:nope: not found"#,
        "notFound", .final
      ),
      (
        "Failed", #"Failed to pull image "nginx:nope": \#(containerd)docker.io/library/nginx:nope: not found"#,
        "notFound", .final
      ),
      (
        "ErrImagePull",
        containerd
          + "pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed",
        "denied", .final
      ),
      (
        "ErrImagePull",
        containerd + "failed to authorize: failed to fetch oauth token: unexpected status: 401 Unauthorized",
        "unauthorized", .final
      ),
      (
        "ErrImagePull",
        containerd + "failed to do request: Head: dial tcp: lookup r.invalid on 10.0.0.1:53: no such host",
        "noSuchHost", .passing
      ),
      (
        "ErrImagePull", containerd + "failed to do request: Head: x509: certificate signed by unknown authority", "tls",
        .passing
      ),
      (
        "ErrImagePull", containerd + "failed to do request: Head: dial tcp 10.0.0.1:443: i/o timeout", "timedOut",
        .passing
      ),
      (
        "ErrImagePull",
        containerd
          + "unexpected status code: 429 Too Many Requests - Server message: toomanyrequests: You have reached your pull rate limit",
        "rateLimited", .passing
      ),
      (
        "ErrImagePull", "failed to copy: failed to send write: write /var/lib/x: no space left on device: unknown",
        "noSpace", .local
      ),
      ("ErrImagePull", "no match for platform in manifest sha256:00: not found", "noPlatform", .final),
      ("ErrImagePull", "mismatched image rootfs and manifest layers", "malformedImage", .final),
      (
        "InvalidImageName", #"Failed to apply default image tag "A:B:C": couldn't parse image name"#, "invalidName",
        .final
      ),
      (
        "ErrImageNeverPull", #"Container image "nginx:nope" is not present with pull policy of Never"#, "neverPull",
        .local
      ),
      ("ErrImagePull", "pull QPS exceeded", "throttled", .local),
      ("ImagePullBackOff", #"Back-off pulling image "nginx:nope""#, "fault", .passing),
    ])
  func causes(reason: String, message: String, code: String, nature: FailureNature) throws {
    let read = KubeletMessage(reason: reason, message: message, about: try wanted("nginx:nope"))
    #expect(read.failure.code == code)
    #expect(read.nature == nature)
    #expect(!read.failure.detail.isEmpty && !read.failure.remedy.isEmpty)
    #expect(!read.failure.detail.contains("Failed to pull image") && !read.failure.detail.contains("rpc error"))
  }

  @Test("Events: the three texts of the kubelet, old and new, and the container that they are about")
  func events() throws {
    func read(_ reason: String, _ message: String, type: String = "Normal") -> PodEvent? {
      var event = Event(
        metadata: ObjectMeta(name: "e"),
        involvedObject: Event.ObjectReference(kind: "Pod", name: "p", fieldPath: "spec.containers{nginx-1}"))
      event.reason = reason
      event.message = message
      event.type = type
      return PodEvent(event)
    }
    #expect(read("Pulling", #"Pulling image "nginx:1""#)?.content == .pulling)
    #expect(read("Pulling", #"Pulling image "nginx:1""#)?.container == "nginx-1")
    #expect(
      read(
        "Pulled", #"Successfully pulled image "nginx:1" in 4.5s (6s including waiting). Image size: 120021710 bytes."#)?
        .content == .pulled(.milliseconds(4500), bytes: 120_021_710))
    #expect(
      read("Pulled", #"Successfully pulled image "nginx:1" in 1m2.5s (1m3s including waiting)"#)?.content
        == .pulled(.milliseconds(62_500), bytes: nil))
    #expect(read("Pulled", #"Successfully pulled image "nginx:1""#)?.content == .pulled(nil, bytes: nil))
    for end in ["", " and can be accessed by the pod"] {
      #expect(read("Pulled", #"Container image "nginx:1" already present on machine"# + end)?.content == .present)
    }
    #expect(read("Failed", "Error: ErrImagePull", type: "Warning") == nil)
    #expect(read("BackOff", #"Back-off pulling image "nginx:1""#) == nil)
    #expect(
      read("FailedMount", "MountVolume.SetUp failed", type: "Warning")?.content
        == .warning("FailedMount: MountVolume.SetUp failed"))
    for reason in ["MissingClusterDNS", "DNSConfigForming", "Unhealthy"] {
      #expect(read(reason, "says nothing of images", type: "Warning") == nil, "it keeps no pod from pulling")
    }
    #expect(read("Scheduled", "Successfully assigned") == nil)
  }

  @Test("Durations as Go writes them", arguments: [("850ms", 0.85), ("1h2m3s", 3723), ("12µs", 0.000012), ("0s", 0)])
  func durations(text: String, seconds: Double) {
    #expect(Duration(goText: text) == .seconds(seconds))
    #expect(Duration(goText: "4") == nil)
    #expect(Duration(goText: "") == nil)
  }

  @Test("imageID in the forms of the runtimes, and when it means another image than the one resolved")
  func identity() throws {
    let hex = String(repeating: "a", count: 64)
    for text in [
      "docker.io/library/nginx@sha256:\(hex)", "docker-pullable://nginx@sha256:\(hex)", "sha256:\(hex)", hex,
    ] {
      #expect(ImageIdentity(imageID: text)?.digest?.encoded == hex, "\(text)")
    }
    #expect(ImageIdentity(imageID: "") == nil)
    #expect(ImageIdentity(imageID: nil) == nil)

    let stated = try Digest(parsing: "sha256:\(hex)")
    let other = try Digest(parsing: "sha256:" + String(repeating: "b", count: 64))
    func meaning(_ text: String, of image: String = "nginx:1", resolved: Digest?) -> ImageIdentity.Meaning? {
      let resolution = resolved.map { ImageResolution(digest: $0, platforms: [], variants: [:]) }
      return ImageIdentity(imageID: text)?.meaning(for: image, resolved: resolution)
    }
    let nginx = "docker.io/library/nginx@sha256:\(hex)"
    #expect(meaning(nginx, resolved: stated) == .wanted(stated))
    #expect(meaning(nginx, resolved: nil) == .wanted(stated), "whatever the registry gave")
    #expect(meaning(nginx, resolved: other) == .other(stated))
    #expect(meaning(nginx, of: "nginx@\(other)", resolved: other) == .wanted(other), "a digest is what it says")
    #expect(meaning(nginx, of: "nginx@\(other)", resolved: nil) == .wanted(other))
    for resolved in [other, nil] {
      #expect(
        meaning("docker.io/other/nginx@sha256:\(hex)", resolved: resolved) == .elsewhere(stated),
        "the same content's other name")
      #expect(meaning("sha256:\(hex)", resolved: resolved) == .elsewhere(stated), "an ID that cannot be compared")
    }
    #expect(meaning("sha256:\(hex)", resolved: stated) == .wanted(stated), "the digest of its configuration")
    #expect(meaning("nginx:1", resolved: other) == .unstated)
  }
}
