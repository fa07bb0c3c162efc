#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

extension ImageFileSystem {
  /// The file system at `path`, with its free and whole size where the path can be seen from here.
  ///
  /// A socket may be mounted into a container without the runtime's folders.
  init(path: String, usedBytes: Int64?) {
    var status = statvfs()
    guard !path.isEmpty, statvfs(path, &status) == 0 else {
      self.init(path: path, usedBytes: usedBytes, availableBytes: nil, capacityBytes: nil)
      return
    }
    let block = UInt64(status.f_frsize)
    self.init(
      path: path, usedBytes: usedBytes,
      availableBytes: Int64(clamping: UInt64(status.f_bavail).multipliedReportingOverflow(by: block).partialValue),
      capacityBytes: Int64(clamping: UInt64(status.f_blocks).multipliedReportingOverflow(by: block).partialValue))
  }
}
