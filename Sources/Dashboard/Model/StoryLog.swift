import Documents

/// What happened since the page was opened: the latest of each node, and of each image.
struct StoryLog: Sendable {
  struct Entry: Hashable, Sendable {
    /// Seconds since 1970.
    var time: Double
    var text: String
    var detail: String?
    var isWarning = false

    var json: JSON {
      [
        "time": .number(time), "text": .string(text), "detail": detail.map(JSON.string) ?? .null,
        "isWarning": .bool(isWarning),
      ]
    }
  }

  /// Of each.
  static let longest = 40

  private var byNode: [String: [Entry]] = [:]
  private var byImage: [String: [Entry]] = [:]

  mutating func add(_ entry: Entry, node: String) { Self.append(entry, to: &byNode[node, default: []]) }
  mutating func add(_ entry: Entry, image: String) { Self.append(entry, to: &byImage[image, default: []]) }
  mutating func forget(node: String) { byNode[node] = nil }

  /// The newest first.
  func entries(node: String) -> [Entry] { (byNode[node] ?? []).reversed() }
  func entries(image: String) -> [Entry] { (byImage[image] ?? []).reversed() }

  private static func append(_ entry: Entry, to entries: inout [Entry]) {
    entries.append(entry)
    if entries.count > longest { entries.removeFirst(entries.count - longest) }
  }
}
