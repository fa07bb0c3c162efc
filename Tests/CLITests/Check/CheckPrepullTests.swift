import Documents
import Foundation
import TestKit
import Testing
import VirtualCluster

@Suite("prepull check on manifests with Prepulls, as a user runs it", .serialized, .timeLimit(.minutes(5)))
struct CheckPrepullTests {
  /// A registry with one image, `web:1`.
  private func with(_ body: (EmbeddedRegistry) async throws -> Void) async throws {
    try await withEmbeddedRegistry { registry in
      registry.add(try SampleImage(seed: 1, layers: [5000, 1000]), to: "web", tag: "1")
      try await body(registry)
    }
  }

  @Test func aPrepullInAFile() async throws {
    try await with { registry in
      let prepull = """
        apiVersion: prepull.dev/v1alpha1
        kind: Prepull
        metadata: {name: shop}
        spec: {images: [{image: "\(registry.host)/web:1"}]}
        """
      let arguments = ["check", "--no-cluster", "-f", "-", "-o", "json"]
      let json = try JSON(parsing: try await PrepullProgram.run(arguments, input: prepull).output)
      #expect(json["images"]?.array?.compactMap { $0["image"]?.string } == ["\(registry.host)/web:1"])
      #expect(json["images"]?.array?.first?["origins"]?.array?.first?["object"] == "prepull/shop")
      let empty = prepull.replacing("\(registry.host)/web:1", with: "")
      let run = try await PrepullProgram.run(arguments, input: empty)
      #expect(run.exitCode == 2)
      #expect(run.errors.contains("spec.images[0].image"), "\(run.errors)")
    }
  }

  @Test("Fields that a Prepull does not have are errors, as kubectl refuses them, with their path and their line")
  func unknownFieldsOfAPrepull() async throws {
    try await with { registry in
      let prepull = """
        apiVersion: prepull.dev/v1alpha1
        kind: Prepull
        metadata: {name: shop}
        spec:
          images: [{image: "\(registry.host)/web:1"}]
          pacing: {parallelism: 1}
          windows:
          - start: "@daily"
            duration: 1h
            timezone: Europe/Berlin
          nodes: {selector: {matchLabel: {pool: web}}}
        specs: {}
        """
      let arguments = ["check", "--no-cluster", "-f", "-"]
      let run = try await PrepullProgram.run(arguments, input: prepull)
      #expect(run.exitCode == 1, "\(run)")
      let text = run.output.split(whereSeparator: \.isWhitespace).joined(separator: " ")
      for words in [
        "error: prepull/shop: specs: unknown field, did you mean spec?",
        "spec.nodes.selector.matchLabel: unknown field, did you mean matchLabels?",
        "spec.pacing: unknown field (now spec.parallelism, registryParallelism and maxFailures)",
        "spec.windows[0].timezone: unknown field, did you mean timeZone?", "4 errors",
      ] { #expect(text.contains(words), "\(words): \(run.output)") }
      let json = try JSON(parsing: try await PrepullProgram.run(arguments + ["-o", "json"], input: prepull).output)
      let found = json["findings"]?.array?.filter { $0["code"] == "unknownField" } ?? []
      let lines = found.compactMap { $0["origins"]?.array?.first?["line"]?.integer }
      #expect(lines.sorted() == [6, 10, 11, 12], "\(found)")
      let ignored = try await PrepullProgram.run(arguments + ["--ignore", "unknownField"], input: prepull)
      #expect(ignored.exitCode == 0, "\(ignored)")
      let old = try await PrepullProgram.run(arguments, input: prepull.replacing("image:", with: "reference:"))
      #expect(old.exitCode == 2)
      #expect(old.errors.contains("spec.images[0].image: is missing"), "\(old.errors)")
      #expect(old.errors.contains("spec.images[0].reference: unknown field (now image)"), "\(old.errors)")
    }
  }

  @Test(
    "A spec that is not of the right form is told by the path of its fields",
    arguments: [
      ("seeds: 50%", "spec.seeds: is '50%'; write a whole number from 0 on"),
      ("suspend: maybe", "spec.suspend: is 'maybe'; write true or false"),
      ("nodeTimeout: 10", "spec.nodeTimeout: is the number 10; write a duration, for example 10m or 1h30m"),
      ("mode: [Keep]", "spec.mode: is a list; write one of Once, Keep"),
      ("windows: {start: daily}", "spec.windows: has fields; write a list"),
      (
        "windows: [{start: '@daily', duration: 1h, timeZone: Europe/Berln}]",
        "spec.windows[0].timeZone: there is no time zone 'Europe/Berln'; write for example Europe/Berlin"
      ),
      ("windows: [{start: '@daily'}]", "spec.windows[0].duration: is missing"),
      ("podTemplate: {labels: {team: 1}}", "spec.podTemplate.labels.team: is the number 1; write a text"),
      ("parallelism: 1.5", "spec.parallelism: is the number 1.5; write a whole number, or a text such as 10%"),
      ("sources: [{tag: {repository: web}}]", "spec.sources[0].tag: unknown field, did you mean tags?"),
      ("sources: [{tags: {repository: web, semVer: '1'}}]\n  seeds: x", "spec.sources[0].tags.semVer: unknown field"),
      ("sources: [{helm: {}}]", "spec.sources[0].helm: unknown field; there are prometheus, loki, tags"),
    ])
  func form(_ field: String, _ complaint: String) async throws {
    let prepull = """
      apiVersion: v1
      kind: List
      items:
      - apiVersion: prepull.dev/v1alpha1
        kind: Prepull
        metadata: {name: shop}
        spec:
          images: [{image: "web:1"}]
          \(field.replacing("\n  ", with: "\n    "))
      """
    let run = try await PrepullProgram.run(["check", "--no-cluster", "-f", "-"], input: prepull)
    #expect(run.exitCode == 2, "\(run)")
    let text = run.errors.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    #expect(text.contains("prepull/shop: ") && text.contains(complaint), "\(run.errors)")
  }

  @Test("A Prepull whose sources give nothing, and which names no image, is no image and no failure")
  func noImages() async throws {
    let prepull = """
      apiVersion: prepull.dev/v1alpha1
      kind: Prepull
      metadata: {name: shop}
      spec: {sources: [{tags: {repository: "127.0.0.1:1/none"}}]}
      """
    let arguments = ["check", "--no-cluster", "-f", "-"]
    let run = try await PrepullProgram.run(arguments, input: prepull)
    #expect(run.exitCode == 0, "\(run)")
    #expect(run.output.hasSuffix("there was no image to check; 1 warning\n"), "\(run.output)")
    let nodes = try await PrepullProgram.run(arguments + ["--node-count", "5", "-o", "json"], input: prepull)
    let json = try JSON(parsing: nodes.output)
    #expect(json["images"] == [] && json["estimate"] == .null && json["ok"] == true, "\(nodes.output)")
    let quiet = try await PrepullProgram.run(arguments + ["-q"], input: prepull)
    #expect(quiet.exitCode == 0 && quiet.output == "" && quiet.errors == "", "\(quiet)")
    let strict = try await PrepullProgram.run(arguments + ["-q", "--fail-on", "warning"], input: prepull)
    #expect(strict.exitCode == 1 && strict.output == "", "\(strict)")
    #expect(strict.errors.hasPrefix("warning: tags "), "\(strict.errors)")
  }
}
