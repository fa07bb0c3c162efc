import HTTPTypes
import Hummingbird
import Synchronization

/// Who may see the page: a browser on this machine that was given the address once.
///
/// The token of the address works once and becomes a cookie that scripts cannot read and other sites cannot send. Host
/// and Origin are checked besides: a site whose name was made to point at this machine (DNS rebinding) has another Host,
/// and a page of another site another Origin.
final class PageGate: Sendable {
  enum Verdict: Equatable {
    case allowed
    /// The token was good: the cookie to set.
    case entered(cookie: String)
    case refused(Int, String)
  }

  let token = PageGate.secret()
  private let session = PageGate.secret()
  private struct State {
    var port = 0
    var hasEntered = false
  }
  private let state = Mutex(State())

  /// 32 bytes of the system's generator, in hexadecimal.
  private static func secret() -> String {
    var generator = SystemRandomNumberGenerator()
    return (0..<4).map { _ in
      let digits = String(generator.next() as UInt64, radix: 16)
      return String(repeating: "0", count: 16 - digits.count) + digits
    }.joined()
  }

  /// The server listens on this port; requests before that are refused.
  func listens(on port: Int) { state.withLock { $0.port = port } }

  var port: Int { state.withLock { $0.port } }

  /// Whether a browser has come in.
  var hasEntered: Bool { state.withLock { $0.hasEntered } }

  /// The address that works once.
  var address: String { "http://127.0.0.1:\(port)/?token=\(token)" }

  func verdict(on request: Request) -> Verdict {
    let port = port
    let hosts = ["127.0.0.1:\(port)", "localhost:\(port)"]
    guard port > 0, let host = request.head.authority, hosts.contains(host.lowercased()) else {
      return .refused(421, "this server answers to 127.0.0.1 and localhost only\n")
    }
    if let origin = request.headers[.origin], origin.lowercased() != "http://\(host.lowercased())" {
      return .refused(403, "pages of other sites may ask nothing here\n")
    }
    guard request.method == .get || request.method == .head else {
      return .refused(405, "this page only shows: \(request.method.rawValue) is not served, use GET\n")
    }
    if let given = request.uri.queryParameters["token"] {
      guard request.uri.path == "/", request.method == .get else { return .refused(404, "not found\n") }
      return enter(String(given))
    }
    guard cookies(of: request).contains(where: { Self.areEqual($0, session) }) else {
      return .refused(
        401, "this address needs a token: open the one that prepull dashboard printed, or run it again\n")
    }
    return .allowed
  }

  private func enter(_ given: String) -> Verdict {
    guard Self.areEqual(given, token) else {
      return .refused(401, "this token is not the one of this page: open the address that prepull dashboard printed\n")
    }
    let isFirst = state.withLock { state in
      defer { state.hasEntered = true }
      return !state.hasEntered
    }
    guard isFirst else {
      return .refused(401, "this token was used already, and works once: run prepull dashboard again for another\n")
    }
    // Cookies do not tell ports apart, so the name does.
    return .entered(cookie: "\(cookieName)=\(session); HttpOnly; SameSite=Strict; Path=/")
  }

  private var cookieName: String { "prepull-\(port)" }

  private func cookies(of request: Request) -> [String] {
    request.headers[values: .cookie].flatMap { $0.split(separator: ";") }.compactMap { part in
      let pair = part.split(separator: "=", maxSplits: 1).map { $0.drop { $0 == " " } }
      return pair.count == 2 && pair[0] == cookieName ? String(pair[1]) : nil
    }
  }

  /// In a time that says nothing of where they differ.
  private static func areEqual(_ one: String, _ other: String) -> Bool {
    let (one, other) = (Array(one.utf8), Array(other.utf8))
    guard one.count == other.count else { return false }
    return zip(one, other).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
  }
}
