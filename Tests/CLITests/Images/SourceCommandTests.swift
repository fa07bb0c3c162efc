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
        #expect(manifest.contains("add --allow-source 127.0.0.1:\(port) to the options of prepull install"))
        #expect(manifest.contains("query: sum(x)") && manifest.contains("prometheus:"))
        let refused = try await Self.run(["images", "--loki", url, "--query", "x"])
        #expect(refused.exitCode == 1 && refused.errors.contains("answered 401"))
        #expect(refused.errors.contains("Give a folder with a login: --source-secret."), "\(refused.errors)")
      }
    }
  }

  struct Trouble: Sendable, CustomTestStringConvertible {
    var status = 200
    var header = ""
    var body = ""
    /// What `images` says, with URL in place of the address.
    let text: String
    /// Whether it would be so from anywhere.
    var isError = true

    var testDescription: String { text }

    static func vector(_ series: String, _ text: String) -> Trouble {
      let body = #"{"status":"success","data":{"resultType":"vector","result":[\#(series)]}}"#
      return Trouble(body: body, text: text, isError: text.contains("topk"))
    }
  }

  /// What a shell's user is told, who has no Secret and no `spec`, and what a check makes of it.
  @Test(
    "Troubles of a server are told in a sentence with its address and a remedy",
    arguments: [
      Trouble(
        status: 302, header: "https://other.example:8443/x?token=s3cret",
        text: "URL redirects to https://other.example:8443, which is not followed. Give the address where the API is "
          + "as --prometheus."),
      Trouble(status: 500, text: "URL answered 500. See the server's own log.", isError: false),
      Trouble(status: 503, body: "<html>", text: "URL answered 503. See the server's own log.", isError: false),
      Trouble(
        status: 503, body: #"{"status":"error","errorType":"timeout","error":"query timed out"}"#,
        text: "URL refuses the query: query timed out. Correct --query."),
      Trouble(status: 401, text: "URL answered 401. Give a folder with a login: --source-secret."),
      Trouble(status: 403, text: "URL answered 403. Give a folder with a login: --source-secret."),
      Trouble(
        status: 404,
        text: "URL has no /api/v1/query. Give the server's address as --prometheus, without the path of its API."),
      Trouble(
        status: 422, body: #"{"status":"error","errorType":"execution","error":"multiple matches for labels"}"#,
        text: "URL refuses the query: multiple matches for labels. Correct --query."),
      Trouble(
        status: 400, body: "The plain HTTP request was sent to HTTPS port",
        text: "URL answered 400 without saying why, as Prometheus would. Give the server's own address as "
          + "--prometheus."),
      Trouble(
        body: "<!doctype html>",
        text: "URL answers with a page of HTML, not as Prometheus does. Give the server's own address as --prometheus"
      ),
      Trouble(body: "{ok}", text: "URL answers with what is no JSON (something out of place), not as Prometheus does."),
      .vector(
        "",
        "URL gives no image: the query gives no series. Correct --query, so that its series have a label with an "
          + "image or name pods."),
      .vector(
        #"{"metric":{"job":"x"},"value":[1,"1"]}"#,
        "URL gives no image: 1 of 1 series name no image, by the labels image_spec, image, or namespace and pod."),
      .vector(
        Array(repeating: #"{"metric":{"image":"a"},"value":[1,"1"]}"#, count: 100_001).joined(separator: ","),
        "URL answers with more than 100000 series. Ask for less, for example topk(100,"),
    ])
  func troubles(_ trouble: Trouble) async throws {
    let headers = trouble.header.isEmpty ? [] : [("Location", trouble.header)]
    try await withLoopbackServer(
      respond: { _ in .plain(trouble.status, headers: headers, body: Array(trouble.body.utf8)) }
    ) { port in
      try await Self.tells(trouble.text, of: "http://127.0.0.1:\(port)/base", isError: trouble.isError)
    }
  }

  /// Has `images` and `check` ask a Prometheus, and looks at what they say.
  private static func tells(_ text: String, of url: String, isError: Bool) async throws {
    let images = try await run(["images", "--prometheus", url, "--query", "x"])
    let errors = images.errors.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    #expect(images.exitCode == 1 && errors.contains("Error: \(text.replacing("URL", with: url))"), "\(errors)")
    for word in ["Secret", "secretRef", "asked again", "s3cret"] { #expect(!errors.contains(word), "\(errors)") }
    let manifest = """
      {apiVersion: prepull.dev/v1alpha1, kind: Prepull, metadata: {name: hot},
       spec: {images: [{image: "127.0.0.1:1/a"}], sources: [{prometheus: {url: "\(url)", query: x}}]}}
      """
    let check = try await run(
      ["check", "--no-cluster", "-f", "-", "-o", "json", "--ignore", "refused"], input: manifest)
    let findings = try JSON(parsing: check.output)["findings"]?.array ?? []
    let finding = try #require(findings.first { $0["code"] == .string(isError ? "sourceRefused" : "sourceFailed") })
    #expect(errors.contains(finding["message"]?.string ?? "?"), "\(check.output)")
    for word in ["--source-secret", "--prometheus"] { #expect(!finding.text.contains(word), "\(finding.text)") }
    #expect(check.exitCode == (isError ? 1 : 0), "\(check.output)")
  }

  @Test("Who is not there, and whose certificate is not trusted, is told in the same way")
  func network() async throws {
    try await Self.tells(
      "URL refused the connection. Check the address, and whether the server is reached from here.",
      of: "http://127.0.0.1:1/base", isError: false)
    try await Self.tells(
      "URL: no such host: nosuch.invalid", of: "http://nosuch.invalid:9090", isError: false)
    try await withLoopbackServer(respond: { _ in .plain(200) }) { port in
      try await Self.tells(
        "URL does not speak TLS on this port. Correct scheme, name and port in --prometheus, or the server's "
          + "certificate.", of: "https://127.0.0.1:\(port)", isError: false)
    }
    try await withLoopbackServer(tls: try CertificateAuthority().issue(), respond: { _ in .plain(200) }) { port in
      try await Self.tells(
        "the certificate of URL is signed by an authority that this machine does not trust. Put the authority's "
          + "certificate into the folder of --source-secret as ca.crt, or give it with --ca-file.",
        of: "https://127.0.0.1:\(port)", isError: false)
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
      let found = json["findings"]?.array?.compactMap { $0["code"]?.string }.filter { $0.hasPrefix("source") }
      #expect(found?.sorted() == ["sourceFailed", "sourceRefused"], "\(check.output)")
      #expect(check.output.contains("--read-secrets"))
      #expect(check.exitCode == 1)
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
