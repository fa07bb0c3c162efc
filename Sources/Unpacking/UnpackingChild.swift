import CUnpacking
import Synchronization
import Glibc

/// A running child. Its number is used while it is sure to be its own: until it has been waited for.
final class UnpackingChild: Sendable {
  private enum State {
    case running(pid_t)
    case ended(Int32)
  }

  private let state: Mutex<State>
  /// Where its answer is read.
  private let output: Int32

  /// Starts it and returns it with the end of a pipe that its input is written to.
  ///
  /// - Parameter folder: becomes its working directory.
  static func start(
    _ program: String, _ request: UnpackRequest, in folder: borrowing OpenFolder
  ) throws(UnpackError) -> (child: UnpackingChild, input: Int32) {
    var input: [Int32] = [-1, -1]
    var output: [Int32] = [-1, -1]
    guard prepull_pipe(&input) == 0 else { throw .system("make a pipe") }
    guard prepull_pipe(&output) == 0 else {
      let number = errno
      input.forEach { close($0) }
      throw .system("make a pipe", errno: number)
    }
    defer {
      close(input[0])
      close(output[1])
    }
    // Fewer switches between the two processes. Where the user has too many such pipes it stays as it is.
    _ = prepull_grow_pipe(input[1], 1 << 20)
    var pid: pid_t = 0
    let failed = withArguments([program, UnpackProgram.command] + request.arguments) { arguments in
      // A crash ends it at once: there is nobody in there who could tell more. What hashing may use of the processor holds
      // for it too, as benchmarks have it.
      let capabilities = getenv("OPENSSL_ia32cap").map { ["OPENSSL_ia32cap=" + String(cString: $0)] } ?? []
      return withArguments(["SWIFT_BACKTRACE=enable=no"] + capabilities) { environment in
        prepull_spawn(&pid, program, arguments, environment, folder.descriptor, input[0], output[1])
      }
    }
    guard failed == 0 else {
      close(input[1])
      close(output[0])
      throw UnpackError(.child, "cannot start \(program) to unpack layers: \(String(cString: strerror(failed)))")
    }
    return (UnpackingChild(pid, output: output[0]), input[1])
  }

  private init(_ pid: pid_t, output: Int32) {
    state = Mutex(.running(pid))
    self.output = output
  }

  deinit {
    close(output)
    kill()
    _ = wait(until: .now + .seconds(10))
  }

  var pid: pid_t? { state.withLock { if case .running(let pid) = $0 { pid } else { nil } } }

  func kill() {
    state.withLock { if case .running(let pid) = $0 { _ = Glibc.kill(pid, SIGKILL) } }
  }

  /// Reads all that it says; nil when that takes too long, or is too much. Blocks.
  func answer(until deadline: ContinuousClock.Instant, limit: Int = 64 << 20) -> [UInt8]? {
    var answer: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 64 << 10)
    while answer.count <= limit {
      let left = (deadline - .now).components.seconds
      guard left >= 0 else { return nil }
      var wanted = pollfd(fd: output, events: Int16(POLLIN), revents: 0)
      guard poll(&wanted, 1, Int32(clamping: (left + 1) * 1000)) > 0 else { continue }
      let count = read(output, &block, block.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return count == 0 ? answer : nil }
      answer += block[..<count]
    }
    return nil
  }

  /// Waits for its end and returns its status; nil when it has not ended by then. Blocks.
  func wait(until deadline: ContinuousClock.Instant) -> Int32? {
    while true {
      let status = state.withLock { state -> Int32? in
        guard case .running(let pid) = state else {
          if case .ended(let status) = state { return status }
          return nil
        }
        var status: Int32 = 0
        let result = waitpid(pid, &status, WNOHANG)
        guard result != 0, !(result < 0 && errno == EINTR) else { return nil }
        state = .ended(status)
        return status
      }
      if let status { return status }
      guard ContinuousClock.now < deadline else { return nil }
      usleep(2000)
    }
  }

  private static func withArguments<Result>(
    _ texts: [String], _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Result
  ) -> Result {
    var pointers: [UnsafeMutablePointer<CChar>?] = texts.map { strdup($0) }
    defer { pointers.forEach { free($0) } }
    pointers.append(nil)
    return pointers.withUnsafeMutableBufferPointer { buffer in
      guard let base = buffer.baseAddress else { preconditionFailure("an array with an element has an address") }
      return body(base)
    }
  }
}
