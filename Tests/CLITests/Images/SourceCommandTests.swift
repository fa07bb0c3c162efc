import ArgumentParser
import Documents
import Foundation
import KubeAPIServer
import TestKit
import Testing
import VirtualCluster

@testable import CLI

/// `prepull images` and `prepull check` with sources, as a user runs them.
@Suite("Sources, as a user asks them", .serialized, .timeLimit(.minutes(5)))
struct SourceCommandTests {
  private static func run(_ arguments: [String], input: String = "") async throws -> PrepullProgram.Outcome {
    // No cluster of the machine's.
    try await PrepullProgram.run(arguments, environment: ["KUBECONFIG": "/nonexistent"], input: input)
  }

  private static func withMetrics<Result>(_ images: [String], _ body: (Int) async throws -> Result) async throws
    -> Result
  {
    let series = images.enumerated().map { #"{"metric":{"image":"\#($1)"},"value":[1,"\#(images.count - $0)"]}"# }
    let answer = #"{"status":"success","data":{"resultType":"vector","result":[\#(series.joined(separator: ","))]}}"#
    return try await withLoopbackServer(
      respond: { request in
        guard try await RecordedRequest(request).authorization == "Bearer t0ken" else { return .plain(401) }
        return .plain(200, body: Array(answer.utf8))
      }, body)
  }

  @Test("images shows what a query gives, says what it asks, and keeps the token to itself")
  func metrics() async throws {
    try await withTemporaryFolder { folder in
      try "t0ken\n".write(toFile: folder + "/token", atomically: true, encoding: .utf8)
      try await Self.withMetrics(["a.example/web:1", "not an image", "nginx:1.27"]) { port in
        let url = "http://127.0.0.1:\(port)"
        let arguments = ["images", "--prometheus", url, "--query", "sum(x)", "--source-secret", folder]
        let table = try await Self.run(arguments)
        #expect(
          table.output == """
            IMAGE             VALUE
            a.example/web:1       3
            nginx:1.27            1

            """)
        #expect(table.exitCode == 0 && table.errors.contains("asking \(url)/api/v1/query for sum(x)"))
        #expect(table.errors.contains("1 of 3 series name what is no image") && !table.errors.contains("t0ken"))
        let json = try JSON(parsing: try await Self.run(arguments + ["--top", "1", "-o", "json"]).output)
        #expect(json["images"] == [["image": "a.example/web:1", "value": 3]])
        let manifest = try await Self.run(arguments + ["-o", "prepull"]).output
        #expect(manifest.contains("# The source of this Prepull gives now:\n#   a.example/web:1\n"))
        #expect(manifest.contains("prepull install --allow-source 127.0.0.1:\(port)"))
        #expect(manifest.contains("query: sum(x)") && manifest.contains("prometheus:"))
        let refused = try await Self.run(["images", "--loki", url, "--query", "x"])
        #expect(refused.exitCode == 1 && refused.errors.contains("answered 401"))
        #expect(refused.errors.contains("Give a folder with a login: --source-secret."), "\(refused.errors)")
      }
    }
  }

  /// What a shell's user is told, who has no Secret and no `spec`.
  @Test(
    "Troubles of a server are told with what was asked, and with options",
    arguments: [
      (302, "Location: https://other.example:8443/x", "", "redirects to https://other.example:8443, which is not"),
      (302, "Location: https://other.example:8443/x", "", "Give the address where the API is as --prometheus."),
      (500, "", "", "answered 500. See the server's own log."),
      (404, "", "", "has no /base/api/v1/query. Give the server's address as --prometheus, without the path"),
      (200, "", "<html>", "answers with something out of place, which is no JSON"),
      (
        200, "", #"{"status":"success","data":{"resultType":"vector","result":[]}}"#,
        "gives no image. Correct --query, so that its series have a label with an image or name pods."
      ),
    ])
  func troubles(_ status: Int, _ header: String, _ body: String, _ text: String) async throws {
    let fields = header.split(separator: ": ", maxSplits: 1).map(String.init)
    let headers = fields.count == 2 ? [(fields[0], fields[1])] : []
    try await withLoopbackServer(respond: { _ in .plain(status, headers: headers, body: Array(body.utf8)) }) { port in
      let outcome = try await Self.run(["images", "--prometheus", "http://127.0.0.1:\(port)/base", "--query", "x"])
      let errors = outcome.errors.split(whereSeparator: \.isWhitespace).joined(separator: " ")
      #expect(outcome.exitCode == 1 && errors.contains(text), "\(errors)")
      #expect(errors.contains("127.0.0.1:\(port)") && !errors.contains("Secret") && !errors.contains("asked again"))
    }
  }

