import Testing

@testable import Kubernetes

@Suite("Credentials", .timeLimit(.minutes(1)))
struct CredentialTests {
  @Test("No line end gets into a header", arguments: ["abc", "abc\n", "abc\r\n", " abc \n\n"])
  func token(_ text: String) {
    #expect(Credential(token: text).authorization == "Bearer abc")
  }
}
