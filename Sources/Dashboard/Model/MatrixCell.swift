import Documents
import ImageModel
package import PrepullAPI
package import Warming

/// One image on one node, with all that is known of it.
package struct MatrixCell: Hashable, Sendable {
  package var state: Coverage.State
  /// What the node holds.
  package var digest: String?
  /// Since when it is warm. RFC 3339.
  package var since: String?
  package var pullSeconds: Double?
  /// Why it is not warm, in a line.
  package var message: String?
  package var remedy: String?
  /// When a failed pull is tried again. RFC 3339.
  package var retryAt: String?
  package var progress: WarmNode.Progress?
  /// Prepulls (`namespace/name`), runs, and what is kept.
  package var wantedBy: [String] = []

  package init(_ state: Coverage.State, wantedBy: [String] = []) {
    self.state = state
    self.wantedBy = wantedBy
  }
}

extension MatrixCell {
  init(_ cell: Coverage.Cell, wantedBy: [String]) {
    self.init(cell.state, wantedBy: wantedBy)
    switch cell {
    case .warm(let digest): self.digest = digest?.description
    case .stale(let digest): self.digest = digest.description
    case .failed(let failure): (message, remedy) = (failure.detail, failure.remedy)
    case .unsupported(let reason): message = reason
    case .pulling, .pending: break
    }
  }

  /// What the record of a node says.
  init(_ image: WarmNode.Image) {
    self.init(Coverage.State(image.state), wantedBy: image.wantedBy ?? [])
    digest = image.digest
    since = image.warmSince
    pullSeconds = image.pullSeconds
    message = image.failures?.first?.message
    if state == .failed { retryAt = image.failures?.first?.retryAfter }
  }

  /// Puts what an agent says onto it: an agent sees more, and sooner, than the record.
  mutating func add(_ held: WarmNode.Held) {
    guard state != .unsupported, state != .stale else { return }
    if let digest = held.digest { self.digest = digest }
    since = held.warmSince ?? since
    pullSeconds = held.pullSeconds ?? pullSeconds
    progress = held.progress
    switch held.state {
    case .warm: if state != .failed { state = .warm }
    case .pulling: state = held.reason == nil || held.progress != nil ? .pulling : .pending
    case .pending, .lost: state = .pending
    case .failed: state = .failed
    }
    if state != .warm { message = held.message ?? message }
  }

  /// 0 to 1; nil where that cannot be told.
  var share: Double? {
    guard state == .pulling, let progress, let total = progress.totalBytes, total > 0 else { return nil }
    return min(1, Double(progress.completedBytes) / Double(total))
  }

  /// `212 MB of 640 MB, 41.0 MB/s`.
  var progressText: String? {
    guard state == .pulling, let progress else { return nil }
    let total = progress.totalBytes.map { " of \(Quantity.bytes($0))" } ?? ""
    let rate = progress.bytesPerSecond.map { ", \(Quantity.rate(Double($0)))" } ?? ""
    return Quantity.bytes(progress.completedBytes) + total + rate
  }
}

extension Coverage.State {
  init(_ state: WarmNode.ImageState) {
    self =
      switch state {
      case .warm: .warm
      case .stale: .stale
      case .pending: .pending
      case .failed: .failed
      case .unsupported: .unsupported
      }
  }

  /// How the page's documents write it: one byte.
  var code: UInt8 {
    switch self {
    case .warm: UInt8(ascii: "w")
    case .pulling: UInt8(ascii: "p")
    case .pending: UInt8(ascii: "q")
    case .stale: UInt8(ascii: "s")
    case .failed: UInt8(ascii: "f")
    case .unsupported: UInt8(ascii: "u")
    }
  }
}
