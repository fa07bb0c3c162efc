import SystemPackage

/// What went wrong on the files of a layout, before the runtime adds what it was doing for whom.
struct LayoutFault: Error {
  let code: RuntimeError.Code
  let detail: String
  let remedy: String

  init(_ code: RuntimeError.Code, _ detail: String, remedy: String) {
    self.code = code
    self.detail = detail
    self.remedy = remedy
  }

  init(_ errno: Errno, _ action: String, _ path: FilePath) {
    let detail = "could not \(action) \(path): \(errno)"
    switch errno {
    case .noSpace, .diskQuotaExceeded:
      self.init(.noSpace, detail, remedy: "Free some space or choose another folder.")
    case .permissionDenied, .notPermitted:
      self.init(.notPermitted, detail, remedy: "Run as the owner of the folder, or choose one that you may write to.")
    case .readOnlyFileSystem:
      self.init(
        .notPermitted, detail, remedy: "The file system is read-only; mount it writable or choose another folder.")
    case .notDirectory:
      self.init(.fault, detail, remedy: "A part of the path is a file; choose another folder.")
    default:
      self.init(.fault, detail, remedy: "Check the file system and the kernel's log.")
    }
  }
}

/// Runs system calls on `path`, and says what was attempted when one fails.
func attempting<Result>(_ action: String, _ path: FilePath, _ body: () throws -> Result) throws -> Result {
  do {
    return try body()
  } catch let errno as Errno {
    throw LayoutFault(errno, action, path)
  }
}
