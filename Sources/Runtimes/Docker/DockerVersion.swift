/// A version of the Docker Engine API, `1.41`.
struct DockerVersion: Hashable, Comparable, Sendable, CustomStringConvertible {
  let major: Int
  let minor: Int

  init(_ major: Int, _ minor: Int) {
    self.major = major
    self.minor = minor
  }

  init?(_ text: String) {
    let parts = text.split(separator: ".").map { Int($0) }
    guard parts.count == 2, let major = parts[0], let minor = parts[1] else { return nil }
    self.init(major, minor)
  }

  var description: String { "\(major).\(minor)" }

  static func < (left: Self, right: Self) -> Bool { (left.major, left.minor) < (right.major, right.minor) }

  /// The oldest version that has what is called here, and the newest that is asked for.
  static let oldest = DockerVersion(1, 24)
  static let newest = DockerVersion(1, 51)

  /// The newest version that both sides know, or `nil`.
  static func agreed(serverMinimum: DockerVersion?, server: DockerVersion) -> DockerVersion? {
    let version = min(server, newest)
    return version >= oldest && version >= serverMinimum ?? oldest ? version : nil
  }
}
