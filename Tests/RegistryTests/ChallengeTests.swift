import NIOHTTP1
import Testing

@testable import Registry

struct ChallengeTests {
  @Test(
    .timeLimit(.minutes(5)),
    arguments: [
      ("", []),
      ("Basic realm=\"x\"", [Challenge(scheme: "basic", parameters: ["realm": "x"])]),
      (
        "Bearer realm=\"https://a/token\",service=\"a, b\",scope=\"repository:x/y:pull,push\"",
        [
          Challenge(
            scheme: "bearer",
            parameters: ["realm": "https://a/token", "service": "a, b", "scope": "repository:x/y:pull,push"])
        ]
      ),
      (
        "BEARER Realm = \"a\" , service = b,, error=\"say \\\"no\\\"\"",
        [Challenge(scheme: "bearer", parameters: ["realm": "a", "service": "b", "error": "say \"no\""])]
      ),
      (
        "Basic realm=\"x\", Bearer realm=\"y\"",
        [
          Challenge(scheme: "basic", parameters: ["realm": "x"]),
          Challenge(scheme: "bearer", parameters: ["realm": "y"]),
        ]
      ),
      ("Negotiate, NTLM", [Challenge(scheme: "negotiate"), Challenge(scheme: "ntlm")]),
      ("Basic realm=\"never closed", [Challenge(scheme: "basic", parameters: ["realm": "never closed"])]),
      ("=,\"=\"", [Challenge]()),
    ])
  func parsing(_ header: String, _ expected: [Challenge]) {
    #expect(Challenge.parse(header) == expected)
  }

  @Test(.timeLimit(.minutes(5))) func everyHeaderCounts() {
    let found = Challenge.all(in: [
      "WWW-Authenticate": "Basic realm=a", "Content-Type": "x", "www-authenticate": "Bearer realm=b",
    ])
    #expect(found.map(\.scheme) == ["basic", "bearer"])
  }
}
