import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import Testing

@testable import Dashboard

@Suite("Who may see the page", .timeLimit(.minutes(1))) struct PageGateTests {
  private struct Answer {
    let status: Int
    let headers: HTTPHeaders
    let body: String

    var cookie: String? { headers.first(name: "set-cookie")?.split(separator: ";").first.map(String.init) }
  }

  private func get(
    _ lab: PageLab, _ path: String, method: HTTPMethod = .GET, _ headers: [(String, String)] = []
  ) async throws -> Answer {
    var request = HTTPClientRequest(url: path.hasPrefix("http") ? path : "http://127.0.0.1:\(lab.port)\(path)")
    request.method = method
    request.headers = HTTPHeaders(headers)
    let response = try await HTTPClient.shared.execute(request, timeout: .seconds(20))
    let body = try await response.body.collect(upTo: 1 << 20)
    return Answer(status: Int(response.status.code), headers: response.headers, body: String(buffer: body))
  }

  @Test("The token works once, and becomes a cookie that scripts cannot read and other sites cannot send")
  func token() async throws {
    try await PageLab.with(Boards.small()) { lab in
      #expect(try await get(lab, "/").status == 401)
      #expect(try await get(lab, "/?token=\(String(repeating: "0", count: 64))").status == 401)
      #expect(try await get(lab, "/?token=").status == 401)
      let first = try await get(lab, lab.address)
      #expect(first.status == 200)
      let cookie = try #require(first.cookie)
      let whole = try #require(first.headers.first(name: "set-cookie"))
      #expect(whole.contains("HttpOnly") && whole.contains("SameSite=Strict"))
      #expect(!lab.address.contains(try #require(cookie.split(separator: "=").last)), "the cookie is not the token")
      let second = try await get(lab, lab.address)
      #expect(second.status == 401)
      #expect(second.cookie == nil)
      #expect(second.body.contains("used already"))
      #expect(try await get(lab, "/", [("Cookie", cookie)]).body.contains("<title>Prepull</title>"))
      #expect(try await get(lab, "/api/session", [("Cookie", "other=1; \(cookie)")]).status == 200)
      #expect(try await get(lab, "/", [("Cookie", cookie + "0")]).status == 401)
    }
  }

  @Test("Foreign hosts and origins, and all that could write, are refused, even with the cookie")
  func origin() async throws {
    try await PageLab.with(Boards.small()) { lab in
      let cookie = try #require(try await get(lab, lab.address).cookie)
      func status(_ headers: [(String, String)], method: HTTPMethod = .GET) async throws -> Int {
        try await get(lab, "/api/session", method: method, [("Cookie", cookie)] + headers).status
      }
      #expect(try await status([]) == 200)
      #expect(try await status([("Host", "localhost:\(lab.port)")]) == 200)
      for host in [
        "evil.example", "evil.example:\(lab.port)", "127.0.0.1", "127.0.0.1:1", "127.0.0.1.evil.example:\(lab.port)",
      ] {
        #expect(try await status([("Host", host)]) == 421, "\(host)")
      }
      #expect(try await status([("Origin", "http://127.0.0.1:\(lab.port)")]) == 200)
      for origin in ["http://evil.example", "null", "https://127.0.0.1:\(lab.port)", "http://127.0.0.1:1"] {
        #expect(try await status([("Origin", origin)]) == 403, "\(origin)")
      }
      for method in [HTTPMethod.POST, .PUT, .DELETE, .PATCH, .OPTIONS] {
        #expect(try await status([], method: method) == 405, "\(method)")
      }
    }
  }

  @Test("Every answer has the strict policy, and none is kept")
  func headers() async throws {
    try await PageLab.with(Boards.small()) { lab in
      let refused = try await get(lab, "/")
      let cookie = try #require(try await get(lab, lab.address).cookie)
      var answers = [refused]
      for path in [
        "/", "/main.js", "/page.css", "/icon.svg", "/favicon.ico", "/api/node?name=node-1", "/nothing",
        "/../etc/passwd",
      ] {
        answers.append(try await get(lab, path, [("Cookie", cookie)]))
      }
      for answer in answers {
        let policy = answer.headers.first(name: "content-security-policy") ?? ""
        #expect(policy.contains("default-src 'none'") && !policy.contains("unsafe"))
        #expect(answer.headers.first(name: "cache-control") == "no-store")
        #expect(answer.headers.first(name: "x-content-type-options") == "nosniff")
        #expect(answer.headers.first(name: "referrer-policy") == "no-referrer")
      }
      #expect(answers.map(\.status) == [401, 200, 200, 200, 200, 200, 200, 404, 404])
    }
  }

  @Test("The icon is there where browsers look for it, also before a page names it")
  func icon() async throws {
    try await PageLab.with(Boards.small()) { lab in
      let entry = try await get(lab, lab.address)
      #expect(entry.body.contains(#"<link rel="icon" href="/icon.svg">"#))
      let icon = try await get(lab, "/favicon.ico", [("Cookie", try #require(entry.cookie))])
      #expect(icon.status == 200 && icon.body.hasPrefix("<svg"))
      #expect(icon.headers.first(name: "content-type")?.hasPrefix("image/svg+xml") == true)
    }
  }

  @Test("Only so many pages are told at a time, and one that is left makes room")
  func many() async throws {
    try await PageLab.with(Boards.small()) { lab in
      var streams: [AsyncStream<String>?] = []
      for _ in 0..<LiveMatrix.mostPages { streams.append(await lab.live.follow()) }
      #expect(streams.allSatisfy { $0 != nil })
      #expect(await lab.live.follow() == nil)
      let cookie = try #require(try await get(lab, lab.address).cookie)
      #expect(try await get(lab, "/api/events", [("Cookie", cookie)]).status == 503)
      streams = []
      while await lab.live.follow() == nil { try await Task.sleep(for: .milliseconds(10)) }
    }
  }

  @Test("Numbers of the estimate that are none are refused")
  func numbers() async throws {
    try await PageLab.with(Boards.small()) { lab in
      let cookie = try #require(try await get(lab, lab.address).cookie)
      for query in ["parallelism=0", "node=nan", "registry=-1", "unpack=1e99", "parallelism=x", "node=inf"] {
        #expect(try await get(lab, "/api/estimate?\(query)", [("Cookie", cookie)]).status == 400, "\(query)")
      }
      #expect(try await get(lab, "/api/estimate?parallelism=3", [("Cookie", cookie)]).status == 200)
    }
  }
}
