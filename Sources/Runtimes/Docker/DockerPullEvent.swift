import Documents

/// One line of the stream that answers `POST /images/create`.
///
/// What is of another type than expected is as good as missing: no line fails for a part that is not needed.
struct DockerPullEvent: Hashable, Sendable {
  var status: String?
  /// The first 12 digits of a layer's digest; in the first line the tag.
  var id: String?
  /// Bytes of the layer so far; nil where the engine counts something else (`units`).
  var current: Int64?
  /// The engine's own words for what went wrong.
  var failure: String?

  init(status: String? = nil, id: String? = nil, current: Int64? = nil, failure: String? = nil) {
    self.status = status
    self.id = id
    self.current = current
    self.failure = failure
  }

  /// Reads a line; nil for one without content: engines and proxies keep connections open with these.
  /// - Throws: `JSONError` for what is no JSON object.
  init?(line: some Collection<UInt8>) throws(JSONError) {
    guard line.contains(where: { ![0x20, 0x09, 0x0d, 0x0a].contains($0) }) else { return nil }
    let json = try JSON(parsing: line)
    guard json.object != nil else { throw JSONError(problem: "expected an object", offset: 0) }
    func text(_ value: JSON?) -> String? { value?.string.flatMap { $0.isEmpty ? nil : $0 } }
    status = text(json["status"])
    id = text(json["id"])
    let detail = json["progressDetail"]
    current = text(detail?["units"]) == nil ? detail?["current"]?.number.flatMap { Int64(exactly: $0.rounded()) } : nil
    failure = text(json["errorDetail"]?["message"]) ?? text(json["error"]) ?? text(json["error"]?["message"])
    if failure == nil, let code = json["errorDetail"]?["code"]?.integer { failure = "the registry answered \(code)" }
    if failure == nil, json["error"].map({ !$0.isNull && $0 != "" }) ?? false { failure = "it failed without a reason" }
  }
}
