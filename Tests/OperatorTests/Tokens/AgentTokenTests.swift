import Documents
import Foundation
import Kubernetes
import NIOHTTP1
import Networking
import TestKit
import Testing
import VirtualCluster

@testable import Operator

@Suite("Credentials for agents", .timeLimit(.minutes(3))) struct AgentTokenTests {
  @Test("An agent gets a token for the repository that its node wants, got with the secret that fits best")
  func token() async throws {
    try await TokenLab.with { lab in
      let host = lab.sandbox.registry.host
      try await lab.cluster.secret("wide", for: host, username: "bob", password: "wrong")
      try await lab.cluster.secret("narrow", for: "\(host)/team", username: "ada", password: "pass:word")
      try await lab.cluster.prepull("app", lab.image, secrets: ["wide", "narrow"])
      for node in ["node-1", "node-2"] { try await lab.cluster.wish([(lab.image, ["app"])], on: node) }
      let first = try await lab.ask(token: try await lab.cluster.token(on: "node-1"))
      #expect(first.status == 200, "\(first.json.text)")
      #expect(first.json["registry"]?.string == host)
      #expect(first.json["repository"] == "team/app")
      let token = first.json["token"]?.string ?? ""
      #expect(lab.service.accepts(token, repository: "team/app"))
      #expect(first.json["username"] == nil && first.json["password"] == nil)
      let expires = Timestamp.date(first.json["expiresAt"]?.string ?? "") ?? .distantPast
      #expect(expires > Date() + 200 && expires < Date() + 301)
      #expect(lab.service.requests.count == 1)
      #expect(lab.service.requests.first?.query.contains("repository%3Ateam%2Fapp%3Apull") == true)
      // Other nodes share it while it lives long enough.
      let second = try await lab.ask(token: try await lab.cluster.token(on: "node-2"))
      #expect(second.json["token"]?.string == token)
      #expect(lab.service.requests.count == 1)
    }
  }

  @Test("Tokens that live a minute are not kept")
  func shortLives() async throws {
    try await TokenLab.with { lab in
      lab.service.setExpiry(60)
      try await lab.wantedByNode1()
      let agent = try await lab.cluster.token(on: "node-1")
      let first = try await lab.ask(token: agent)
      let second = try await lab.ask(token: agent)
      #expect(first.status == 200 && second.status == 200)
      #expect(first.json["token"] != second.json["token"])
    }
  }

  @Test("Whoever is not the agent of a node that wants the image gets nothing")
  func refusals() async throws {
    try await TokenLab.with { lab in
      try await lab.wantedByNode1()
      let cluster = lab.cluster
      let good = try await cluster.token(on: "node-1")
      func refused(
        _ token: String?, _ status: Int, _ reason: String, image: String? = nil,
        sourceLocation: SourceLocation = #_sourceLocation
      ) async throws {
        let answer = try await lab.ask(image, token: token)
        #expect(answer.status == status, "\(answer.json.text)", sourceLocation: sourceLocation)
        #expect(answer.json["reason"]?.string == reason, sourceLocation: sourceLocation)
        #expect(answer.json["token"] == nil, sourceLocation: sourceLocation)
      }
      try await refused(nil, 401, "Unauthorized")
      try await refused("nonsense", 401, "Unauthorized")
      try await refused(try await cluster.token(on: "node-1", audience: nil), 401, "Unauthorized")
      try await refused(try await cluster.token(on: "node-1", lifetime: .seconds(-5)), 401, "Unauthorized")
      try await refused(try await cluster.token(of: "other", on: "node-1"), 403, "NoAgent")
      try await refused(try await cluster.token(on: nil), 403, "NodeUnknown")
      // It has no WarmNode, then one that wants something else.
      let other = try await cluster.token(on: "node-2")
      try await refused(other, 403, "NotWanted")
      try await cluster.wish([("\(lab.sandbox.registry.host)/team/other:v1", ["app"])], on: "node-2")
      try await refused(other, 403, "NotWanted")
      try await refused(good, 403, "NotWanted", image: "\(lab.sandbox.registry.host)/team/other:v1")
      try await refused(good, 400, "BadImage", image: "UPPER CASE")
      #expect(lab.service.requests.isEmpty)
      #expect(try await lab.ask(token: good).status == 200)
    }
  }

  @Test("Requests that are none are refused in words")
  func badRequests() async throws {
    try await TokenLab.with { lab in
      let token = "any"
      let (get, path) = (
        try await lab.ask(token: token, method: .GET), try await lab.ask(token: token, path: "/v2/credential")
      )
      #expect(get.status == 405 && path.status == 404)
      for body in ["", "[]", "{\"image\": 7}", "{\"image\": \"\"}"] {
        let answer = try await lab.ask(token: token, body: body)
        #expect(answer.status == 400 && answer.json["reason"] == "BadRequest")
      }
      let large = try await lab.ask(token: token, body: "{\"image\": \"\(String(repeating: "x", count: 10_000))\"}")
      #expect(large.status == 413)
    }
  }

  @Test("A password goes out only where a Prepull that has it allows it")
  func passwords() async throws {
    try await TokenLab.with(hasTokens: false) { lab in
      let host = lab.sandbox.registry.host
      try await lab.cluster.secret("login", for: host, username: "ada", password: "pass:word")
      try await lab.cluster.secret("useless", for: host, username: "bob", password: "wrong")
      try await lab.cluster.prepull("strict", lab.image, secrets: ["login"])
      try await lab.cluster.prepull("easy", lab.image, secrets: ["useless"], allowsPasswords: true)
      try await lab.cluster.wish([(lab.image, ["strict"])], on: "node-1")
      let agent = try await lab.cluster.token(on: "node-1")
      let refusal = try await lab.ask(token: agent)
      #expect(refusal.status == 403)
      #expect(refusal.json["reason"] == "PasswordNotAllowed")
      #expect(refusal.json["message"]?.string?.contains("allowPasswords: true") == true)
      // What one Prepull allows is not said of the other's password.
      try await lab.cluster.wish([(lab.image, ["strict", "easy"])], on: "node-1")
      let mixed = try await lab.ask(token: agent)
      #expect(mixed.status == 403 && !mixed.json.text.contains("pass:word"))
      try await lab.cluster.prepull("strict", lab.image, secrets: ["login"], allowsPasswords: true)
      let answer = try await lab.ask(token: agent)
      #expect(answer.status == 200)
      #expect(answer.json["username"] == "ada" && answer.json["password"] == "pass:word")
      #expect(answer.json["token"] == nil)
    }
  }

  @Test("Without a secret that opens it, the reason is told, without the secret")
  func noLogin() async throws {
    try await TokenLab.with { lab in
      let host = lab.sandbox.registry.host
      try await lab.cluster.prepull("app", lab.image, secrets: ["late"])
      try await lab.cluster.wish([(lab.image, ["app", "gone"])], on: "node-1")
      let agent = try await lab.cluster.token(on: "node-1")
      let none = try await lab.ask(token: agent)
      #expect(none.status == 403 && none.json["reason"] == "NoCredential")
      try await lab.cluster.secret("wrong", for: host, username: "ada", password: "hunter2")
      try await lab.cluster.prepull("app", lab.image, secrets: ["wrong"])
      let wrong = try await lab.ask(token: agent)
      #expect(wrong.status == 403 && wrong.json["reason"] == "RegistryRefused", "\(wrong.json.text)")
      #expect(!wrong.json.text.contains("hunter2"))
    }
  }

  @Test("A node that asks too often has to wait")
  func pace() {
    var pace = RequestPace(burst: 3, perSecond: 0.5)
    let now = ContinuousClock.now
    for _ in 0..<3 { #expect(pace.wait(of: "a", at: now) == nil) }
    #expect(pace.wait(of: "a", at: now) == 2)
    #expect(pace.wait(of: "b", at: now) == nil)
    #expect(pace.wait(of: "a", at: now + .seconds(1)) == 1)
    #expect(pace.wait(of: "a", at: now + .seconds(2)) == nil)
    #expect(pace.wait(of: "a", at: now + .seconds(2)) != nil)
  }
}

extension TokenLab {
  /// One Prepull with a secret that opens the image, and a node that wants it.
  func wantedByNode1() async throws {
    try await cluster.secret("login", for: sandbox.registry.host, username: "ada", password: "pass:word")
    try await cluster.prepull("app", image, secrets: ["login"])
    try await cluster.wish([(image, ["app"])], on: "node-1")
  }
}
