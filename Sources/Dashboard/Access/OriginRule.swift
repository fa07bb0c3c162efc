import HTTPTypes
import Hummingbird

/// Requests of other sites are refused. Nobody knows here by which name people reach the page: over a forwarded port, by
/// a Service or behind a proxy. So the Origin has to be the Host that was asked; a site whose name was made to point
/// here (DNS rebinding) has neither the certificate nor the cookie, which is of one host alone.
enum OriginRule {
  /// Why a request is not answered; nil where it is.
  static func refusal(of request: Request) -> Response? {
    guard let host = request.head.authority, isHost(host) else {
      return PageAnswer.text(400, "the request names no host\n")
    }
    let origin = request.headers[.origin]
    if let origin, origin.lowercased() != "https://\(host.lowercased())" {
      return PageAnswer.text(403, "pages of other sites may ask nothing here\n")
    }
    switch request.method {
    case .get, .head: return nil
    case .post where origin != nil: return nil
    case .post: return PageAnswer.text(403, "a request that changes a session has to say where it comes from\n")
    default:
      return PageAnswer.text(405, "this page only shows: \(request.method.rawValue) is not served, use GET\n")
    }
  }

  private static func isHost(_ text: String) -> Bool {
    !text.isEmpty && text.utf8.count <= 260
      && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-.:[]".contains($0)) }
  }

  // MARK: The cookie

  /// Cookies do not tell ports apart, so the name does. The prefix has browsers keep it to this host, over TLS.
  private static func cookieName(_ request: Request) -> String {
    let port = request.head.authority?.split(separator: ":").last.flatMap { UInt16($0) }
    return "__Host-prepull-\(port ?? 443)"
  }

  /// - Parameter seconds: until the browser forgets it.
  static func cookie(_ id: String, seconds: Int, for request: Request) -> String {
    "\(cookieName(request))=\(id); HttpOnly; Secure; SameSite=Strict; Path=/; Max-Age=\(seconds)"
  }

  static func session(in request: Request) -> String? {
    let name = cookieName(request)
    for part in request.headers[values: .cookie].flatMap({ $0.split(separator: ";") }) {
      let pair = part.split(separator: "=", maxSplits: 1).map { $0.drop { $0 == " " } }
      if pair.count == 2, pair[0] == name { return String(pair[1]) }
    }
    return nil
  }
}
