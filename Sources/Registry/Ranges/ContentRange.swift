import NIOHTTP1

/// The `Content-Range` header of a part (RFC 9110 section 14.4): `bytes 100-299/300`. The unit's letter case means nothing.
struct ContentRange: Hashable {
  let first: Int64
  let last: Int64
  /// `nil` where the server does not know: `*`.
  let size: Int64?

  init?(_ headers: HTTPHeaders) {
    guard let text = headers.first(name: "Content-Range"), text.lowercased().hasPrefix("bytes ") else { return nil }
    let parts = text.dropFirst("bytes ".count).split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2 else { return nil }
    let ends = parts[0].split(separator: "-", omittingEmptySubsequences: false)
    guard ends.count == 2, let first = Self.number(ends[0]), let last = Self.number(ends[1]), first <= last else {
      return nil
    }
    let size = Self.number(parts[1])
    guard size.map({ last < $0 }) ?? (parts[1] == "*") else { return nil }
    self.first = first
    self.last = last
    self.size = size
  }

  private static func number(_ text: Substring) -> Int64? {
    text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ? Int64(text) : nil
  }
}
