/// Why a request to the API server did not do what was asked.
package struct APIError: Error, Hashable, Sendable, CustomStringConvertible {
  package enum Code: String, Hashable, Sendable {
    case notFound
    case alreadyExists
    /// Somebody else changed the object meanwhile, or owns the field.
    case conflict
    case forbidden
    case unauthorized
    /// The object breaks rules; see `causes`.
    case invalid
    /// 410: the resource version or continue token is too old.
    case gone
    case tooManyRequests
    case timedOut
    /// No connection: refused, no such host, no route.
    case unreachable
    /// The connection broke before the answer was whole.
    case interrupted
    /// The certificate of the server, or ours, does not pass.
    case tls
    case serverError
    case badRequest
    case methodNotAllowed
    case tooLarge
    case namespaceTerminating
    /// Pod Security admission refuses the pod.
    case podSecurity
    case quotaExceeded
    /// A ResourceQuota takes only pods that state requests or limits which this one does not.
    case quotaDemands
    /// A LimitRange refuses the pod's requests or limits.
    case limitRange
    /// An admission webhook or policy refuses the object.
    case webhookDenied
    /// The answer is not one of a Kubernetes API server.
    case malformed
    /// No credential could be had: a plugin failed, a file cannot be read.
    case credentials
  }

  /// One thing that is wrong with an object.
  package struct Cause: Hashable, Sendable {
    /// `spec.containers[0].image`; empty when it is about the whole.
    package let field: String
    package let message: String

    package init(field: String = "", message: String) {
      self.field = field
      self.message = message
    }
  }

  /// What the API server's authorizer missed.
  package struct Permission: Hashable, Sendable {
    package let user: String
    package let verb: String
    /// With the subresource: `pods/status`.
    package let resource: String
    /// Empty for the core group.
    package let group: String
    /// Nil when it is missing at the scope of the cluster.
    package let namespace: String?
  }

  package var code: Code
  /// The verb of the API: `get`, `list`, `watch`, `create`, `patch`, `delete`, …
  package var verb: String
  /// `pods`, `pods/status`; the path for requests that are not about objects.
  package var resource: String
  package var namespace: String?
  package var name: String?
  /// The HTTP status, nil when there was no answer.
  package var status: Int?
  /// What the server says, on one line and cut.
  package var message: String
  package var causes: [Cause]
  /// What `forbidden` misses, when the server tells.
  package var permission: Permission?
  package var retryAfter: Duration?
  /// Whether the same request may succeed later.
  package var isRetryable: Bool
  /// What happened, without any secret.
  package var detail: String
  package var remedy: String

  package init(
    _ code: Code, verb: String = "", resource: String = "", namespace: String? = nil, name: String? = nil,
    status: Int? = nil, message: String = "", causes: [Cause] = [], permission: Permission? = nil,
    retryAfter: Duration? = nil, isRetryable: Bool = false, detail: String, remedy: String = ""
  ) {
    self.code = code
    self.verb = verb
    self.resource = resource
    self.namespace = namespace
    self.name = name
    self.status = status
    self.message = message
    self.causes = causes
    self.permission = permission
    self.retryAfter = retryAfter
    self.isRetryable = isRetryable
    self.detail = detail
    self.remedy = remedy
  }

  /// `cannot create pods 'a' in the namespace 'b': why. What to do.`
  package var description: String {
    let name = name.map { " '\($0)'" } ?? ""
    let place = namespace.map { " in the namespace '\($0)'" } ?? ""
    let attempt = verb.isEmpty ? "" : "cannot \(verb) \(resource)\(name)\(place): "
    return attempt + detail + "." + (remedy.isEmpty ? "" : " \(remedy)")
  }
}
