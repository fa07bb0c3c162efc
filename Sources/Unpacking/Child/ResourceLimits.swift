import Glibc

/// What the kernel lets the child use, whatever a layer makes it do.
enum ResourceLimits {
  static func set(_ limits: UnpackLimits) throws(UnpackError) {
    // Over the soft limit comes SIGXCPU, which says why; over the hard one SIGKILL, which does not.
    try set(RLIMIT_CPU, UInt(clamping: min(limits.seconds, 1 << 30)), more: 5)
    try set(RLIMIT_FSIZE, UInt(clamping: limits.bytes))
    try set(RLIMIT_CORE, 0)
    try set(RLIMIT_NOFILE, 64)
    // Windows of 32 MiB, a million folders to set the time of, and what the libraries need.
    try set(RLIMIT_DATA, 1 << 30)
  }

  private static func set(_ kind: __rlimit_resource, _ value: UInt, more: UInt = 0) throws(UnpackError) {
    var limit = rlimit()
    getrlimit(Int32(kind.rawValue), &limit)
    limit.rlim_max = min(limit.rlim_max, value + more)
    limit.rlim_cur = min(limit.rlim_max, value)
    guard setrlimit(Int32(kind.rawValue), &limit) == 0 else {
      throw .system("limit what the unpacking of layers may use")
    }
  }
}
