/// What may be done on the file system of the images, so that the kubelet never has to collect garbage because of it.
///
/// The kubelet removes images that no pod uses once so much of that file system is taken as
/// `imageGCHighThresholdPercent` says. It counts whatever is there, not images alone; and what the file system keeps for
/// root counts as taken, as it is not free for others.
package struct ImageDiskRule: Hashable, Sendable {
  /// The kubelet's own default.
  package static let defaultThreshold = 85
  /// So many percent below the threshold is as far as Prepull goes: pods need room too, which no pull foresees.
  package static let distance = 5
  /// Bytes that ordinary layers unpack to, for each that is compressed.
  package static let unpackedFactor = 2.5

  /// Percent of the file system; with 105 the disk may be filled.
  package let highThresholdPercent: Int

  /// Percent of the file system up to which Prepull goes.
  package var most: Int { max(0, highThresholdPercent - Self.distance) }

  package init(highThresholdPercent: Int = Self.defaultThreshold) {
    self.highThresholdPercent = min(100 + Self.distance, max(0, highThresholdPercent))
  }

  /// Bytes that an image takes while it is pulled: its compressed layers, which stay, and what they unpack to.
  ///
  /// - Parameters:
  ///   - compressed: size of its layers in the registry.
  ///   - unpacked: what they unpack to, where that is known.
  package static func wanted(compressed: Int64, unpacked: Int64? = nil) -> Int64 {
    let unpacked = unpacked.map(Double.init) ?? Double(compressed) * unpackedFactor
    return Int64(exactly: (Double(compressed) + unpacked).rounded()) ?? .max
  }

  /// Whether a pull may begin that takes so many more bytes.
  package func mayPull(_ wanted: Int64, used: Int64, capacity: Int64) -> Bool {
    let (sum, isTooMuch) = used.addingReportingOverflow(max(0, wanted))
    return !isTooMuch && stays(sum, of: capacity)
  }

  /// Whether images may be kept from the kubelet's garbage collection; above that pins are to be released.
  package func mayPin(used: Int64, capacity: Int64) -> Bool { stays(used, of: capacity) }

  private func stays(_ used: Int64, of capacity: Int64) -> Bool { excess(used: used, capacity: capacity) == 0 }

  /// Bytes up to which a file system may be filled.
  package func ceiling(of capacity: Int64) -> Int64 {
    // In parts, as the size of a large disk times a hundred is too large a number.
    capacity / 100 * Int64(most) + capacity % 100 * Int64(most) / 100
  }

  /// Bytes that are too many.
  package func excess(used: Int64, capacity: Int64) -> Int64 { max(0, used - ceiling(of: capacity)) }
}

extension ImageDiskRule {
  /// The same by what a runtime tells of its file system; nil where its size cannot be seen from here.
  package func mayPull(_ wanted: Int64, on disk: ImageFileSystem) -> Bool? {
    disk.taken.map { mayPull(wanted, used: $0.used, capacity: $0.capacity) }
  }

  package func mayPin(on disk: ImageFileSystem) -> Bool? {
    disk.taken.map { mayPin(used: $0.used, capacity: $0.capacity) }
  }
}

extension ImageFileSystem {
  /// What is taken of the file system, by images and all else.
  package var taken: (used: Int64, capacity: Int64)? {
    guard let availableBytes, let capacityBytes, capacityBytes > 0 else { return nil }
    return (capacityBytes - availableBytes, capacityBytes)
  }
}
