import Networking
import NIOHTTP1

extension RegistryProblem {
  /// Says what an answer other than success means.
  ///
  /// - Parameter body: the beginning of the answer's body; empty for HEAD.
  init(status: Int, headers: HTTPHeaders, body: [UInt8], host: String, clock: SystemClock) {
    let answer = ServerText(body: body, type: headers.first(name: "Content-Type"))
    let said = "\(host) answered \(status)" + (answer.message.isEmpty ? "" : ": \(answer.message)")
    let retryAfter = headers.first(name: "Retry-After").flatMap { RetryAfter.parse($0, now: clock.date()) }
    let wait = retryAfter.map { "; it asks to wait \($0.components.seconds) s" } ?? ""
    switch status {
    case 401: self.init(.unauthorized, said)
    case 403: self.init(.denied, said)
    case 404:
      let what =
        switch answer.code {
        case "NAME_UNKNOWN": "no such repository"
        case "MANIFEST_UNKNOWN": "no such tag or digest"
        case "BLOB_UNKNOWN": "no such blob"
        default: "not found"
        }
      self.init(.notFound, "\(what) (\(said))")
    case 416: self.init(.rangeNotSatisfiable, said)
    case 429: self.init(.rateLimited, said + wait, isRetryable: true, retryAfter: retryAfter)
    default:
      let isPassing = status == 408 || (500..<600).contains(status) && status != 501 && status != 505
      self.init(.fault, said + wait, isRetryable: isPassing, retryAfter: retryAfter)
    }
    self.status = status
  }
}
