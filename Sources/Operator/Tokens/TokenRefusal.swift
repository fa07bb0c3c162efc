import Documents

/// Why an agent gets no credential; how it is answered.
struct TokenRefusal: Error, Hashable {
  let status: Int
  /// One word in CamelCase, for programs.
  let reason: String
  /// A line with the remedy, without secrets.
  let message: String
  /// Seconds.
  var retryAfter: Int?

  init(_ status: Int, _ reason: String, _ message: String, retryAfter: Int? = nil) {
    self.status = status
    self.reason = reason
    self.message = ForeignText.clean(message)
    self.retryAfter = retryAfter
  }
}
