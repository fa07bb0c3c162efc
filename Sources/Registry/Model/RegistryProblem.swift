/// A `RegistryError` before it is known what it happened to; the layers below the client throw these.
struct RegistryProblem: Error {
  var code: RegistryError.Code
  var detail: String
  /// In place of the code's own remedy.
  var remedy: String?
  var isRetryable: Bool
  var retryAfter: Duration?
  var status: Int?
  /// Whether GET may succeed or tell more where it is the answer to a HEAD.
  var isForGET = false

  init(
    _ code: RegistryError.Code, _ detail: String, remedy: String? = nil, isRetryable: Bool = false,
    retryAfter: Duration? = nil, status: Int? = nil
  ) {
    self.code = code
    self.detail = detail
    self.remedy = remedy
    self.isRetryable = isRetryable
    self.retryAfter = retryAfter
    self.status = status
  }
}

/// Runs `body` and says of its failures what was attempted on what.
func attempting<Result>(
  _ operation: String, _ subject: String, _ body: () async throws -> Result
) async throws -> Result {
  do {
    return try await body()
  } catch let problem as RegistryProblem {
    throw RegistryError(problem, operation: operation, subject: subject)
  }
}
