import ImageModel
import Testing

@Suite("Digests", .timeLimit(.minutes(2)))
struct DigestTests {
  private let hex = String(repeating: "0a", count: 32)

  @Test func parses() throws {
    #expect(try Digest(parsing: "sha256:\(hex)").algorithm == .sha256)
    #expect(try Digest(parsing: "sha512:\(hex)\(hex)").algorithm == .sha512)
    #expect(try Digest(parsing: "sha256:\(hex)").description == "sha256:\(hex)")
  }

  @Test func comesFromBytes() throws {
    #expect(Digest(bytes: Array(repeating: 0x0a, count: 32)) == (try Digest(parsing: "sha256:\(hex)")))
    #expect(Digest(bytes: Array(repeating: 0xff, count: 64)).algorithm == .sha512)
  }

  @Test(arguments: ["", "sha256", "sha256:", "sha256:0A", "sha1:aa", "sha256:../../../../etc/passwd"])
  func refuses(text: String) {
    #expect(throws: DigestError.self) { try Digest(parsing: text) }
  }

  @Test func refusesEveryWrongLength() {
    for length in 0...130 where length != 64 {
      #expect(throws: DigestError.self) { try Digest(parsing: "sha256:" + String(repeating: "a", count: length)) }
    }
  }
}
