/// What the path of a request names: `/apis/apps/v1/namespaces/web/daemonsets/x/status`.
struct RequestPath: Hashable, Sendable {
  var group = ""
  var version = ""
  var namespace: String?
  /// Empty for a group's or version's own address.
  var plural = ""
  var name: String?
  var subresource: String?

  /// Nil for what is no address of resources.
  init?(_ path: String) {
    var parts = path.split(separator: "/").map { String($0).removingPercentEncoding }
    switch parts.first {
    case "api":
      parts.removeFirst()
    case "apis":
      parts.removeFirst()
      guard let group = parts.first else { return nil }
      self.group = group
      parts.removeFirst()
    default: return nil
    }
    guard let version = parts.first else { return nil }
    self.version = version
    parts.removeFirst()
    // /namespaces/x and its own subresources are the object itself, the rest lies in it.
    if parts.first == "namespaces", parts.count > 2, !["status", "finalize"].contains(parts[2]) {
      namespace = parts[1]
      parts.removeFirst(2)
    }
    guard let plural = parts.first else { return }
    self.plural = plural
    if parts.count > 1 { name = parts[1] }
    if parts.count > 2 { subresource = parts[2...].joined(separator: "/") }
  }
}

extension String {
  /// With `%41` for `A` and the like resolved; itself when it is no valid text then.
  var removingPercentEncoding: String {
    guard utf8.contains(UInt8(ascii: "%")) else { return self }
    var bytes: [UInt8] = []
    var rest = Array(utf8)[...]
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "%"), rest.count >= 2,
        let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
      {
        bytes.append(value)
        rest.removeFirst(2)
      } else {
        bytes.append(byte)
      }
    }
    return String(validating: bytes, as: UTF8.self) ?? self
  }
}
