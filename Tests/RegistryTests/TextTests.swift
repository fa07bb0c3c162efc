import TestKit
import Documents
import Foundation
import NIOHTTP1
import Networking
import Testing

@testable import Registry

/// Headers and addresses as they are written in the world.
struct TextTests {
  @Test(
    .timeLimit(.minutes(5)),
    arguments: [
      ("0", 0), ("120", 120), ("Sun, 06 Nov 1994 08:49:57 GMT", 20), ("Sun, 06 Nov 1994 08:00:00 GMT", 0),
      ("Mon, 07 Nov 1994 08:49:37 GMT", 86_400), ("-1", nil), ("soon", nil), ("Sun, 06 Foo 1994 08:49:57 GMT", nil),
      ("", nil),
    ])
  func retryAfter(_ text: String, _ seconds: Int?) {
    #expect(RetryAfter.parse(text, now: ManualClock.exampleDate) == seconds.map { .seconds($0) })
  }

  @Test(.timeLimit(.minutes(5))) func rateLimits() {
    let limit = RateLimit(["ratelimit-limit": "100;w=21600", "ratelimit-remaining": "76;w=21600"])
    #expect(limit?.limit == 100)
    #expect(limit?.remaining == 76)
    #expect(limit?.window == .seconds(21_600))
    #expect(RateLimit(["RateLimit-Limit": "5", "RateLimit-Remaining": "0"])?.window == nil)
    #expect(RateLimit(["RateLimit-Limit": "x", "RateLimit-Remaining": "0"]) == nil)
  }

  @Test(
    .timeLimit(.minutes(5)),
    arguments: [
      ("localhost", "localhost", nil), ("LocalHost:5000", "localhost", 5000), ("[::1]", "::1", nil),
      ("[::1]:443", "::1", 443), ("::1", "::1", nil), ("10.0.0.1:1", "10.0.0.1", 1),
    ])
  func addresses(_ text: String, _ host: String, _ port: Int?) {
    let address = HostAddress(text)
    #expect(address?.host == host)
    #expect(address?.port == port)
  }

  @Test(.timeLimit(.minutes(5)), arguments: ["", ":5000", "a:0", "a:70000", "a:b", "a/b", "[::1]:"])
  func notAddresses(_ text: String) {
    #expect(HostAddress(text) == nil)
  }

  @Test(
    .timeLimit(.minutes(5)),
    arguments: [
      ("localhost", true), ("127.0.0.1:5000", true), ("127.8.9.1", true), ("[::1]:5000", true),
      ("[::ffff:127.0.0.1]", true),
      ("128.0.0.1", false), ("localhost.test", false), ("[::2]", false), ("127.0.0.1.test", false),
    ])
  func loopback(_ text: String, _ expected: Bool) {
    #expect(HostAddress(text)?.isLoopback == expected)
  }

  /// What a server says is cut and cleaned before anybody sees it.
  @Test(.timeLimit(.minutes(5))) func serverText() {
    let long = String(repeating: "x", count: 1000)
    #expect(ServerText(body: Array(#"{"errors":[{"message":"\#(long)"}]}"#.utf8), type: nil).message.count == 300)
    #expect(ForeignText.clean("a\u{1B}[31mb\r\n\tc\u{202E}d\u{0}") == "a [31mb c d")
    let answer = ServerText(body: Array(#"{"errors":[{"code":"X","message":"one"},{"code":"Y"}]}"#.utf8), type: nil)
    #expect(answer.code == "X")
    #expect(answer.message == "one; Y")
    for (body, said) in [
      (#"{"errors":[{"code":"X","message":null,"detail":{"message":"why."}}]}"#, "X"),
      (#"{"errors":["in words."]}"#, "in words"), (#"{"errors":{"code":7,"message":"alone"}}"#, "alone"),
      (#"{"error":{"code":403,"message":"of a cloud"}}"#, "of a cloud"), (#"{"errors":null,"message":"m"}"#, "m"),
      (#"{"error":"","error_description":"d…"}"#, "d…"), ("plain.", "plain"),
    ] {
      #expect(ServerText(body: Array(body.utf8), type: nil).message == said)
    }
    #expect(ServerText(body: Array(#"{"details":"no"}"#.utf8), type: "application/json").message == "no")
    #expect(ServerText(body: Array("  <p>".utf8), type: nil).message.hasPrefix("an HTML page"))
    #expect(ServerText(body: [0xff, 0xfe, 0x00], type: "application/octet-stream").message.isEmpty)
  }

  /// Docker Hub's API is not where its images say.
  @Test(.timeLimit(.minutes(5))) func dockerHub() throws {
    var configuration = RegistryConfiguration()
    let endpoints = try Endpoint.all(for: "docker.io", configuration)
    let url = try endpoints[0].url(scheme: "https", repository: "library/nginx", item: "manifests/1")
    #expect(url.absoluteString == "https://registry-1.docker.io/v2/library/nginx/manifests/1")
    #expect(endpoints[0].name == "docker.io")
    configuration.mirrors = ["docker.io": [try RegistryMirror(parsing: "m.test:5000")]]
    let mirror = try Endpoint.all(for: "docker.io", configuration)[0]
    #expect(
      try mirror.url(scheme: "https", repository: "library/nginx", item: "manifests/1").absoluteString
        == "https://m.test:5000/v2/library/nginx/manifests/1?ns=docker.io")
    #expect(try Endpoint.all(for: "other.test", configuration).count == 1)
  }

  @Test(.timeLimit(.minutes(5))) func everyCodeSaysWhatToDo() {
    for code in RegistryError.Code.allCases {
      let error = RegistryError(RegistryProblem(code, "it broke"), operation: "fetch", subject: "x")
      #expect(error.description == "cannot fetch x: it broke\n\(code.remedy)")
      #expect(code.remedy.hasSuffix(".") || code.remedy.hasSuffix("?"))
    }
  }
}
