import NIOHTTP1

/// How many pulls a registry still allows, as Docker Hub tells it: `RateLimit-Remaining: 76;w=21600`.
package struct RateLimit: Hashable, Sendable {
  package let limit: Int
  package let remaining: Int
  /// The time that the limit is counted over.
  package let window: Duration?

  package init(limit: Int, remaining: Int, window: Duration?) {
    self.limit = limit
    self.remaining = remaining
    self.window = window
  }

  init?(_ headers: HTTPHeaders) {
    func parse(_ name: String) -> (count: Int, window: Int?)? {
      let parts = headers.first(name: name)?.split(separator: ";") ?? []
      guard let count = parts.first.flatMap({ Int($0) }) else { return nil }
      return (count, parts.dropFirst().first { $0.hasPrefix("w=") }.flatMap { Int($0.dropFirst(2)) })
    }
    guard let limit = parse("RateLimit-Limit"), let remaining = parse("RateLimit-Remaining") else { return nil }
    self.limit = limit.count
    self.remaining = remaining.count
    self.window = (remaining.window ?? limit.window).map { .seconds($0) }
  }
}
