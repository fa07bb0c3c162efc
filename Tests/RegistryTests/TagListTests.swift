import ImageModel
@testable import Registry
import TestKit
import Testing
import VirtualCluster

@Suite("Registries: where the next page is", .timeLimit(.minutes(2)))
struct NextPageTests {
  @Test(
    "Links as registries write them",
    arguments: [
      ([], .none), ([""], .none), (["</v2/a/tags/list?last=x>; rel=\"prev\""], .none),
      (["</v2/a/b/tags/list?last=x&n=10>; rel=\"next\""], .query("last=x&n=10")),
      (["<https://r.example/v2/a/tags/list?n=1&last=y>; rel=next"], .query("n=1&last=y")),
      (["<http://R.example:80/v2/a/tags/list?last=y>;rel='next'"], .query("last=y")),
      (["<//r.example/v2/a/tags/list?last=y>; rel=\"next\""], .query("last=y")),
      (["<?last=y>; rel=\"next\""], .query("last=y")), (["<tags/list?last=y>; rel=\"next\""], .query("last=y")),
      (["</v2/a/tags/list?next_page=gAAA%3D%3D>; title=\"a, b\"; rel=\"first NEXT\""], .query("next_page=gAAA%3D%3D")),
      (["<https://other/x>; rel=\"prev\", </v2/a/tags/list?last=z>; rel=\"next\""], .query("last=z")),
      (["<https://x/help>; rel=help", "</v2/a/tags/list?last=z>; rel=\"next\""], .query("last=z")),
    ] as [([String], NextPage)])
  func links(_ headers: [String], _ page: NextPage) {
    #expect(NextPage(headers, host: "r.example") == page)
  }

  @Test(
    "Links that lead nowhere, or elsewhere",
    arguments: [
      "</v2/a/tags/list?last=x; rel=\"next\"", "</v2/a/tags/list>; rel=\"next\"", "<>; rel=\"next\"",
      "<https://evil.example/v2/a/tags/list?last=x>; rel=\"next\"", "</v2/a/manifests/x?last=x>; rel=\"next\"",
      "<https://r.example.evil/v2/a/tags/list?last=x>; rel=\"next\"", "/v2/a/tags/list?last=x; rel=next",
      "</v2/a/tags/list?a b>; rel=\"next\"", "<https://?last=x>; rel=next",
    ])
  func broken(_ header: String) {
    guard case .broken = NextPage([header], host: "r.example") else {
      Issue.record("\(header) is \(NextPage([header], host: "r.example"))")
      return
    }
  }
}

@Suite("Registries: lists of tags", .timeLimit(.minutes(2)))
struct TagListTests {
  @Test("All tags come, whatever the pages are", arguments: [1, 7, 100, 1000])
  func pages(_ size: Int) async throws {
    try await withEmbeddedRegistry { registry in
      let tags = (0..<120).map { "t\($0)" }
      registry.list(tags, of: "test/many")
      registry.limit(tagsOfPage: size)
      let reference = try Reference(parsing: "\(registry.host)/test/many")
      let found = try await withClient { try await $0.tags(of: reference) }
      #expect(found == tags.sorted())
      #expect(registry.requests.count { $0.path == "/v2/test/many/tags/list" } == (120 + size - 1) / size)
    }
  }

  private static func failure(
    _ fault: RegistryFault, tags: [String] = (0..<30).map { "t\($0)" }, limits: RegistryClient.TagLimits = .init()
  ) async throws -> RegistryError? {
    try await withEmbeddedRegistry { registry in
      registry.list(tags, of: "test/many")
      registry.limit(tagsOfPage: 10)
      registry.inject(fault) { $0.path.hasSuffix("/tags/list") }
      let reference = try Reference(parsing: "\(registry.host)/test/many")
      return await #expect(throws: RegistryError.self) {
        try await withClient { try await $0.tags(of: reference, limits: limits) }
      }
    }
  }

  @Test(
    "Pages in a circle, to elsewhere and without end, and what is no list",
    arguments: [
      RegistryFault.headers(["Link": "</v2/test/many/tags/list?n=1000>; rel=\"next\""]),
      .headers(["Link": "<http://evil.example/v2/test/many/tags/list?last=a>; rel=\"next\""]),
      .headers(["Link": "<nonsense"]), .status(200, body: "<html>"), .status(200, body: "[]"), .status(500),
      .status(405),
    ])
  func faults(_ fault: RegistryFault) async throws {
    let error = try await Self.failure(fault)
    #expect([.fault].contains(error?.code))
  }

  /// Its Link is another one each time, and leads to the same.
  @Test("Pages that bring nothing new are given up")
  func stuck() async throws {
    try await withEmbeddedRegistry { registry in
      registry.list(["a", "b"], of: "test/many")
      for number in 0..<50 {
        registry.inject(.headers(["Link": "</v2/test/many/tags/list?x=\(number)>; rel=\"next\""]), times: 1) {
          $0.path.hasSuffix("/tags/list")
        }
      }
      let reference = try Reference(parsing: "\(registry.host)/test/many")
      let error = await #expect(throws: RegistryError.self) {
        try await withClient { try await $0.tags(of: reference) }
      }
      #expect(error?.detail.contains("circle") ?? false)
      #expect(registry.requests.count < 20)
    }
  }

  @Test("More tags than allowed, tags that are none, and no tags")
  func bounds() async throws {
    var limits = RegistryClient.TagLimits()
    limits.tags = 15
    let error = try await Self.failure(.withoutHeader("X"), limits: limits)
    #expect(error?.code == .tooLarge)
    try await withEmbeddedRegistry { registry in
      let reference = try Reference(parsing: "\(registry.host)/test/odd")
      registry.inject(.status(200, body: #"{"tags":["good","a b","../x",".x","",7,"a:b","x@y"]}"#), times: 1) {
        $0.path.hasSuffix("/tags/list")
      }
      registry.inject(.status(200, body: #"{"name":"test/odd","tags":null}"#), times: 1) {
        $0.path.hasSuffix("/tags/list")
      }
      let lists = try await withClient { client in
        [try await client.tags(of: reference), try await client.tags(of: reference)]
      }
      #expect(lists == [["good"], []])
    }
  }

  @Test("A login is asked for and shown on every page")
  func login() async throws {
    try await withEmbeddedRegistry { registry in
      registry.require(.basic(username: "ada", password: "secret"))
      registry.list((0..<30).map { "t\($0)" }, of: "test/many")
      registry.limit(tagsOfPage: 10)
      let reference = try Reference(parsing: "\(registry.host)/test/many")
      let credential = FixedCredential(.basic(username: "ada", password: "secret"))
      #expect(try await withClient(credentials: credential) { try await $0.tags(of: reference) }.count == 30)
    }
  }

  @Test("The embedded registry refuses the number that docker-registry refuses, and is asked without one then")
  func strictness() async throws {
    try await withEmbeddedRegistry { registry in
      registry.list(["a", "b", "c"], of: "test/many")
      var limits = RegistryClient.TagLimits()
      limits.pageSize = -1
      let reference = try Reference(parsing: "\(registry.host)/test/many")
      let refused = limits
      let tags = try await withClient { try await $0.tags(of: reference, limits: refused) }
      #expect(tags == ["a", "b", "c"])
      #expect(registry.requests.filter { $0.path.hasSuffix("/tags/list") }.map(\.query) == ["n=-1", ""])
      let missing = await #expect(throws: RegistryError.self) {
        try await withClient { try await $0.tags(of: Reference(parsing: "\(registry.host)/test/none")) }
      }
      #expect(missing?.code == .notFound)
    }
  }
}
