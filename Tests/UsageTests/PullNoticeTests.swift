import Usage
import Kubernetes
import Testing

private let digest = String(repeating: "0123456789abcdef", count: 4)

@Suite("Kubelets' events about images", .timeLimit(.minutes(10)))
struct PullNoticeTests {
  private static func event(
    _ reason: String, _ message: String, pod: String = "front-1", container: String = "app"
  ) -> Event {
    var event = Event(
      metadata: ObjectMeta(name: "e", namespace: "web"),
      involvedObject: .init(
        kind: "Pod", namespace: "web", name: pod, uid: "u", fieldPath: "spec.containers{\(container)}"))
    event.reason = reason
    event.message = message
    event.type = reason == "Failed" ? "Warning" : "Normal"
    event.lastTimestamp = "2026-01-02T03:04:05Z"
    event.source = .init(component: "kubelet", host: "node-1")
    return event
  }

  @Test(
    "Each wording since 1.24 is read",
    arguments: [
      (
        "Successfully pulled image \"nginx:1.27\" in 4.1s (5.3s including waiting). Image size: 120021710 bytes.",
        ImageStart.Outcome.pulled(pull: .seconds(4.1), wait: .seconds(5.3)), Int64?(120_021_710)
      ),
      (
        "Successfully pulled image \"nginx:1.27\" in 850ms (1m2.5s including waiting)",
        .pulled(pull: .seconds(0.85), wait: .seconds(62.5)), nil
      ),
      (
        "Successfully pulled image \"nginx:1.27\" in 4.123456789s", .pulled(pull: .seconds(4.123456789), wait: nil), nil
      ),
      ("Successfully pulled image \"nginx:1.27\"", .pulled(pull: nil, wait: nil), nil),
      ("Container image \"nginx:1.27\" already present on machine", .found, nil),
      (
        "Container image \"nginx:1.27\" already present on machine and can be accessed by the pod", .found, nil
      ),
      (
        "(combined from similar events): Container image \"nginx:1.27\" already present on machine", .found, nil
      ),
    ])
  func pulled(message: String, outcome: ImageStart.Outcome, bytes: Int64?) throws {
    let notice = try #require(PullNotice(Self.event("Pulled", message)))
    #expect(notice.start.image == "nginx:1.27")
    #expect(notice.start.outcome == outcome)
    #expect(notice.start.bytes == bytes)
    #expect(notice.start.time == 1_767_323_045)
    #expect(notice.node == "node-1" && notice.pod == "front-1" && notice.namespace == "web")
    #expect(!notice.isOwn)
  }

  @Test func failuresCountWhenTheyAreAboutThePull() throws {
    let failed = Self.event("Failed", "Failed to pull image \"nosuch:1\": rpc error: code = NotFound")
    #expect(try #require(PullNotice(failed)).start.outcome == .failed)
    #expect(PullNotice(Self.event("Failed", "Error: ErrImagePull")) == nil)
    #expect(PullNotice(Self.event("BackOff", "Back-off pulling image \"nosuch:1\"")) == nil)
    #expect(PullNotice(Self.event("Pulling", "Pulling image \"nosuch:1\"")) == nil)
  }

  @Test func eventsWithoutAnImageOrATimeTellNothing() {
    #expect(PullNotice(Self.event("Pulled", "Successfully pulled an image")) == nil)
    #expect(PullNotice(Self.event("Pulled", "Container image \"\" already present on machine")) == nil)
    var timeless = Self.event("Pulled", "Container image \"nginx:1.27\" already present on machine")
    timeless.lastTimestamp = "yesterday"
    #expect(PullNotice(timeless) == nil)
  }

  @Test func prepullsOwnPodsAreKnownByTheNamesOfTheirContainers() throws {
    let message = "Successfully pulled image \"registry.example.com/shop/web:2.0\" in 4s"
    for (container, isOwn) in [("web-2-0", true), ("web-2-0-2", true), ("web", false), ("web-2-0-x", false)] {
      #expect(try #require(PullNotice(Self.event("Pulled", message, container: container))).isOwn == isOwn)
    }
  }

  @Test(
    "Whatever form the image has, the names of our pods and their containers tell",
    arguments: [
      ("nginx", "nginx-latest"), ("docker.io/library/nginx", "nginx-latest"), ("nginx@sha256:\(digest)", "nginx"),
      ("registry.example:5000/shop/Web_App@sha256:\(digest)", nil),
      ("registry.example:5000/shop/web_app@sha256:\(digest)", "web-app"),
      ("docker.io/library/nginx:1.27", "nginx-1-27"), ("nginx:1.27@sha256:\(digest)", "nginx-1-27"),
      ("nginx:latest", "nginx-latest"),
    ] as [(String, String?)])
  func ownPods(image: String, container: String?) throws {
    func isOwn(_ pod: String, _ container: String) throws -> Bool {
      let message = "Container image \"\(image)\" already present on machine"
      return try #require(PullNotice(Self.event("Pulled", message, pod: pod, container: container))).isOwn
    }
    guard let container else { return #expect(try !isOwn("prepull-web-bcdfg-1", "web-app")) }
    for pod in ["prepull-nginx-bcdfg-12", "mine-x2vbn-1", "front-x2vbnx2vbn", "prepull-web-x2vbn"] {
      #expect(try isOwn(pod, container))
      #expect(try isOwn(pod, container + "-2"))
      #expect(try !isOwn(pod, "sidecar"))
    }
    // People's own containers are often called as their image is; with its tag they are not.
    for pod in ["nginx-5d4f8c7b9-x2vbn", "nginx-0", "nginx", "web-cache-1"] {
      #expect(try isOwn(pod, container) == ["nginx-1-27", "nginx-latest"].contains(container))
    }
  }
}
