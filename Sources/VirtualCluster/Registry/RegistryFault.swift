/// How an embedded registry misbehaves.
package enum RegistryFault: Sendable {
  case status(Int, headers: [String: String] = [:], body: String = "")
  case redirect(to: String, status: Int = 307)
  /// Takes the request and never answers.
  case hang
  /// Sends this many bytes of the body, then nothing more, and keeps the connection.
  case stall(after: Int)
  /// Sends the body at this many bytes a second.
  case slow(Int)
  /// Sends this many bytes of the body and closes the connection.
  case truncate(after: Int)
  /// Changes the first byte of the body.
  case corrupt
  /// Sends the whole body with status 200 where a range was asked for.
  case ignoreRange
  /// Leaves a header out (`Content-Length` too: the body is then chunked).
  case withoutHeader(String)
  /// Sends these headers, in place of the true ones of those names.
  case headers([String: String])
}
