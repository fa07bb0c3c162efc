import SystemPackage

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The content of a file that a configuration names.
enum FileContent {
  /// Far more than certificates, tokens and kubeconfigs have.
  private static let largest = 64 << 20

  /// What the path leads to, a device or a pipe too: `KUBECONFIG=/dev/null` is how one says "none".
  ///
  /// - Returns: nil where it cannot be read, or is larger than any such file.
  static func read(_ path: String) -> Data? {
    guard let descriptor = try? FileDescriptor.open(path, .readOnly, options: .closeOnExec) else { return nil }
    return try? descriptor.closeAfter {
      var content = Data()
      while content.count <= largest {
        let part = try [UInt8](unsafeUninitializedCapacity: 1 << 16) { buffer, count in
          count = try descriptor.read(into: UnsafeMutableRawBufferPointer(buffer))
        }
        guard !part.isEmpty else { return content }
        content.append(contentsOf: part)
      }
      return nil
    }
  }
}
