/// The last requests that a server had; older ones are forgotten, or a sandbox that runs for days would grow without end.
package struct RecentRequests: Sendable {
  /// How many are kept.
  static let limit = 20_000

  private var requests: [RecordedRequest] = []
  /// Where the oldest lies, once the ring is full.
  private var oldest = 0

  package init() {}

  package mutating func append(_ request: RecordedRequest) {
    if requests.count < Self.limit { return requests.append(request) }
    requests[oldest] = request
    oldest = (oldest + 1) % Self.limit
  }

  /// In their order.
  package var all: [RecordedRequest] { Array(requests[oldest...] + requests[..<oldest]) }
}
