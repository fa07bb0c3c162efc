import ImageModel
import Registry
import TestKit
import Testing
import VirtualCluster

@testable import Runtimes

/// What Docker Engines send that is none of what their documentation shows.
@Suite("Docker's stream", .timeLimit(.minutes(2)))
struct DockerStreamTests {
  private let reference = Reference(registry: "docker.io", repository: "library/nginx", tag: "1.27", digest: nil)

  private func pull(
    _ stream: [String], image: String? = nil, version: String = FakeDockerEngine.modern
  ) async throws -> RuntimeImage {
    let order = try SampleImage().order(reference)
    let digest = try #require(order.resolved).descriptor.digest
    let answer =
      image ?? #"{"Id":"\#(digest)","RepoTags":null,"RepoDigests":["<none>@<none>","nginx@\#(digest)"],"Size":null}"#
    return try await withTemporaryFolder { folder in
      try await FakeDockerEngine(stream: stream, image: answer, version: version).serve(at: folder + "/d") {
        let endpoint = RuntimeEndpoint(kind: .docker, path: folder + "/d")
        return try await withSocketRuntime(endpoint, limits: .test()) { try await $0.pull(order, progress: { _ in }) }
      }
    }
  }

  @Test("Lines without content, and parts of another type, are passed by")
  func oddLines() async throws {
    let image = try await pull([
      #"{"status":"Pulling from library/nginx","id":"1.27"}"# + "\r\n\r\n \t\r\n",
      #"{"status":"Downloading","progressDetail":{"current":10,"total":-1,"units":"s","hidecounts":true},"id":"0123"}"#
        + "\n" + #"{"status":"Downloading","progressDetail":{"current":1e40,"total":"x"},"id":7}"# + "\n",
      #"{"aux":{"ID":"x"}}"# + "\n" + #"{"stream":"text"}"# + "\n"
        + #"{"status":null,"progressDetail":null,"error":"","#,
      #""errorDetail":{}}"# + "\n" + #"{"status":["x"],"errorDetail":null}"# + "\n\n", #"{"status":"Status: done"}"#,
    ])
    #expect(image.digests.count == 1)
    #expect(image.sizeBytes == 0)
  }

  @Test(
    "The engine's own words are reported, wherever they stand",
    arguments: [
      (#"{"errorDetail":{"code":401},"error":"unauthorized: incorrect username or password."}"#, "unauthorized"),
      (#"{"errorDetail":{"code":429,"message":""},"error":"toomanyrequests: slow\u001b[2J down"}"#, "rateLimited"),
      (#"{"errorDetail":{"message":"manifest unknown"}}"#, "notFound"),
      (#"{"error":{"message":"no space left on device"}}"#, "noSpace"), (#"{"errorDetail":{"code":401}}"#, "fault"),
      (#"{"errorDetail":{"code":"x"},"error":["x"]}"#, "fault"),
    ])
  func failures(_ line: String, _ code: String) async throws {
    let error = await #expect(throws: RuntimeError.self) { try await pull([line + "\r\n"]) }
    #expect(error?.code.name == code, "\(error?.description ?? "")")
    let detail = error?.detail ?? ""
    #expect(!detail.isEmpty && !detail.hasSuffix(".") && !detail.contains("\u{1b}") && !detail.contains("Decoding"))
  }

  @Test("A stream that is cut is a connection that ended; what is no JSON is not Docker's", arguments: [true, false])
  func noJSON(_ isCut: Bool) async throws {
    let error = await #expect(throws: RuntimeError.self) {
      try await pull([isCut ? #"{"status":"Down"# : "<html>\n</html>\n"])
    }
    #expect(error?.code == (isCut ? .died : .unsupported))
    #expect(error?.isRetryable == isCut)
    #expect(error?.detail.contains("Coding") == false, "\(error?.detail ?? "")")
  }

  @Test(
    "Engines of all ages tell what they hold",
    arguments: [("1.24", nil), ("1.44", "1.24"), ("1.52", "1.44")] as [(String, String?)])
  func versions(_ newest: String, _ oldest: String?) async throws {
    let digest = try SampleImage().root.descriptor.digest
    let minimum = oldest.map { #","MinAPIVersion":"\#($0)""# } ?? #","MinAPIVersion":null"#
    let image = try await pull(
      [#"{"status":"Status: Image is up to date"}"#],
      image: #"{"Id":"\#(digest)","RepoDigests":[],"Descriptor":{"digest":"\#(digest)"},"Os":"","Architecture":null}"#,
      version: #"{"Version":null,"ApiVersion":"\#(newest)"\#(minimum),"Os":"linux","Arch":"amd64"}"#)
    #expect(image.digests == [digest])
    #expect(image.platform == nil)
  }
}
