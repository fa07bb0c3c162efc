import ImageSources
import Networking
import Testing

@Suite("Sources: who may be asked", .timeLimit(.minutes(2)))
struct SourceAddressTests {
  @Test(
    "What is an address, and what is none",
    arguments: [
      ("http://p:9090", "http://p:9090"), ("https://p.example/base/", "https://p.example/base"),
      ("HTTP://P.Example", "http://p.example"), ("http://[::1]:9090", "http://[::1]:9090"), ("ftp://p", nil),
      ("p:9090", nil), ("http://", nil), ("http://user:secret@p", nil), ("http://p?x=y", nil), ("http://p/#a", nil),
      ("", nil), ("file:///etc/passwd", nil), ("http://p b", nil),
    ] as [(String, String?)])
  func addresses(_ text: String, _ expected: String?) {
    #expect((try? SourceAddress(parsing: text))?.text == expected)
  }

  @Test("An error never shows the password in an address")
  func password() {
    let error = #expect(throws: SourceAddress.Unusable.self) {
      try SourceAddress(parsing: "http://user:s3cret@p")
    }
    #expect(error?.description.contains("s3cret") == false && error?.description.contains("secretRef") == true)
  }

  @Test(
    "Only what was named is allowed",
    arguments: [
      ("http://p:9090", true), ("http://p", true), ("https://p:1", true), ("http://p.evil:9090", false),
      ("http://q:9090", true), ("http://q:9091", false), ("http://q", false), ("http://s", true), ("https://s", false),
      ("https://t", true), ("http://t", false), ("http://[::1]:80", true), ("http://127.0.0.1", false),
    ])
  func allowed(_ address: String, _ isAllowed: Bool) throws {
    let allowed = try AllowedSources(parsing: ["p", "Q:9090", "s:80", "t:443", "[::1]:80"])
    #expect(allowed.allows(try SourceAddress(parsing: address)) == isAllowed)
    #expect(!AllowedSources().allows(try SourceAddress(parsing: address)))
  }

  @Test(
    "What is no host is refused",
    arguments: [
      "http://p", "https://p/x", "p/x", "*.example", "*.", "u@p", "", "p:", "p:0", "p:99999", "a b", "a,b", "p:9090;x",
      "-x",
      "a-", "/a..b", "a..b", ".a", ".", "[::1", "[::1]:", "\(String(repeating: "a", count: 64)).example",
    ])
  func noHost(_ text: String) {
    #expect(throws: SourceAddress.Unusable.self) { try AllowedSources(parsing: [text]) }
  }

  @Test(
    "Names and addresses are hosts",
    arguments: ["p", "P.example.:80", "a_b-c.svc", "10.0.0.1:9090", "[::1]:9090", "::1"])
  func host(_ text: String) throws { _ = try AllowedSources(parsing: [text]) }

  @Test("A Secret makes a login, or says why not")
  func credentials() throws {
    func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }
    #expect(try SourceCredential(["token": bytes("abc\n")]).login == .bearer("abc"))
    #expect(
      try SourceCredential(["username": bytes("u"), "password": bytes("p")]).login
        == .basic(username: "u", password: "p"))
    #expect(try SourceCredential(["ca.crt": bytes("x")]).login == nil)
    for data in [
      [:], ["token": bytes("")], ["token": bytes("a\r\nX-Evil: b")], ["username": bytes("u")], ["password": bytes("p")],
      ["token": bytes("a"), "username": bytes("u")], ["username": bytes("a:b"), "password": bytes("p")],
    ] {
      #expect(throws: SourceError.self) { try SourceCredential(data) }
    }
    #expect("\(try SourceCredential(["token": bytes("abc")]))".contains("abc") == false)
  }
}
