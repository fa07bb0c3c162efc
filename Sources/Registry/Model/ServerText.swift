import Documents

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What a server says about an error, made fit to be shown.
struct ServerText {
  /// Code of the distribution specification ("Error Codes"), such as `NAME_UNKNOWN`.
  private(set) var code: String?
  private(set) var message = ""

  private struct Answer: Decodable {
    struct Item: Decodable {
      var code: String?
      var message: String?
    }
    /// Registries.
    var errors: [Item]?
    /// Token servers and proxies.
    var message: String?
    var details: String?
    var error_description: String?
    var error: String?
  }

  init(body: [UInt8], type: String?) {
    guard !body.isEmpty else { return }
    if Self.isHTML(body, type: type) {
      message = "an HTML page; does a proxy or a login page stand before the registry?"
    } else if let answer = try? JSONDecoder().decode(Answer.self, from: Data(body)) {
      code = answer.errors?.first?.code
      let told = answer.errors?.compactMap { $0.message ?? $0.code }.filter { !$0.isEmpty } ?? []
      let other = answer.message ?? answer.details ?? answer.error_description ?? answer.error ?? ""
      message = ForeignText.clean(told.isEmpty ? other : told.joined(separator: "; "), limit: 300)
    } else if type?.hasPrefix("text/plain") ?? true {
      message = ForeignText.clean(String(decoding: body, as: UTF8.self), limit: 300)
    }
  }

  static func isHTML(_ body: [UInt8], type: String?) -> Bool {
    type?.lowercased().hasPrefix("text/html") ?? false
      || body.first { $0 > 0x20 } == UInt8(ascii: "<")
  }
}
