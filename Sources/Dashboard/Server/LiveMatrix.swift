import Documents
import Kubernetes
import PrepullAPI

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The board, and the pages that are told of its changes: each gets the whole first, then every change once, in order.
actor LiveMatrix {
  /// At most so many pages are told at a time, unless it is made for more.
  static let mostPages = 16
  /// Changes that a page has not taken yet; one that falls further behind has to come again.
  private static let mostBehind = 128

  private(set) var board: MatrixBoard
  private let mostPages: Int
  private var pages: [Int: AsyncStream<String>.Continuation] = [:]
  private var nextPage = 0
  /// Kinds that have neither been listed nor refused yet.
  private var waiting: Set<String>
  private var isShown = false
  /// Whether nothing was told yet.
  private var isNew = true
  /// Watches that are cut off.
  private var silent: Set<String> = []
  private var isClosed = false
  private var sincePing = 0

  init(_ board: MatrixBoard, waitingFor kinds: Set<String>, mostPages: Int = LiveMatrix.mostPages) {
    self.board = board
    self.mostPages = mostPages
    waiting = kinds
  }

  static var now: Double { Date().timeIntervalSince1970 }

  func take(_ change: @Sendable (inout MatrixBoard) -> Void) { change(&board) }

  /// Whether a page is told of it.
  var isWatched: Bool { !pages.isEmpty }

  func isReady(_ kind: String) { waiting.remove(kind) }

  func reach(_ kind: String, _ isReached: Bool) {
    let was = silent.isEmpty
    if isReached { silent.remove(kind) } else { silent.insert(kind) }
    if was != silent.isEmpty { tell("cluster", ["isReached": .bool(silent.isEmpty)]) }
  }

  /// Tells what changed, if anything did.
  func tick() {
    guard isShown || waiting.isEmpty else { return }
    let isFirst = isNew
    (isShown, isNew) = (true, false)
    let update = board.update(now: Self.now)
    if isFirst {
      tell("state", board.document)
      return
    }
    switch update {
    case .whole(let document)?: tell("state", document)
    case .part(let change)?: tell("change", change)
    case nil: break
    }
    sincePing += 1
    if sincePing >= 40 {
      sincePing = 0
      send(": still here\n\n")
    }
  }

  /// Shows what is known although not all could be read: a slow cluster must not keep the page empty.
  func show() { isShown = true }

  /// What to send to a page until it is left; nil when there are too many.
  func follow() -> AsyncStream<String>? {
    guard pages.count < mostPages, !isClosed else { return nil }
    let (stream, continuation) = AsyncStream<String>.makeStream(bufferingPolicy: .bufferingOldest(Self.mostBehind))
    let number = nextPage
    nextPage += 1
    pages[number] = continuation
    continuation.onTermination = { [weak self] _ in Task { await self?.leave(number) } }
    continuation.yield(": the matrix follows\n\n")
    if isShown { continuation.yield(Self.event("state", board.document)) }
    if !silent.isEmpty { continuation.yield(Self.event("cluster", ["isReached": false])) }
    return stream
  }

  /// Says how the run beside the pages ended, where there was one, and ends them.
  func close() {
    tick()
    if let ending = board.runEnding {
      tell("end", ["text": .string(ending), "runs": board.runsStory("", now: Self.now)])
    }
    isClosed = true
    for page in pages.values { page.finish() }
    pages = [:]
  }

  private func leave(_ number: Int) { pages[number] = nil }

  private func tell(_ name: String, _ json: JSON) {
    if !pages.isEmpty { send(Self.event(name, json)) }
  }

  private func send(_ text: String) {
    for (number, page) in pages {
      guard case .dropped = page.yield(text) else { continue }
      page.finish()
      pages[number] = nil
    }
  }

  private static func event(_ name: String, _ json: JSON) -> String { "event: \(name)\ndata: \(json.text)\n\n" }
}
