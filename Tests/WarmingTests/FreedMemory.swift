#if canImport(Glibc)
  import Glibc
#endif

/// Fills memory that is given back with rubbish, so that whoever still reads it is found out at once: as a rule what was
/// there still stands there. So a fault of the compiler was found (swiftlang/swift#89836) that showed in some processes
/// only.
enum FreedMemory {
  /// From the first time on that somebody asks, for the rest of the process. False where the C library cannot do it.
  static let isOverwritten: Bool = {
    #if canImport(Glibc)
      guard let symbol = dlsym(nil, "mallopt") else { return false }
      let mallopt = unsafeBitCast(symbol, to: (@convention(c) (CInt, CInt) -> CInt).self)
      // M_PERTURB of malloc.h.
      return mallopt(-6, 90) == 1
    #else
      return false
    #endif
  }()
}
