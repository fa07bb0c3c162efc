import Documents

/// What a server says about an error, made fit to be shown.
struct ServerText {
  /// Code of the distribution specification ("Error Codes"), such as `NAME_UNKNOWN`.
  private(set) var code: String?
  private(set) var message = ""

  init(body: [UInt8], type: String?) {
    guard !body.isEmpty else { return }
    if Self.isHTML(body, type: type) {
      message = "an HTML page; is a proxy or a login page in front of the registry?"
    } else if let answer = try? JSON(parsing: body), answer.object != nil {
      let errors = answer["errors"].map { $0.array ?? [$0] } ?? []
      code = errors.lazy.compactMap { $0["code"]?.string }.first
      // Registries have a list; token servers, proxies and clouds have one of the others.
      let texts = errors.compactMap { Self.text(in: $0, ["message", "code", "detail"]) }
      let other = Self.text(in: answer, ["message", "details", "error_description", "error", "detail"])
      message = ForeignText.clause(
        texts.isEmpty ? other ?? "" : texts.map { ForeignText.clause($0) }.joined(separator: "; "), limit: 300)
    } else if type?.hasPrefix("text/plain") ?? true {
      message = ForeignText.clause(String(decoding: body, as: UTF8.self), limit: 300)
    }
  }

  /// The first of the members that says something.
  private static func text(in value: JSON, _ keys: [String]) -> String? {
    if let text = value.string { return text.isEmpty ? nil : text }
    return keys.lazy.compactMap { key in value[key].flatMap { text(in: $0, keys) } }.first
  }

  static func isHTML(_ body: [UInt8], type: String?) -> Bool {
    type?.lowercased().hasPrefix("text/html") ?? false
      || body.first { $0 > 0x20 } == UInt8(ascii: "<")
  }
}
