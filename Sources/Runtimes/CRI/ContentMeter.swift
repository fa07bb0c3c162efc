import ImageModel

/// How far a pull has come, from looks at the blobs that containerd is writing.
///
/// The blobs of the image are counted no matter who writes them: two pulls that share layers both see the shared bytes, and
/// bytes that were there before count from the first look on.
struct ContentMeter: Sendable {
  private enum State {
    /// Neither seen nor asked for: its bytes so far.
    case unknown(Int64)
    /// Being written, that many bytes so far.
    case writing(Int64)
    case present
  }

  private let sizes: [Digest: Int64]
  private var states: [Digest: State]

  init(_ blobs: [Descriptor]) {
    sizes = Dictionary(blobs.map { ($0.digest, $0.size) }, uniquingKeysWith: { first, _ in first })
    states = sizes.mapValues { _ in .unknown(0) }
  }

  /// Whether the image has this blob.
  func counts(_ digest: Digest) -> Bool { sizes[digest] != nil }

  /// Takes in one look: the blobs that are being written, with the bytes that are there of each.
  ///
  /// - Returns: the blobs that were being written at the look before and are no more: done, or given up.
  mutating func observe(writing: [Digest: Int64]) -> [Digest] {
    var vanished: [Digest] = []
    for (digest, state) in states {
      switch (state, writing[digest]) {
      case (.present, _), (.unknown, nil): break
      case (.unknown(let before), let offset?), (.writing(let before), let offset?):
        // A writer that starts over does not take back what was shown.
        states[digest] = .writing(max(before, min(offset, sizes[digest] ?? 0)))
      case (.writing(let before), nil):
        states[digest] = .unknown(before)
        vanished.append(digest)
      }
    }
    return vanished
  }

  /// Takes in that a blob is there in full.
  mutating func found(_ digest: Digest) {
    if states[digest] != nil { states[digest] = .present }
  }

  /// Blobs that are neither there nor being written, as far as is known.
  var unaccounted: [Digest] {
    states.compactMap { digest, state in if case .unknown = state { digest } else { nil } }
  }

  var isWriting: Bool {
    states.values.contains { if case .writing = $0 { true } else { false } }
  }

  var progress: PullProgress {
    let total = sizes.values.reduce(0, +)
    let completed = states.reduce(Int64(0)) { sum, entry in
      switch entry.value {
      case .unknown(let bytes), .writing(let bytes): sum + bytes
      case .present: sum + (sizes[entry.key] ?? 0)
      }
    }
    let isComplete = states.values.allSatisfy { if case .present = $0 { true } else { false } }
    return PullProgress(phase: isComplete ? .unpacking : .downloading, completedBytes: completed, totalBytes: total)
  }
}
