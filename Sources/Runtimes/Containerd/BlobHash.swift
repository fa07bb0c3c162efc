import ImageModel
import Registry
import Synchronization
import SystemPackage

import struct SystemPackage.FileDescriptor

/// The hash of a file that is read in steps.
final class BlobHash: Sendable {
  private let state: Mutex<DigestVerifier>

  init(_ descriptor: Descriptor) { state = Mutex(DigestVerifier(descriptor)) }

  var count: Int64 { state.withLock { $0.count } }

  func read(_ count: Int, of file: FileDescriptor) throws {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 16)
    defer { buffer.deallocate() }
    let read = try file.read(fromAbsoluteOffset: self.count, into: buffer)
    guard read > 0 else { throw Errno.ioError }
    state.withLock { $0.update(UnsafeRawBufferPointer(rebasing: buffer[..<read])) }
  }

  func verify(of reference: Reference) throws {
    try state.withLock { try $0.verify(of: reference) }
  }
}
