import Documents
import HTTPTypes
import Hummingbird
import NIOCore

/// Answers with the headers that all of them have.
enum PageAnswer {
  /// Nothing but what this server itself has, no inline script or style, and no way to make HTML of a text.
  static let policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
    + "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

  static func make(
    _ status: Int, type: String = "text/plain; charset=utf-8", body: ResponseBody, more: [HTTPField.Name: String] = [:]
  ) -> Response {
    var headers: HTTPFields = [.contentType: type, .cacheControl: "no-store"]
    for (name, value) in fixed { headers[name] = value }
    for (name, value) in more { headers[name] = value }
    return Response(status: .init(code: status), headers: headers, body: body)
  }

  static func text(_ status: Int, _ text: String, type: String = "text/plain; charset=utf-8") -> Response {
    make(status, type: type, body: .init(byteBuffer: ByteBuffer(string: text)))
  }

  static func json(_ json: JSON) -> Response { text(200, json.text, type: "application/json") }

  private static let fixed: [(HTTPField.Name, String)] = {
    let texts = [
      ("Content-Security-Policy", policy), ("X-Content-Type-Options", "nosniff"), ("Referrer-Policy", "no-referrer"),
      ("Cross-Origin-Resource-Policy", "same-origin"), ("Cross-Origin-Opener-Policy", "same-origin"),
      ("X-Frame-Options", "DENY"), ("Permissions-Policy", "clipboard-write=(self)"),
    ]
    return texts.compactMap { name, value in HTTPField.Name(name).map { ($0, value) } }
  }()
}
