import Dispatch
import Synchronization
package import SystemPackage
import Glibc

/// One layer that is being unpacked by a child process of our own program, confined to the staging folder.
///
/// The bytes of a layer are unverified until their end, so nothing of this process touches them: the child has that
/// folder as its root, no network, few rights, and limits. What is in the folder is worth something only when `finish`
/// returns and the digests are the expected ones.
package final class LayerUnpacking: Sendable {
  /// Where compressed bytes are written, in order; close it at the end. Blocks when the child is behind (a pipe). When
  /// the child has ended early, writing fails with EPIPE and `finish` says why; the process must ignore SIGPIPE, as
  /// Prepull's programs do.
  package let input: FileDescriptor

  private let child: UnpackingChild
  private let folder: OpenFolder
  private let limits: UnpackLimits
  private let isCancelled = Mutex(false)

  /// Starts the child: this very program anew with a hidden subcommand.
  ///
  /// - Parameters:
  ///   - folder: is there, empty, and becomes the child's root. Its own mode, owner and SELinux label are the caller's to
  ///     set, as a layer does not change its root; files that are made in it take the label from it.
  ///   - isLowest: nothing is below this layer in its image. What such a layer takes away by whiteouts is removed, and
  ///     leaves no mark, as with containerd.
  ///   - program: another one that has the subcommand, for tests.
  package static func start(
    into folder: FilePath, compression: LayerCompression, limits: UnpackLimits, isLowest: Bool,
    program: FilePath = "/proc/self/exe"
  ) throws -> LayerUnpacking {
    let root = try OpenFolder(at: folder.string)
    let request = UnpackRequest(compression: compression, isLowest: isLowest, limits: limits)
    let (child, input) = try UnpackingChild.start(program.string, request, in: root)
    return LayerUnpacking(child, input: FileDescriptor(rawValue: input), folder: root, limits)
  }

  private init(
    _ child: UnpackingChild, input: FileDescriptor, folder: consuming OpenFolder, _ limits: UnpackLimits
  ) {
    self.child = child
    self.input = input
    self.folder = folder
    self.limits = limits
  }

  /// Waits until the child is done: everything unpacked, whiteouts made, opaque folders marked. To be called once.
  ///
  /// - Parameter limit: how long to wait at the longest; after that the child is ended.
  /// - Throws: `UnpackError`.
  package func finish(within limit: Duration = .seconds(3600)) async throws -> UnpackedLayer {
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        // It blocks for as long as the layer comes, so not on a thread that tasks share.
        DispatchQueue(label: "prepull.unpacking").async {
          continuation.resume(with: Result { try self.waitForEnd(.now + limit) })
        }
      }
    } onCancel: {
      cancel()
    }
  }

  /// Ends the child now; the folder is the caller's to remove.
  package func cancel() {
    isCancelled.withLock { $0 = true }
    child.kill()
  }

  /// For tests.
  var pid: pid_t? { child.pid }

  private func waitForEnd(_ deadline: ContinuousClock.Instant) throws -> UnpackedLayer {
    let answer = child.answer(until: deadline)
    if answer == nil { child.kill() }
    let status = child.wait(until: .now + .seconds(30))
    if isCancelled.withLock({ $0 }) { throw UnpackError(.cancelled, "the unpacking of the layer was cancelled") }
    guard let answer else {
      throw UnpackError(.child, "the process that unpacks the layer did not come to its end in time")
    }
    guard let status else { throw UnpackError(.child, "the process that unpacks the layer does not end") }
    if let problem = problem(status) { throw problem }
    switch try UnpackReply(parsing: answer) {
    case .failed(let error): throw error
    case .unpacked(let layer):
      for path in layer.opaque { try OpaqueMark.set(on: path, in: folder) }
      return UnpackedLayer(
        diffID: layer.diffID, bytes: layer.bytes, files: layer.files,
        implicitFolders: layer.implicit.sorted { $0.lexicographicallyPrecedes($1) })
    }
  }

  /// Why a child that gave no answer ended.
  private func problem(_ status: Int32) -> UnpackError? {
    let signal = status & 0x7f
    switch signal {
    case 0: return nil
    case SIGXCPU:
      return UnpackError(.limit, "unpacking the layer takes more than \(limits.seconds) s of processor time")
    case SIGSYS:
      return UnpackError(.child, "the process that unpacks the layer was stopped at a system call it must not make")
    case SIGKILL:
      return UnpackError(.child, "the process that unpacks the layer was killed; is there enough memory?")
    default:
      return UnpackError(.child, "the process that unpacks the layer crashed (signal \(signal))")
    }
  }
}
