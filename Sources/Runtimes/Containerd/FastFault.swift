import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// What went wrong on the files of a fast pull, before it is said for which image.
struct FastFault: Error, Hashable, CustomStringConvertible {
  let code: RuntimeError.Code
  let detail: String

  init(_ code: RuntimeError.Code, _ detail: String) {
    self.code = code
    self.detail = detail
  }

  init(_ errno: Errno, _ action: String, _ path: FilePath) {
    let code: RuntimeError.Code =
      switch errno {
      case .noSpace, .diskQuotaExceeded: .noSpace
      case .permissionDenied, .notPermitted, .readOnlyFileSystem: .notPermitted
      default: .fault
      }
    self.init(code, "could not \(action) \(path): \(errno)")
  }

  var description: String { detail }

  /// Runs system calls on `path`, and says what was attempted when one fails.
  static func naming<Result>(_ action: String, _ path: FilePath, _ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch let errno as Errno {
      throw FastFault(errno, action, path)
    }
  }

  /// As above for a call that returns -1 and leaves the error in `errno`.
  static func checking(_ action: String, _ path: FilePath, _ result: Int32) throws {
    guard result != 0 else { return }
    throw FastFault(Errno(rawValue: errno), action, path)
  }
}
