package import AsyncHTTPClient

extension HTTPClient {
  /// Closes the client's connections, and waits for that no longer than `limit`: a connection that is still being made
  /// cannot be cut short, and a server that accepts and then says nothing holds it until the connect time-out. What is
  /// not closed by then closes by itself later.
  ///
  /// - Throws: what closing them throws.
  package func shutdown(waitingAtMost limit: Duration) async throws {
    let (results, continuation) = AsyncStream.makeStream(of: Result<Void, any Error>.self)
    // On their own (`Task` alone is the HTTP client's own type here): a caller that is cancelled waits too, and no group
    // waits for the slower of the two.
    _Concurrency.Task {
      do {
        try await self.shutdown()
        continuation.yield(.success(()))
      } catch {
        continuation.yield(.failure(error))
      }
    }
    _Concurrency.Task {
      try? await _Concurrency.Task.sleep(for: limit)
      continuation.yield(.success(()))
    }
    let first = _Concurrency.Task {
      for await result in results { return result }
      return .success(())
    }
    try await first.value.get()
  }
}
