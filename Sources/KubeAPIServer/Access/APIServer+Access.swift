package import Documents
import Hummingbird

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension APIServer {
  /// Whether somebody may do something: what a fault refuses first, then the roles.
  func verdict(on attempt: AccessAttempt) -> RBACAuthorizer.Verdict {
    if faults.refuses(attempt) { return .init(isAllowed: false, reason: "") }
    return authorizer?.verdict(on: attempt)
      ?? .init(isAllowed: true, reason: "the server allows everything that is not denied explicitly")
  }

  /// - Throws: 403.
  func require(_ attempt: AccessAttempt) throws(StatusError) {
    let verdict = verdict(on: attempt)
    if !verdict.isAllowed { throw attempt.refusal(verdict.reason) }
  }

  /// The reviews: asked, never stored.
  func review(_ call: APICall) throws -> Response {
    guard call.verb == .create else { throw StatusError.methodNotAllowed() }
    var review = try call.object()
    review["kind"] = .string(call.definition.kind)
    review["apiVersion"] = .string(call.definition.apiVersion)
    review["metadata"] = ["creationTimestamp": .null]
    let spec = review["spec"] ?? [:]
    switch call.definition.kind {
    case "SelfSubjectAccessReview": review["status"] = status(ofReview: spec, about: call.user)
    case "SubjectAccessReview", "LocalSubjectAccessReview":
      try Self.check(spec, of: call.definition.kind)
      review["status"] = status(
        ofReview: spec,
        about: ServerUser(
          name: spec["user"]?.string ?? "", groups: (spec["groups"]?.array ?? []).compactMap(\.string),
          uid: spec["uid"]?.string))
    case "SelfSubjectRulesReview":
      let rules =
        authorizer?.rules(for: call.user, in: spec["namespace"]?.string ?? "").map(\.json)
        ?? [["verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]], ["verbs": ["*"], "nonResourceURLs": ["*"]]]
      review["status"] = [
        "resourceRules": .array(rules.filter { $0["nonResourceURLs"] == nil }),
        "nonResourceRules": .array(rules.filter { $0["nonResourceURLs"] != nil }), "incomplete": false,
      ]
    case "TokenReview":
      let token = spec["token"]?.string ?? ""
      if token.isEmpty { throw StatusError.badRequest("token is required for TokenReview in authentication") }
      let found = authenticator.review(token, for: (spec["audiences"]?.array ?? []).compactMap(\.string))
      review["status"] =
        found.map { user, audiences in
          ["authenticated": true, "user": Self.info(user), "audiences": .array(audiences.map(JSON.string))]
        }
        ?? ["user": [:], "error": "invalid bearer token"]
    default: review["status"] = ["userInfo": Self.info(call.user)]
    }
    return Self.response(201, review)
  }

  /// - Throws: 422, as `pkg/apis/authorization/validation` does.
  private static func check(_ spec: JSON, of kind: String) throws(StatusError) {
    var problems: [FieldProblem] = []
    if (spec["resourceAttributes"] == nil) == (spec["nonResourceAttributes"] == nil) {
      problems.append(
        .invalid(
          "spec.resourceAttributes", spec["resourceAttributes"] ?? .null,
          "exactly one of nonResourceAttributes or resourceAttributes must be specified"))
    }
    if spec["user"]?.string ?? "" == "", spec["groups"]?.array?.isEmpty ?? true {
      problems.append(.invalid("spec.user", spec["user"] ?? "", "at least one of user or group must be specified"))
    }
    if problems.isEmpty { return }
    throw .invalid(
      ResourceName(group: "authorization.k8s.io", plural: kind.lowercased() + "s"), kind: kind, name: "", problems)
  }

  static func info(_ user: ServerUser) -> JSON {
    var info: JSON = ["username": .string(user.name), "groups": .array(user.groups.map(JSON.string))]
    if let uid = user.uid { info["uid"] = .string(uid) }
    if !user.extra.isEmpty { info["extra"] = .object(user.extra.mapValues { .array($0.map(JSON.string)) }) }
    return info
  }

  private func status(ofReview spec: JSON, about user: ServerUser) -> JSON {
    let verdict: RBACAuthorizer.Verdict
    if let wanted = spec["resourceAttributes"] {
      func text(_ field: String) -> String? { wanted[field]?.string.flatMap { $0.isEmpty ? nil : $0 } }
      let parts = (text("resource") ?? "").split(separator: "/", maxSplits: 1).map(String.init)
      verdict = self.verdict(
        on: AccessAttempt(
          user: user, verb: text("verb") ?? "", group: text("group") ?? "", plural: parts.first ?? "",
          subresource: text("subresource") ?? parts.dropFirst().first, namespace: text("namespace"), name: text("name"))
      )
    } else {
      let wanted = spec["nonResourceAttributes"] ?? [:]
      verdict =
        authorizer?.verdict(on: wanted["path"]?.string ?? "", verb: wanted["verb"]?.string ?? "", by: user)
        ?? .init(isAllowed: true, reason: "")
    }
    var status: JSON = ["allowed": .bool(verdict.isAllowed)]
    if !verdict.reason.isEmpty { status["reason"] = .string(verdict.reason) }
    return status
  }

  /// A token of a service account, for a container that mounts one; nil where accounts have none. It ends with the pod.
  ///
  /// - Parameter audience: whom it is shown to; nil for this server.
  package func token(for account: JSON, pod: JSON, lifetime: Duration, audience: String? = nil) -> String? {
    let audiences = [audience ?? ServiceAccountTokens.audience]
    return (try? authenticator.accounts?.token(for: account, pod: pod, lifetime: lifetime, audiences: audiences))?.text
  }

  /// A token for a service account: `kubectl create token`.
  func makeToken(_ call: APICall) throws -> Response {
    let name = call.name ?? ""
    guard let tokens = authenticator.accounts else { throw StatusError.unknownPath }
    guard let account = store.get(.serviceAccounts, namespace: call.namespace, name: name) else {
      throw StatusError.notFound(.serviceAccounts, name)
    }
    var request = try call.object()
    let seconds = request[path: "spec", "expirationSeconds"]?.integer ?? 3600
    guard seconds >= 600 else {
      throw StatusError.invalid(
        ResourceName(group: "authentication.k8s.io", plural: "tokenrequests"), kind: "TokenRequest", name: "",
        [
          .invalid("spec.expirationSeconds", .integer(seconds), "may not specify a duration less than 10 minutes")
        ])
    }
    var pod: JSON?
    if let bound = request[path: "spec", "boundObjectRef"], bound != .null {
      guard bound["kind"] == "Pod" else {
        throw StatusError.badRequest("cannot bind token to object of type \(bound["kind"]?.string ?? "")")
      }
      let podName = bound["name"]?.string ?? ""
      pod = store.get(.pods, namespace: call.namespace, name: podName)
      guard let pod else { throw StatusError.notFound(.pods, podName) }
      guard pod[path: "spec", "serviceAccountName"]?.string == name else {
        throw StatusError.badRequest(
          "cannot bind token for serviceaccount \"\(name)\" to pod running with different serviceaccount name.")
      }
      if let uid = bound["uid"]?.string, !uid.isEmpty, uid != pod.uid {
        throw StatusError.conflict(
          .pods, podName,
          "the UID in the bound object reference (\(uid)) does not match the UID in record. The object might have been "
            + "deleted and then recreated")
      }
    }
    let audiences = (request[path: "spec", "audiences"]?.array ?? []).compactMap(\.string)
    let token = try tokens.token(
      for: account, pod: pod, lifetime: .seconds(seconds),
      audiences: audiences.isEmpty ? [ServiceAccountTokens.audience] : audiences)
    request["kind"] = "TokenRequest"
    request["apiVersion"] = "authentication.k8s.io/v1"
    request["metadata"] = [
      "name": .string(name), "namespace": .string(call.namespace ?? ""), "creationTimestamp": .string(store.timestamp),
    ]
    request[path: "spec", "expirationSeconds"] = .integer(seconds)
    if audiences.isEmpty { request[path: "spec", "audiences"] = [.string(ServiceAccountTokens.audience)] }
    request["status"] = [
      "token": .string(token.text), "expirationTimestamp": .string(token.expires.formatted(.iso8601)),
    ]
    return Self.response(201, request)
  }
}
