import Documents
import Foundation
import Kubernetes
import NIOHTTP1
import PrepullAPI
import TestKit
import Testing

@testable import Dashboard

/// The page inside a cluster over HTTPS, by a process that has the rights of `prepull install --dashboard`.
@Suite("The page inside a cluster", .timeLimit(.minutes(3)), .serialized) struct ClusterPageTests {
  /// All that a page can ask, with what stands in the cluster's other namespace.
  private static var paths: [String] {
    func image(_ text: String) -> String { "/api/image?name=\(text.replacing("/", with: "%2F"))" }
    return [
      "/", "/api/session", "/api/node?name=node-1", "/api/node?name=node-1&brief=1", "/api/node?name=bank",
      image(ClusterPageContent.bankImage), image(ClusterPageContent.shopImage), image("registry.invalid/both:1"),
      image("\(ClusterPageContent.bankImage)-run"), "/api/runs", "/api/runs?id=bankr", "/api/estimate",
      "/api/estimate?scope=all", "/api/cost",
    ]
  }

  /// Every answer of an account, by what was asked, with the first event of the stream.
  private func answers(_ lab: ClusterPageLab, as cookie: String) async throws -> [String: ClusterPageLab.Answer] {
    var answers: [String: ClusterPageLab.Answer] = [:]
    for path in Self.paths { answers[path] = try await lab.get(path, as: cookie) }
    return answers
  }

  @Test("Who may see one namespace learns no name and no number of the other from any answer")
  func oneNamespace() async throws {
    try await ClusterPageLab.with { lab in
      let (chief, clerk) = (try await lab.session(of: "chief"), try await lab.session(of: "clerk"))
      try await eventually("all to be read") {
        try await lab.document(as: chief)["images"]?.array?.count == 5
      }
      let all = try await answers(lab, as: chief)
      let own = try await answers(lab, as: clerk)
      // What tells of the bank tells whoever may see it, so that the rest of this test can fail.
      let telling = Self.paths.filter { all[$0]?.body.contains("bank") == true }
      #expect(telling.count == 7, "\(telling)")
      for (path, answer) in own {
        #expect(!answer.body.contains("bank") && !answer.body.contains("vault"), "\(path): \(answer.body)")
      }
      let document = try await lab.document(as: clerk)
      #expect(!document.text.contains("bank"), "\(document.text)")
      #expect(document["nodes"]?.array?.count == 2)
      let images = document["images"]?.array?.compactMap { $0["name"]?.string } ?? []
      #expect(
        images == [ClusterPageContent.shopImage, "\(ClusterPageContent.shopImage)-run", "registry.invalid/both:1"])
      #expect(document["notes"]?.text.contains("Only what is wanted in shop is shown") == true)
      for path in Self.paths where path.contains("bank%2F") { #expect(own[path]?.status == 404, "\(path)") }
      // Numbers: of the estimate, of what the nodes hold, of the cost.
      let (estimate, whole) = (own["/api/estimate?scope=all"]?.json, all["/api/estimate?scope=all"]?.json)
      #expect(estimate?["bytes"] == 2_000_000_000 && whole?["bytes"] == 20_000_000_000)
      #expect(own["/api/runs"]?.json["runs"]?.array?.count == 1)
      #expect(all["/api/runs"]?.json["runs"]?.array?.count == 2)
      let (cost, costs) = (own["/api/cost"]?.json, all["/api/cost"]?.json)
      #expect(cost?["images"]?.array?.count == 1, "\(cost?.text ?? "")")
      #expect(cost?["pods"] == 1 && costs?["pods"]?.integer ?? 0 >= 2)
      #expect(costs?["images"]?.array?.count ?? 0 >= 2)
      #expect(own["/api/node?name=node-1"]?.json["images"]?.array?.count == 3)
      #expect(all["/api/node?name=node-1"]?.json["images"]?.array?.count == 5)
    }
  }

  @Test("Without the right to list nodes there is nothing but a page that says which right is missing")
  func noNodes() async throws {
    try await ClusterPageLab.with { lab in
      let stranger = try await lab.session(of: "stranger")
      for path in Self.paths + ["/api/events"] where path.hasPrefix("/api/") && path != "/api/session" {
        let answer = try await lab.get(path, as: stranger)
        #expect(answer.status == 403 && answer.body.contains("nodes"), "\(path)")
        #expect(!answer.body.contains("node-1") && !answer.body.contains("shop"), "\(path)")
      }
      #expect(try await lab.get("/", as: stranger).body.contains("You may not list nodes"))
      let session = try await lab.get("/api/session", as: stranger).json
      #expect(session["user"] == "system:serviceaccount:people:stranger" && session["mayListNodes"] == false)
      // With nodes and nothing else there are rows, and not one image.
      let guest = try await lab.session(of: "guest")
      let document = try await lab.document(as: guest)
      #expect(document["nodes"]?.array?.count == 2 && document["images"] == [] && document["plans"] == [])
      #expect(document["notes"]?.array?.count == 2)
      #expect(try await lab.get("/api/runs", as: guest).json["runs"] == [])
      #expect(try await lab.get("/api/cost", as: guest).json["images"] == [])
      // The right is given: the same session sees rows.
      try await ClusterPageContent.bind("stranger", to: "prepull-dashboard-viewer", lab.admin)
      try await eventually("the rows", within: .seconds(30)) {
        try await lab.get("/api/node?name=node-1", as: stranger).status == 200
      }
    }
  }

  @Test("A right that is withdrawn ends the stream, and what it showed is gone")
  func withdrawal() async throws {
    try await ClusterPageLab.with { lab in
      let clerk = try await lab.session(of: "clerk")
      try await eventually("the images") { try await lab.document(as: clerk)["images"]?.array?.count == 3 }
      try await lab.events(as: clerk) { _, rest in
        try await lab.admin.delete(
          DynamicResource(apiVersion: "rbac.authorization.k8s.io/v1", plural: "rolebindings"),
          ClusterPageContent.bindingName("clerk", "view"), in: "shop")
        // Nothing is sent that was not asked about, so the next change is not.
        let changes = Task {
          for number in 0... {
            let labels: JSON = ["metadata": ["labels": ["pool": .string("pool-\(number)")]]]
            _ = try await lab.admin.patch(Node.self, "node-1", .merge(labels))
            try await Task.sleep(for: .milliseconds(400))
          }
        }
        var rest = rest
        while try await rest.next() != nil {}
        changes.cancel()
      }
      let document = try await lab.document(as: clerk)
      #expect(document["images"] == [] && !document.text.contains("shop/"))
      #expect(try await lab.get("/api/node?name=node-1", as: clerk).json["images"] == [])
    }
  }

  @Test("Tokens that are wrong, over, or for somebody else are refused, and none is ever logged or given back")
  func tokens() async throws {
    try await ClusterPageLab.with { lab in
      let good = try lab.token(of: "chief")
      for (token, status) in [
        ("nonsense", 401), (good + "x", 401), (try lab.token(of: "chief", lifetime: .seconds(-5)), 401),
        (try lab.token(of: "chief", audience: "somebody"), 401), ("", 400), ("two words", 400),
      ] {
        let answer = try await lab.logIn(with: token)
        #expect(answer.status == status && answer.cookie == nil, "\(answer.body)")
        #expect(token.isEmpty || !answer.body.contains(token))
      }
      let answer = try await lab.logIn(with: "  \(good)\n")
      let whole = try #require(answer.headers.first(name: "set-cookie"))
      for word in ["__Host-prepull-\(lab.port)=", "HttpOnly", "Secure", "SameSite=Strict", "Path=/", "Max-Age="] {
        #expect(whole.contains(word), "\(whole)")
      }
      #expect(!answer.headers.description.contains(good) && !answer.body.contains(good))
      let cookie = try #require(answer.cookie)
      #expect(try await lab.get("/api/session", as: cookie).json["user"] == "system:serviceaccount:people:chief")
      // A token in an address opens nothing.
      #expect(try await lab.get("/api/session?token=\(good)", as: nil).status == 401)
      // Out.
      let headers = [("Cookie", cookie), ("Origin", lab.address)]
      #expect(try await lab.send(.POST, "/logout", headers).status == 204)
      #expect(try await lab.get("/api/session", as: cookie).status == 401)
      // A session ends with its token.
      let short = try await lab.logIn(with: try lab.token(of: "chief", lifetime: .seconds(3)))
      let brief = try #require(short.cookie)
      #expect(try await lab.get("/api/session", as: brief).status == 200)
      try await eventually("its end", within: .seconds(20)) {
        try await lab.get("/api/session", as: brief).status == 401
      }
      let secret = try #require(good.split(separator: ".").last.map(String.init))
      #expect(lab.lines.all.contains { $0.contains("somebody logged in") })
      #expect(!lab.lines.all.contains { $0.contains(secret) })
    }
  }

  @Test("Other sites, other methods and large bodies are refused; many tries in a row have to wait")
  func gate() async throws {
    try await ClusterPageLab.with { lab in
      let json = ("Content-Type", "application/json")
      func post(_ headers: [(String, String)], _ body: String = #"{"token": "x"}"#) async throws -> Int {
        try await lab.send(.POST, "/login", headers, body: body).status
      }
      #expect(try await post([json]) == 403)
      for origin in ["https://evil.example", "null", "http://127.0.0.1:\(lab.port)", "https://127.0.0.1:1"] {
        #expect(try await post([json, ("Origin", origin)]) == 403, "\(origin)")
      }
      #expect(try await post([("Content-Type", "text/plain"), ("Origin", lab.address)]) == 415)
      let large = #"{"token": "\#(String(repeating: "x", count: LogIn.largestBody))"}"#
      #expect(try await post([json, ("Origin", lab.address)], large) == 413)
      for method in ["PUT", "DELETE", "PATCH", "OPTIONS"] {
        #expect(try await lab.send(.init(rawValue: method), "/api/session").status == 405, "\(method)")
      }
      #expect(try await lab.send(.POST, "/api/session", [("Origin", lab.address)]).status == 405)
      // Nothing of the cluster without a session.
      for path in Self.paths + ["/api/events", "/main.js", "/index.html"] where path != "/" {
        #expect(try await lab.get(path, as: nil).status == 401, "\(path)")
      }
      for path in ["/login", "/login.js", "/page.css", "/access.css", "/icon.svg", "/favicon.ico"] {
        let answer = try await lab.get(path, as: nil)
        #expect(answer.status == 200)
        let policy = answer.headers.first(name: "content-security-policy") ?? ""
        #expect(policy.contains("default-src 'none'") && !policy.contains("unsafe"))
        #expect(answer.headers.first(name: "cache-control") == "no-store")
      }
      var last = 0
      for _ in 0..<60 where last != 429 { last = try await post([json, ("Origin", lab.address)]) }
      #expect(last == 429)
    }
  }

  @Test("It is ready when it can read and review, and says why it is not")
  func readiness() async throws {
    try await ClusterPageLab.with { lab in
      let probe = "http://127.0.0.1:\(lab.statusPort)"
      // Its log says where it is before it is ready, and it is not ready before it listens.
      #expect(lab.unreadinessBefore?.contains("the page") == true)
      try await eventually("it to be ready") { try await lab.send(.GET, "\(probe)/readyz").status == 200 }
      #expect(try await lab.send(.GET, "\(probe)/healthz").status == 200)
      _ = try await lab.session(of: "clerk")
      let metrics = try await lab.send(.GET, "\(probe)/metrics").body
      #expect(metrics.contains("prepull_page_sessions 1\n"))
      #expect(metrics.contains(#"prepull_page_logins_total{result="accepted"} 1"#))
      // The page itself is not there in plain, nor anything else.
      #expect(try await lab.send(.GET, "\(probe)/login").status == 404)
      #expect(lab.lines.all.contains { $0.contains("the page is served") && $0.contains("certificate-sha256=") })
    }
    try await ClusterPageLab.with(isBound: false) { lab in
      let probe = "http://127.0.0.1:\(lab.statusPort)/readyz"
      try await eventually("the reasons", within: .seconds(20)) {
        let answer = try await lab.send(.GET, probe)
        return answer.status == 503 && answer.body.contains("subjectaccessreviews") && answer.body.contains("nodes (")
      }
      // Nobody can come in, and that is said too.
      let answer = try await lab.logIn(with: try lab.token(of: "chief"))
      #expect(answer.status == 503 && answer.cookie == nil)
    }
  }
}
