import Documents
import Glibc

/// Why a layer was not unpacked.
package struct UnpackError: Error, Hashable, Sendable, CustomStringConvertible {
  package enum Code: String, Sendable {
    /// The layer is no tar stream, or is packed wrongly, or asks for what no file system has.
    case layer
    /// The layer asks for more than it may.
    case limit
    /// The layer is right as far as is known, but only the runtime can unpack it.
    case unsupported
    /// The disk is full, or does not do what it should.
    case disk
    /// This process may not confine its child, or make files of that kind.
    case permission
    /// The child could not be started, or ended without an answer.
    case child
    case cancelled
  }

  package let code: Code
  /// What happened to what, in one sentence without its full stop.
  package let message: String

  package init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  package var description: String { message }
}

extension UnpackError {
  /// What a system call answered.
  ///
  /// - Parameter action: what was tried, as an infinitive: `make the folder a/b`.
  static func system(_ action: String, errno number: Int32) -> UnpackError {
    let reason = String(cString: strerror(number))
    let code: Code =
      switch number {
      case ENOSPC, EDQUOT, EIO, EROFS: .disk
      case EPERM, EACCES: .permission
      case EFBIG: .limit
      default: .layer
      }
    return UnpackError(code, "cannot \(action): \(reason)")
  }

  /// The same with the error of the last call.
  static func system(_ action: String) -> UnpackError { system(action, errno: errno) }

  /// A name of a layer, made fit to be shown.
  static func shown(_ path: some Sequence<UInt8>) -> String {
    "/" + ForeignText.clean(String(decoding: Array(path), as: UTF8.self), limit: 200)
  }
}
