package import ImageModel
import NIOCore

extension RegistryClient {
  /// Reads a blob, or its beginning, and keeps nothing of it; for who wants to know how fast it comes.
  ///
  /// - Parameters:
  ///   - begin: called when the registry has answered, before the first byte.
  ///   - wantsMore: gets the number of bytes that came; false ends the reading.
  package func sample(
    _ descriptor: Descriptor, of reference: Reference, begin: () -> Void, wantsMore: (Int) -> Bool
  ) async throws {
    try await blob(descriptor, of: reference) { stream in
      begin()
      for try await buffer in stream where !wantsMore(buffer.readableBytes) { return }
    }
  }
}
