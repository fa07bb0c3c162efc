/// One line of the stream that answers `POST /images/create`.
struct DockerPullEvent: Decodable, Hashable, Sendable {
  struct Detail: Decodable, Hashable, Sendable {
    var current: Int64?
    var total: Int64?
  }

  struct Failure: Decodable, Hashable, Sendable {
    var message: String
  }

  var status: String?
  /// The first 12 digits of a layer's digest; in the first line the tag.
  var id: String?
  var progressDetail: Detail?
  var errorDetail: Failure?
  var error: String?

  var failure: String? { errorDetail?.message ?? error }
}
