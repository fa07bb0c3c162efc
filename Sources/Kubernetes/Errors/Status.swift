import Documents

/// How an API server reports a failure: `metav1.Status`.
struct Status: Decodable {
  struct Details: Decodable {
    struct Cause: Decodable {
      var reason: String?
      var message: String?
      var field: String?
    }

    var name: String?
    var group: String?
    /// The resource, `pods`, in spite of its name.
    var kind: String?
    var causes: [Cause]?
    var retryAfterSeconds: Int?
  }

  var kind: String?
  var status: String?
  var message: String?
  /// `NotFound`, `AlreadyExists`, …
  var reason: String?
  var details: Details?
  var code: Int?

  func hasCause(_ reason: String) -> Bool { details?.causes?.contains { $0.reason == reason } ?? false }
}

extension Status {
  /// Its texts made fit to be shown, and long enough still to be understood.
  var cleaned: Status {
    func short(_ text: String?) -> String? { text.map { ForeignText.clean($0, limit: 253) } }
    var status = self
    status.message = message.map { ForeignText.clean($0, limit: 8192) }
    status.details?.name = short(details?.name)
    status.details?.group = short(details?.group)
    status.details?.kind = short(details?.kind)
    status.details?.causes = details?.causes?.map {
      Details.Cause(
        reason: short($0.reason), message: $0.message.map { ForeignText.clean($0) }, field: short($0.field))
    }
    return status
  }
}
