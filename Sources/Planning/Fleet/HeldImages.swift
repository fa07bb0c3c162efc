/// What a node holds, by the numbers of the references, in 40 bytes each.
struct HeldImages: Sendable {
  struct Entry: Sendable {
    let image: Int32
    /// Of the digest; negative when the runtime told none.
    var digest: Int32
    var pullSeconds: Float = -1
    var bytes: Int64 = -1
    /// Since the Unix epoch, milliseconds.
    var since: Int64
  }

  /// By image, ascending.
  private(set) var entries: [Entry] = []

  var isEmpty: Bool { entries.isEmpty }

  subscript(image: Int32) -> Entry? {
    let index = position(of: image)
    return index < entries.count && entries[index].image == image ? entries[index] : nil
  }

  mutating func set(_ entry: Entry) {
    let index = position(of: entry.image)
    if index < entries.count, entries[index].image == entry.image {
      entries[index] = entry
    } else {
      entries.insert(entry, at: index)
    }
  }

  mutating func remove(_ image: Int32) {
    let index = position(of: image)
    if index < entries.count, entries[index].image == image { entries.remove(at: index) }
  }

  private func position(of image: Int32) -> Int {
    var low = 0
    var high = entries.count
    while low < high {
      let middle = (low + high) / 2
      if entries[middle].image < image { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
