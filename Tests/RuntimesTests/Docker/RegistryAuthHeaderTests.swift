import Foundation
import ImageModel
import Registry
import Testing

@testable import Runtimes

@Suite(.timeLimit(.minutes(10))) struct RegistryAuthHeaderTests {
  private func decoded(_ credential: RegistryCredential, _ reference: String) throws -> [String: String] {
    let value = try RegistryAuthHeader(credential, for: try Reference(parsing: reference)).value
    #expect(!value.contains("+") && !value.contains("/"))
    let plain = value.replacing("-", with: "+").replacing("_", with: "/")
    return try JSONDecoder().decode([String: String].self, from: try #require(Data(base64Encoded: plain)))
  }

  @Test func carriesEveryKindOfCredential() throws {
    #expect(
      try decoded(.basic(username: "anna", password: "???>>>ÿ"), "r.example:5000/a")
        == ["username": "anna", "password": "???>>>ÿ", "serveraddress": "r.example:5000"])
    #expect(
      try decoded(.identityToken(username: nil, token: "t1"), "r.example/a")
        == ["identitytoken": "t1", "serveraddress": "r.example"])
    #expect(
      try decoded(.registryToken("t2"), "r.example/a") == ["registrytoken": "t2", "serveraddress": "r.example"])
    #expect(try decoded(.registryToken("t2"), "nginx")["serveraddress"] == "https://index.docker.io/v1/")
  }
}
