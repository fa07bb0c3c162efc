import Documents

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension APIError {
  /// What an answer that is no success means.
  ///
  /// - Parameters:
  ///   - retryAfter: the header, read.
  ///   - user: who asked, as the kubeconfig calls it.
  init(
    status: Int, body: [UInt8], contentType: String?, retryAfter: Duration? = nil, to request: APIRequest,
    user: String? = nil
  ) {
    let decoded = try? JSONDecoder().decode(Status.self, from: Data(body))
    if let decoded, decoded.kind == "Status" || decoded.reason != nil || decoded.message != nil {
      self.init(decoded, httpStatus: status, retryAfter: retryAfter, to: request, user: user)
    } else {
      let isPage = contentType?.contains("html") ?? false || body.first { $0 > 0x20 } == UInt8(ascii: "<")
      let text = isPage ? "" : ForeignText.clean(String(decoding: body.prefix(4096), as: UTF8.self))
      let status = Status(message: text.isEmpty ? nil : text, reason: nil, code: status)
      self.init(status, httpStatus: status.code ?? 0, retryAfter: retryAfter, to: request, user: user)
      if isPage {
        code = code == .unauthorized || code == .forbidden ? code : .malformed
        detail = "an HTML page came back (HTTP \(status.code ?? 0)) instead of a Kubernetes answer"
        remedy = "Is a proxy or a login page in between? Check the server's address in the kubeconfig."
      }
      if status.code == 400, Self.wantsTLS(body) {
        code = .tls
        detail = "the server speaks HTTPS on this port, and its address says http"
        remedy = "Write https:// in the server's address (in the kubeconfig, or --server)."
      }
    }
  }

  /// Whether the answer is what servers of HTTPS say to a request without TLS: Go's, nginx and Apache.
  private static func wantsTLS(_ body: [UInt8]) -> Bool {
    let text = String(decoding: body.prefix(4096), as: UTF8.self).lowercased()
    return [
      "http request to an https server", "http request was sent to https port",
      "speaking plain http to an ssl-enabled server port",
    ].contains { text.contains($0) }
  }

  /// What a `Status` means, as an answer or as the ERROR event of a watch.
  init(
    _ raw: Status, httpStatus: Int? = nil, retryAfter: Duration? = nil, to request: APIRequest, user: String? = nil
  ) {
    let status = raw.cleaned
    let number = httpStatus ?? status.code ?? 0
    let message = ForeignText.clause(status.message ?? "")
    self.init(
      Self.code(of: status, number), verb: request.verb.permission, resource: request.resource,
      namespace: request.namespace, name: request.name ?? status.details?.name, status: number, message: message,
      causes: (status.details?.causes ?? []).prefix(20).map {
        Cause(field: $0.field ?? "", message: $0.message ?? $0.reason ?? "")
      },
      retryAfter: retryAfter ?? status.details?.retryAfterSeconds.flatMap { $0 > 0 ? .seconds($0) : nil },
      detail: message.isEmpty ? "the API server answers \(number)" : message)
    isRetryable =
      [.tooManyRequests, .timedOut, .quotaExceeded].contains(code) || (code == .serverError && number != 501)
    if code == .forbidden { permission = Permission(parsing: status.message ?? "") }
    explain(status, user: user)
  }

  /// Refusals under another reason are recognised by their text, the rest by reason and then by number.
  private static func code(of status: Status, _ number: Int) -> Code {
    let message = status.message ?? ""
    if status.hasCause("NamespaceTerminating") || message.contains("because it is being terminated") {
      return .namespaceTerminating
    }
    if message.contains("violates PodSecurity") { return .podSecurity }
    if number == 403 {
      if message.contains("exceeded quota") { return .quotaExceeded }
      if message.contains("failed quota") { return .quotaDemands }
      if message.contains(" usage per ") || message.contains("limit to request ratio per ") { return .limitRange }
    }
    if message.contains("denied the request") || message.contains("denied request:") { return .webhookDenied }
    // An apiserver whose etcd was set back: the version that we know lies in the future.
    if status.hasCause("ResourceVersionTooLarge") { return .gone }
    switch status.reason {
    case "NotFound": return .notFound
    case "AlreadyExists": return .alreadyExists
    case "Conflict": return .conflict
    case "Forbidden": return .forbidden
    case "Unauthorized": return .unauthorized
    case "Invalid": return .invalid
    case "Gone", "Expired": return .gone
    case "TooManyRequests": return .tooManyRequests
    case "Timeout", "ServerTimeout": return .timedOut
    case "MethodNotAllowed": return .methodNotAllowed
    case "RequestEntityTooLarge": return .tooLarge
    case "BadRequest": return .badRequest
    default: break
    }
    switch number {
    case 401: return .unauthorized
    case 403: return .forbidden
    case 404: return .notFound
    case 405: return .methodNotAllowed
    case 408, 504: return .timedOut
    case 409: return .conflict
    case 410: return .gone
    case 413: return .tooLarge
    case 422: return .invalid
    case 429: return .tooManyRequests
    case 400..<500: return .badRequest
    default: return number >= 500 ? .serverError : .malformed
    }
  }
}

extension Status {
  fileprivate init(message: String?, reason: String?, code: Int?) {
    self.message = message
    self.reason = reason
    self.code = code
  }
}
