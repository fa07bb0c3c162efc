import Dispatch
import Synchronization

import Glibc

/// Hands text to a stream in a thread of its own, in order, so that nobody waits for a terminal that is stopped or for a
/// reader that is slow.
final class OutputQueue: Sendable {
  private struct State {
    /// Bytes that were handed over and are not written yet.
    var pending = 0
    /// Bytes written in all; tells whether anything moves.
    var written = 0
    /// Whether nobody reads any more.
    var isClosed = false
  }

  private static let all = Mutex<[Int32: OutputQueue]>([:])

  private let descriptor: Int32
  private let isTerminal: Bool
  /// More is dropped.
  private let most: Int
  private let queue: DispatchQueue
  private let state = Mutex(State())

  private init(_ descriptor: Int32) {
    self.descriptor = descriptor
    isTerminal = isatty(descriptor) == 1
    // A screen is drawn again; lines of a log or a stream are wanted.
    most = isTerminal ? 1 << 20 : 64 << 20
    queue = DispatchQueue(label: "prepull.output.\(descriptor)")
  }

  /// The queue of a stream; the same for as long as the process lives, and emptied before it ends.
  static func of(_ descriptor: Int32) -> OutputQueue {
    all.withLock { queues in
      if queues.isEmpty { atexit { OutputQueue.drainAll() } }
      if let queue = queues[descriptor] { return queue }
      let queue = OutputQueue(descriptor)
      queues[descriptor] = queue
      return queue
    }
  }

  /// Whether text waits to be written.
  var isBehind: Bool { state.withLock { $0.pending > 0 } }

  /// Returns at once. Text beyond what is kept for a slow reader is dropped.
  func add(_ text: String) {
    let bytes = Array(text.utf8)
    let isTaken = state.withLock { state in
      guard !bytes.isEmpty, !state.isClosed, state.pending + bytes.count <= most else { return false }
      state.pending += bytes.count
      return true
    }
    guard isTaken else { return }
    queue.async { [self] in
      // What cannot be written is missed by nobody.
      let isOpen = (try? put(bytes)) ?? true
      state.withLock { state in
        state.pending -= bytes.count
        if !isOpen { state.isClosed = true }
      }
    }
  }

  /// Writes behind all that was added, and returns when all of it is written.
  func write(_ text: String) throws {
    let bytes = Array(text.utf8)
    _ = try queue.sync { try put(bytes) }
  }

  /// - Returns: whether somebody still reads.
  private func put(_ bytes: [UInt8]) throws -> Bool {
    try DescriptorWriter(
      write: { [descriptor] in Glibc.write(descriptor, $0.baseAddress, $0.count) },
      waitUntilWritable: { [descriptor] in
        var place = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        poll(&place, 1, -1)
      }
    ).write(bytes) { count in state.withLock { $0.written += count } }
  }

  // MARK: The end

  /// Waits until what was added is written: on a terminal that is stopped no longer than this.
  private static let longest = 2

  private static func drainAll() {
    for queue in all.withLock({ Array($0.values) }) where [STDOUT_FILENO, STDERR_FILENO].contains(queue.descriptor) {
      queue.drain(atMost: queue.isTerminal ? longest : nil)
    }
  }

  /// - Parameter limit: seconds in which nothing moves; nil for no limit.
  func drain(atMost limit: Int?) {
    let done = DispatchSemaphore(value: 0)
    queue.async { done.signal() }
    guard let limit else { return done.wait() }
    var before = state.withLock { $0.written }
    while done.wait(timeout: .now() + .seconds(limit)) == .timedOut {
      let now = state.withLock { $0.written }
      if now == before { return }
      before = now
    }
  }

  /// Lets the other streams' text come first where it was written first, unless nobody takes it.
  static func drainOthers(than descriptor: Int32) {
    for (other, queue) in all.withLock({ Array($0) }) where other != descriptor && queue.isBehind {
      queue.drain(atMost: 1)
    }
  }
}

/// Writes bytes to a stream that may take only some of them at a time, or none for now.
struct DescriptorWriter {
  /// As `write(2)`: the number of bytes that were taken, negative with `errno`.
  let write: (UnsafeRawBufferPointer) -> Int
  let waitUntilWritable: () -> Void

  /// - Parameter progress: gets the number of bytes that were taken each time.
  /// - Returns: false when the reader went away, which is no error of ours.
  /// - Throws: `OutputError` when the text did not get through.
  func write(_ bytes: [UInt8], progress: (Int) -> Void = { _ in }) throws -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
      let (count, code) = rest.withUnsafeBytes { buffer -> (Int, Int32) in
        let count = write(buffer)
        return (count, errno)
      }
      if count > 0 {
        rest = rest.dropFirst(count)
        progress(count)
      } else if code == EPIPE {
        return false
      } else if code == EAGAIN {
        // Of a stream that somebody else made non-blocking, as shells do with terminals.
        waitUntilWritable()
      } else if code != EINTR {
        throw OutputError(reason: String(cString: strerror(code)).lowercased())
      }
    }
    return true
  }
}
