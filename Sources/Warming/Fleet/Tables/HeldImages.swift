/// What a node holds, by the numbers of the references and of the pull secrets that proved it, in 40 bytes each.
struct HeldImages: Sendable {
  struct Key: Hashable, Comparable, Sendable {
    let image: ImageNumber
    let access: AccessNumber

    static func < (one: Key, other: Key) -> Bool { (one.image, one.access) < (other.image, other.access) }
  }

  struct Entry: Sendable {
    let key: Key
    /// Or one of the values below.
    var digest: DigestNumber
    var pullSeconds: Float = -1
    var bytes: Int64 = -1
    /// Since the Unix epoch, milliseconds.
    var since: Int64
  }

  /// In place of a digest: the runtime stated none.
  static let unstated = DigestNumber(value: -1)
  /// In place of a digest: the runtime stated the name of other content, so that it is not known which one it is.
  static let unclear = DigestNumber(value: -2)

  /// By key, ascending.
  private(set) var entries: [Entry] = []

  var isEmpty: Bool { entries.isEmpty }

  subscript(key: Key) -> Entry? {
    let index = position(of: key)
    return index < entries.count && entries[index].key == key ? entries[index] : nil
  }

  /// What is known of an image, for each set of secrets.
  subscript(image image: ImageNumber) -> ArraySlice<Entry> {
    let first = position(of: Key(image: image, access: AccessNumber(value: .min)))
    let end = entries[first...].firstIndex { $0.key.image != image } ?? entries.count
    return entries[first..<end]
  }

  func contains(image: ImageNumber) -> Bool { !self[image: image].isEmpty }

  mutating func set(_ entry: Entry) {
    let index = position(of: entry.key)
    if index < entries.count, entries[index].key == entry.key {
      entries[index] = entry
    } else {
      entries.insert(entry, at: index)
    }
  }

  mutating func remove(_ key: Key) {
    let index = position(of: key)
    if index < entries.count, entries[index].key == key { entries.remove(at: index) }
  }

  /// The first place whose key is not less.
  private func position(of key: Key) -> Int {
    var low = 0
    var high = entries.count
    while low < high {
      let middle = (low + high) / 2
      if entries[middle].key < key { low = middle + 1 } else { high = middle }
    }
    return low
  }
}

extension DigestNumber {
  /// Whether it stands for a digest.
  var isKnown: Bool { value >= 0 }
}
