import Foundation
import Testing

@testable import Kubernetes

@Suite("Errors of the API", .timeLimit(.minutes(5)))
struct APIErrorTests {
  static let pods = DynamicResource(Pod.self)

  static func error(
    _ status: Int, _ body: String, _ verb: APIRequest.Verb = .create, type: String = "application/json",
    name: String? = nil
  ) -> APIError {
    APIError(
      status: status, body: Array(body.utf8), contentType: type,
      to: APIRequest(verb, pods, namespace: "web", name: name), user: "dev")
  }

  static func status(_ code: Int, _ reason: String, _ message: String, details: String = "{}") -> String {
    #"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"\#(message)","reason":"\#(reason)","#
      + #""details":\#(details),"code":\#(code)}"#
  }

  @Test("What an admission rule refuses is not called a missing permission")
  func refusalOfAdmission() {
    let refusals = [
      "failed quota: compute: must specify limits.cpu for: c", "maximum cpu usage per Pod is 1, but limit is 2",
      "no PriorityClass with name high was found",
    ]
    for text in refusals {
      let error = Self.error(403, Self.status(403, "Forbidden", #"pods \"a\" is forbidden: \#(text)"#))
      #expect(!error.remedy.contains("this permission"), "\(text): \(error.remedy)")
      #expect(error.detail.contains(text))
    }
  }

  @Test(
    "A server that speaks HTTPS and was asked without it is named",
    arguments: [
      ("Client sent an HTTP request to an HTTPS server.\n", "text/plain"),
      ("<html><head><title>400 The plain HTTP request was sent to HTTPS port</title></head></html>", "text/html"),
    ])
  func withoutTLS(body: String, type: String) {
    let error = Self.error(400, body, type: type)
    #expect(error.code == .tls && error.detail == "the server speaks HTTPS on this port, and its address says http")
    #expect(error.remedy.hasPrefix("Write https:// in the server's address"))
    #expect(Self.error(400, "bad", type: type).code != .tls)
  }

  @Test("Each refusal has its code, whatever reason it wears")
  func codes() {
    let cases: [(Int, String, APIError.Code)] = [
      (404, Self.status(404, "NotFound", #"pods \"a\" not found"#, details: #"{"name":"a","kind":"pods"}"#), .notFound),
      (409, Self.status(409, "AlreadyExists", #"pods \"a\" already exists"#), .alreadyExists),
      (409, Self.status(409, "Conflict", "Operation cannot be fulfilled"), .conflict),
      (401, Self.status(401, "Unauthorized", "Unauthorized"), .unauthorized),
      (410, Self.status(410, "Expired", "too old resource version: 1 (2)"), .gone),
      (
        504,
        Self.status(
          504, "Timeout", "Too large resource version: 9, current: 3",
          details: #"{"causes":[{"reason":"ResourceVersionTooLarge","message":"Too large resource version"}]}"#), .gone
      ),
      (429, Self.status(429, "TooManyRequests", "slow down", details: #"{"retryAfterSeconds":3}"#), .tooManyRequests),
      (504, Self.status(504, "Timeout", "request timed out"), .timedOut),
      (500, Self.status(500, "InternalError", "Internal error occurred: boom"), .serverError),
      (405, Self.status(405, "MethodNotAllowed", "the server does not allow this method"), .methodNotAllowed),
      (413, "", .tooLarge), (503, "no endpoints", .serverError), (400, "bad", .badRequest),
      (
        403,
        Self.status(
          403, "Forbidden",
          #"pods \"a\" is forbidden: unable to create new content in namespace web because it is being terminated"#,
          details: #"{"causes":[{"reason":"NamespaceTerminating","message":"namespace web is being terminated"}]}"#),
        .namespaceTerminating
      ),
      (
        403,
        Self.status(
          403, "Forbidden",
          #"pods \"a\" is forbidden: exceeded quota: q, requested: pods=1, used: pods=2, limited: pods=2"#),
        .quotaExceeded
      ),
      (
        403,
        Self.status(
          403, "Forbidden",
          #"pods \"a\" is forbidden: failed quota: compute: must specify limits.cpu for: c; limits.memory for: c"#),
        .quotaDemands
      ),
      (
        403,
        Self.status(
          403, "Forbidden",
          #"pods \"a\" is forbidden: minimum memory usage per Container is 64Mi, but request is 1Mi"#),
        .limitRange
      ),
      (
        403,
        Self.status(
          403, "Forbidden",
          #"pods \"a\" is forbidden: cpu max limit to request ratio per Container is 2, but provided ratio is 10.000000"#
        ),
        .limitRange
      ),
      (400, Self.status(400, "", #"admission webhook \"w.example\" denied the request: no"#), .webhookDenied),
      (
        422,
        Self.status(
          422, "Invalid", #"pods \"a\" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no"#
        ),
        .webhookDenied
      ),
    ]
    for (status, body, code) in cases {
      let error = Self.error(status, body)
      #expect(error.code == code, "\(body)")
      #expect(!error.remedy.isEmpty, "\(body)")
      #expect(error.status == status && !error.description.contains("\n"))
    }
    #expect(Self.error(429, cases[6].1).retryAfter == .seconds(3))
  }

  @Test("The missing permission is named")
  func forbidden() {
    let message =
      #"pods is forbidden: User \"system:serviceaccount:ci:run\" cannot create resource \"pods\" in API group \"\" in the namespace \"web\""#
    let error = Self.error(403, Self.status(403, "Forbidden", message, details: #"{"kind":"pods"}"#))
    #expect(
      error.permission
        == .init(user: "system:serviceaccount:ci:run", verb: "create", resource: "pods", group: "", namespace: "web"))
    #expect(
      error.description
        == "cannot create pods in the namespace 'web': 'system:serviceaccount:ci:run' may not create pods in the namespace "
        + "'web'. A Role with the verb 'create' on 'pods' has to be bound to it in 'web'.")
    let cluster = APIError.Permission(
      parsing:
        #"nodes is forbidden: User "u" cannot list resource "daemonsets/status" in API group "apps" at the cluster scope"#
    )
    #expect(cluster == .init(user: "u", verb: "list", resource: "daemonsets/status", group: "apps", namespace: nil))
    #expect(APIError.Permission(parsing: #"forbidden: User "u" cannot get path "/version""#)?.resource == "/version")
    #expect(APIError.Permission(parsing: "no such words") == nil)
  }

  @Test("Pod Security names the label and what the pod violates")
  func podSecurity() {
    let message =
      #"pods \"a\" is forbidden: violates PodSecurity \"restricted:latest\": allowPrivilegeEscalation != false (container \"c\" must set securityContext.allowPrivilegeEscalation=false)"#
    let error = Self.error(403, Self.status(403, "Forbidden", message))
    #expect(error.code == .podSecurity && !error.isRetryable)
    #expect(
      error.detail.hasPrefix("Pod Security 'restricted:latest' of the namespace 'web' forbids the pod: allowPriv"))
    #expect(error.remedy.contains("pod-security.kubernetes.io/enforce=restricted"))
  }

  @Test("A missing namespace and an unknown kind are distinguished from a missing object")
  func notFound() {
    let namespace = Self.error(
      404,
      Self.status(404, "NotFound", #"namespaces \"web\" not found"#, details: #"{"name":"web","kind":"namespaces"}"#))
    #expect(namespace.detail == "the namespace 'web' does not exist")
    let kind = Self.error(404, Self.status(404, "NotFound", "the server could not find the requested resource"), .list)
    #expect(kind.detail.hasPrefix("the API server does not know pods"))
    #expect(Self.error(404, "404 page not found", .list, type: "text/plain").code == .notFound)
  }

  @Test("The causes of an invalid object are reported by field")
  func invalid() {
    let details =
      #"{"causes":[{"reason":"FieldValueInvalid","message":"Invalid value: \"A\"","field":"metadata.name"},{"message":"Required value","field":"spec.containers"}]}"#
    let error = Self.error(422, Self.status(422, "Invalid", "Pod is invalid", details: details))
    #expect(error.causes.map(\.field) == ["metadata.name", "spec.containers"])
    #expect(error.detail == #"metadata.name: Invalid value: "A"; spec.containers: Required value"#)
  }

  @Test("Pages, nonsense and endless texts stay one short line")
  func texts() {
    let page = Self.error(200, "<html><body>Log in</body></html>", type: "text/html")
    #expect(page.code == .malformed && page.detail.contains("HTML"))
    #expect(Self.error(502, "<html>Bad gateway</html>", type: "text/html").code == .malformed)
    let long = Self.error(500, String(repeating: "a\u{1b}[31m\n", count: 100_000), type: "text/plain")
    #expect(long.message.count <= 600 && !long.message.contains("\u{1b}") && !long.message.contains("\n"))
    #expect(Self.error(500, "").detail == "the API server answers 500")
    #expect(Self.error(403, #"{"message":null,"kind":"Status","details":{"causes":null}}"#).code == .forbidden)
  }

  @Test("What servers say is cleaned where it enters: names and fields of a status, messages of events")
  func cleaned() throws {
    let details =
      #"{"name":"a\u001b[31m","kind":"namespaces","causes":[{"field":"spec\u001b[2J.x","message":"no\r\nway"}]}"#
    for (code, reason) in [(404, "NotFound"), (422, "Invalid"), (403, "Forbidden")] {
      let message = #"User \"u\u001b[1m\" cannot list resource \"pods\u0007\" in API group \"\" at the cluster scope"#
      let body = #"{"kind":"Status","reason":"\#(reason)","message":"\#(message)","details":\#(details)}"#
      let error = Self.error(code, body)
      for text in [error.description, error.name ?? "", error.permission?.user ?? "", error.permission?.resource ?? ""]
        + error.causes.flatMap({ [$0.field, $0.message] })
      {
        #expect(!text.unicodeScalars.contains { $0.properties.generalCategory == .control }, "\(text.debugDescription)")
      }
    }
    let json =
      #"{"metadata":{"name":"e"},"involvedObject":{},"reason":"Fa\u001b[2Jiled","message":"a\u001b]0;x\u0007\nb"}"#
    let event = try JSONDecoder().decode(Event.self, from: Data(json.utf8))
    #expect(event.message == "a ]0;x b" && event.reason == "Fa [2Jiled")
  }
}
