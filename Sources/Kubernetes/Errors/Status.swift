/// How an API server tells of failure: `metav1.Status`.
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
