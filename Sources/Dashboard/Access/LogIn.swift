import Documents
import Hummingbird
import Kubernetes
import Logging
import NIOCore
import Networking
import Serving
import Synchronization

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Tells whose token somebody shows. The token goes to the API server and nowhere else: it is neither kept nor logged.
struct LogIn: Sendable {
  /// Why somebody may not come in, for people.
  struct Refusal: Error {
    let status: Int
    let text: String
    var retryAfter: Int?
  }

  /// Tokens of API servers have a few kB, with many groups more.
  static let largestBody = 32_768
  private static let patience = Duration.seconds(10)

  let client: KubernetesClient
  let metrics: PageMetrics
  let logger: Logger
  private let pace = Pace()

  init(_ client: KubernetesClient, metrics: PageMetrics, logger: Logger) {
    self.client = client
    self.metrics = metrics
    self.logger = logger
  }

  /// - Returns: the user, and how long the token lives as far as it says so.
  /// - Throws: `Refusal`.
  func user(_ request: Request) async throws -> (user: TokenReview.User, life: Duration?) {
    if let wait = pace.wait() {
      metrics.logIns.add(1, "limited")
      throw Refusal(status: 429, text: "too many people log in at once: try again in \(wait) s", retryAfter: wait)
    }
    let token = try await Self.token(in: request)
    let review: TokenReview
    do {
      review = try await withTimeLimit(Self.patience) { [client] in
        try await client.create(TokenReview(of: token, audiences: []))
      }
    } catch {
      metrics.logIns.add(1, "failed")
      let code = (error as? APIError)?.code.rawValue ?? "timedOut"
      logger.warning("a token cannot be reviewed", metadata: ["code": "\(code)"])
      throw Refusal(status: 503, text: "the API server cannot be asked about tokens now (\(code)): try again")
    }
    guard review.status?.authenticated == true, let user = review.status?.user, let name = user.username,
      !name.isEmpty
    else {
      metrics.logIns.add(1, "refused")
      logger.info("a token was refused")
      throw Refusal(
        status: 401,
        text: "the cluster does not take this token: it is not one of this cluster, is over, or is for somebody else "
          + "than its API server")
    }
    metrics.logIns.add(1, "accepted")
    logger.info("somebody logged in", metadata: ["user": "\(name)"])
    return (user, Self.life(of: token, now: Date()))
  }

  private static func token(in request: Request) async throws -> String {
    guard request.headers[.contentType]?.lowercased().hasPrefix("application/json") == true else {
      throw Refusal(status: 415, text: "a token is sent as JSON: {\"token\": \"…\"}")
    }
    let body: ByteBuffer
    do {
      body = try await withTimeLimit(patience) { try await request.body.collect(upTo: largestBody) }
    } catch {
      throw Refusal(status: 413, text: "the request has more than \(largestBody) bytes, or does not end")
    }
    let given = (try? JSON(parsing: Array(body.readableBytesView)))?["token"]?.string ?? ""
    let token = String(given.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
    // What a header could not hold is no token.
    guard !token.isEmpty, token.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else {
      throw Refusal(status: 400, text: "this is no token: paste the one line that kubectl create token prints")
    }
    return token
  }

  /// How long a JSON Web Token lives. The API server has checked it; of another kind of token nothing is known.
  static func life(of token: String, now: Date) -> Duration? {
    let parts = token.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 3 else { return nil }
    let text = String(parts[1].map { $0 == "-" ? "+" : $0 == "_" ? "/" : $0 })
    guard let bytes = Data(base64Encoded: text + String(repeating: "=", count: (4 - text.count % 4) % 4)),
      let ends = (try? JSON(parsing: Array(bytes)))?["exp"]?.number
    else { return nil }
    return .seconds(max(0, min(ends - now.timeIntervalSince1970, 1e9)))
  }

  /// So many tries at once, and then one each second, of all people together.
  private final class Pace: Sendable {
    private static let burst = 20.0
    private let state = Mutex((left: burst, at: ContinuousClock.now))

    /// Seconds until the next try is let through; nil where this one is.
    func wait() -> Int? {
      state.withLock { state in
        let now = ContinuousClock.now
        state = (min(Self.burst, state.left + (now - state.at) / .seconds(1)), now)
        guard state.left >= 1 else { return Int((1 - state.left).rounded(.up)) }
        state.left -= 1
        return nil
      }
    }
  }
}
