/// One range of a `Range` header (RFC 9110 section 14.2): `bytes=100-299`, or `bytes=100-` for all from there on.
struct ByteRange: Hashable {
  let first: Int
  let last: Int?

  init?(_ header: String) {
    guard header.hasPrefix("bytes=") else { return nil }
    let parts = header.dropFirst("bytes=".count).split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count == 2, let first = Int(parts[0]), first >= 0 else { return nil }
    let last = Int(parts[1])
    guard parts[1].isEmpty || last.map({ $0 >= first }) == true else { return nil }
    self.first = first
    self.last = last
  }
}
