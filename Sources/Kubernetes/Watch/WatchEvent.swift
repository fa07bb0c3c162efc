/// What a watch tells.
package enum WatchEvent<R: Resource>: Sendable {
  /// A whole list: it replaces all that was known.
  case restarted([R])
  /// An object came or changed.
  case applied(R)
  case deleted(R)
  /// Something went wrong, and it is tried again after the time given. What was known may be out of date until then.
  case failed(APIError, retryingAfter: Duration)
}

/// How a watch fares.
package enum WatchProgress: Sendable {
  /// What is there was listed, and the server has begun to say what happens.
  case watching
  case failed(APIError)
}