  @Test("Series of pods without a cluster are passed by with a word, and a folder that there is not is named")
  func podsWithoutCluster() async throws {
    let series = #"{"metric":{"namespace":"shop","pod":"web-1","container":"web"},"value":[1,"3"]}"#
    let body = #"{"status":"success","data":{"resultType":"vector","result":[\#(series)]}}"#
    try await withLoopbackServer(respond: { _ in .plain(200, body: Array(body.utf8)) }) { port in
      let arguments = ["images", "--prometheus", "http://127.0.0.1:\(port)", "--query", "x"]
      let outcome = try await Self.run(arguments)
      #expect(outcome.exitCode == 1 && outcome.errors.contains("as no kubeconfig names a cluster"), "\(outcome.errors)")
      let folder = try await Self.run(arguments + ["--source-secret", "/nope"])
      #expect(folder.exitCode == 2 && folder.errors.contains("--source-secret '/nope' is no folder"), "\(folder)")
    }
  }

  @Test("images shows the newest tags, and check judges what the sources of a manifest give")
  func tags() async throws {
    try await withEmbeddedRegistry { registry in
      let image = try SampleImage()
      for tag in ["1.9.0", "1.10.0", "2.0.0", "latest"] { registry.add(image, to: "team/app", tag: tag) }
      let repository = "\(registry.host)/team/app"
      let table = try await Self.run(["images", "--tags", repository, "--semver", ">=1 <2", "--newest", "2"])
      let words = table.output.split { $0 == "\n" || $0 == " " }.dropFirst(2).map(String.init)
      #expect(words == ["\(repository):1.10.0", "1.10.0", "\(repository):1.9.0", "1.9.0"])
      let none = try await Self.run(["images", "--tags", repository, "--semver", "^9"])
      #expect(none.exitCode == 1 && none.errors.contains("of its 4 tags none matches"))
      let manifest = """
        apiVersion: prepull.dev/v1alpha1
        kind: Prepull
        metadata: {name: rel}
        spec:
          sources:
          - tags: {repository: "\(repository)", semver: ">=1 <2"}
          - tags: {repository: "\(registry.host)/team/none"}
          - prometheus: {url: "http://127.0.0.1:1", query: x, secretRef: {name: login}}
        """
      let check = try await Self.run(["check", "--no-cluster", "-f", "-", "-o", "json"], input: manifest)
      let json = try JSON(parsing: check.output)
      #expect(json["images"]?.array?.compactMap { $0["image"]?.string } == ["\(repository):1.10.0"])
      let found = json["findings"]?.array?.filter { $0["code"] == "sourceFailed" } ?? []
      #expect(found.count == 2 && found.allSatisfy { $0["level"] == "warning" }, "\(check.output)")
      #expect(check.output.contains("--read-secrets"))
      #expect(check.exitCode == 0)
    }
  }

  @Test(
    "Options that do not go together are told",
    arguments: [
      (["--query", "x"], "--query needs --prometheus or --loki"), (["--semver", "^1"], "--semver needs --tags"),
      (["--prometheus", "http://p"], "--prometheus needs --query"),
      (["--prometheus", "p:9090", "--query", "x"], "--prometheus is no address"),
      (["--prometheus", "http://u:s3cret@p", "--query", "x"], "--prometheus holds a user or a password"),
      (["--tags", "nginx", "--loki", "http://p", "--query", "x"], "give one source at a time"),
      (["--tags", "nginx", "--query", "x"], "--query has no meaning with --tags"),
      (["--tags", "nginx:1.27"], "--tags 'nginx:1.27' names a tag"),
      (["--tags", "nginx", "--regex", "("], "--regex '('"),
      (["--tags", "nginx", "--top", "3"], "give --newest"), (["--tags", "nginx", "--watch"], "--watch and --tags"),
      (["--tags", "nginx", "--order", "Age"], "--order 'Age' is none of Semver, Created"),
    ])
  func options(_ arguments: [String], _ message: String) {
    let error = #expect(throws: (any Error).self) { try ImagesCommand.parse(arguments) }
    let text = error.map { ImagesCommand.message(for: $0) } ?? ""
    #expect(text.contains(message) && !text.contains("s3cret"), "\(text)")
  }
}
