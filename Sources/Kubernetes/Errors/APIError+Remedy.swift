import Documents

extension APIError {
  /// Puts what happened into words, and says what to do.
  mutating func explain(_ status: Status, user: String?) {
    let place = namespace.map { "the namespace '\($0)'" } ?? "the cluster"
    switch code {
    case .forbidden: explainForbidden(user: user, place: place)
    case .unauthorized:
      detail = "the API server does not accept the credentials" + (user.map { " of the user '\($0)'" } ?? "")
      remedy = "Log in again, or check which user the context uses: kubectl config view --minify."
    case .notFound:
      if status.details?.kind == "namespaces", let missing = status.details?.name {
        detail = "the namespace '\(missing)' does not exist"
        remedy = "Create it with kubectl create namespace \(missing), or choose another with --namespace."
      } else if status.details?.name == nil || message.contains("could not find the requested resource") {
        detail = "the API server does not know \(resource)" + (message.isEmpty ? "" : ": \(message)")
        remedy = "Check the server's address, and that the cluster serves this kind: kubectl api-resources."
      } else {
        remedy = "Check the name and the namespace."
      }
    case .alreadyExists: remedy = "Choose another name, or delete the one that is there."
    case .conflict:
      remedy =
        verb == "patch" && !causes.isEmpty
        ? "Somebody else manages these fields: \(causes.map(\.field).filter { !$0.isEmpty }.joined(separator: ", "))."
        : "Somebody changed it meanwhile: read it again and repeat."
    case .invalid:
      let texts = causes.map { $0.field.isEmpty ? $0.message : "\($0.field): \($0.message)" }
      if !texts.isEmpty { detail = ForeignText.clean(texts.joined(separator: "; ")) }
      remedy = "Correct these fields."
    case .gone: remedy = "List again."
    case .tooManyRequests: remedy = "The API server is busy: try again in a while."
    case .timedOut: remedy = "The API server was too slow: try again, or allow more with --request-timeout."
    case .namespaceTerminating:
      detail = "\(place) is being deleted"
      remedy = "Wait until it is gone and create it again, or choose another with --namespace."
    case .podSecurity: explainPodSecurity(place: place)
    case .quotaExceeded:
      remedy =
        "Raise the quota, or free some of it: kubectl describe quota" + (namespace.map { " -n \($0)" } ?? "") + "."
    case .quotaDemands:
      remedy =
        "Give the pods the requests and limits that the quota asks for: kubectl describe quota"
        + (namespace.map { " -n \($0)" } ?? "") + "."
    case .limitRange:
      remedy =
        "Give the pods requests and limits within the namespace's rules: kubectl describe limitrange"
        + (namespace.map { " -n \($0)" } ?? "") + "."
    case .webhookDenied: remedy = "The refusal comes from an admission policy of the cluster: ask who runs it."
    case .serverError:
      remedy =
        message.contains("failed calling webhook")
        ? "An admission webhook does not answer: check its pods, or its failurePolicy."
        : "Try again; if it stays, look at the API server's log."
    case .tooLarge: remedy = "Send less at once."
    case .methodNotAllowed: remedy = "This cluster's version may be too old, or the address is another program's."
    case .malformed: remedy = "Is this the address of a Kubernetes API server?"
    case .badRequest: remedy = "This cluster's version may be too old or too new for this prepull; please report it."
    case .unreachable, .interrupted, .tls, .credentials: break
    }
  }

  private mutating func explainForbidden(user: String?, place: String) {
    guard let permission else {
      // Admission plugins refuse with the same code as the authorizer, but name no user.
      remedy =
        message.contains(" is forbidden: ")
        ? "This is no missing permission: a rule of the cluster refuses the object. Ask who runs the cluster."
        : "Ask who runs the cluster for this permission."
      return
    }
    let place = permission.namespace.map { "in the namespace '\($0)'" } ?? "in the whole cluster"
    let group = permission.group.isEmpty ? "" : ".\(permission.group)"
    detail = "'\(permission.user)' may not \(permission.verb) \(permission.resource)\(group) \(place)"
    let isCluster = permission.namespace == nil
    remedy =
      "A \(isCluster ? "ClusterRole" : "Role") with the verb '\(permission.verb)' on '\(permission.resource)\(group)' "
      + "has to be bound to it\(permission.namespace.map { " in '\($0)'" } ?? "")."
  }

  /// The label that forbids it, and what the pod violates.
  private mutating func explainPodSecurity(place: String) {
    let parts = message.split(separator: "violates PodSecurity ", maxSplits: 1)
    let level = parts.last?.split(separator: "\"").first.map(String.init) ?? ""
    let name = level.prefix { $0 != ":" }
    let violations = message.firstRange(of: "\": ").map { message[$0.upperBound...] } ?? ""
    detail = "Pod Security '\(level)' of \(place) forbids the pod" + (violations.isEmpty ? "" : ": \(violations)")
    remedy =
      "Its label pod-security.kubernetes.io/enforce=\(name) says so: choose another namespace, or have the label changed."
  }
}

extension APIError.Permission {
  /// Reads `User "u" cannot list resource "pods" in API group "" in the namespace "n"`, or `at the cluster scope`.
  init?(parsing message: String) {
    func quoted(after mark: String) -> String? {
      guard let start = message.firstRange(of: mark) else { return nil }
      let rest = message[start.upperBound...]
      return rest.firstIndex(of: "\"").map { String(rest[..<$0]) }
    }
    guard let user = quoted(after: "User \""), let cannot = message.firstRange(of: "\" cannot "),
      let verb = message[cannot.upperBound...].split(separator: " ").first
    else { return nil }
    if let resource = quoted(after: " resource \"") {
      self.init(
        user: user, verb: String(verb), resource: resource, group: quoted(after: "in API group \"") ?? "",
        namespace: quoted(after: "in the namespace \""))
    } else if let path = quoted(after: " path \"") {
      self.init(user: user, verb: String(verb), resource: path, group: "", namespace: nil)
    } else {
      return nil
    }
  }
}
