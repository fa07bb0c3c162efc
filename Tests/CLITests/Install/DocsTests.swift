@testable import PrepullAPI
import ArgumentParser
import Commands
import Documents
import Foundation
import TestKit
import Testing
import VirtualCluster

@testable import CLI

/// What the pages of `docs/` tell people to type and to apply.
@Suite("Docs", .timeLimit(.minutes(10)))
struct DocsTests {
  private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  /// Each page by its path.
  private static func pages() throws -> [String: String] {
    let names = try FileManager.default.contentsOfDirectory(atPath: root.appending(path: "docs").path)
    var pages: [String: String] = [:]
    for path in ["README.md"] + names.filter({ $0.hasSuffix(".md") }).map({ "docs/\($0)" }) {
      pages[path] = try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }
    return pages
  }

  /// The blocks of a language in a page.
  static func blocks(_ language: String, in page: String) -> [String] {
    page.components(separatedBy: "\n```\(language)\n").dropFirst().compactMap {
      $0.components(separatedBy: "\n```").first
    }
  }

  /// Kinds of others, which the sandbox does not have: their manifests are only read.
  private static let foreign: Set = [
    "kustomize.config.k8s.io/v1beta1", "karpenter.sh/v1",
  ]

  @Test("The API server takes every manifest, and our chart every set of its values")
  func manifests() async throws {
    var objects: [JSON] = []
    for (path, page) in try Self.pages() {
      for block in Self.blocks("yaml", in: page) {
        for document in try YAMLDocuments.parse(block).map(\.json) {
          if document["kind"] == nil {
            try await checkValues(document, path)
          } else if !Self.foreign.contains(document["apiVersion"]?.string ?? "") {
            objects.append(document)
            // Jobs within analyses are Jobs.
            for metric in document[path: "spec", "metrics"]?.array ?? [] {
              guard let spec = metric[path: "provider", "job", "spec"] else { continue }
              objects.append([
                "apiVersion": "batch/v1", "kind": "Job", "metadata": ["name": "j", "namespace": "shop"], "spec": spec,
              ])
            }
          }
        }
      }
    }
    #expect(objects.count > 8)
    try await withCluster { cluster in
      try await withTemporaryFolder { folder in
        func kubectl(_ arguments: String..., objects: [JSON]) async throws {
          let file = folder + "/\(UUID().uuidString).yaml"
          try ManifestOutput.yaml.text(of: objects).write(toFile: file, atomically: true, encoding: .utf8)
          _ = try await Tool.output(
            "kubectl", arguments + ["-f", file], environment: ["KUBECONFIG": cluster.kubeconfig])
        }
        try await kubectl("apply", objects: CustomResourceDefinitions.all + ForeignSchemas.all)
        let namespaces = Set(objects.compactMap { $0[path: "metadata", "namespace"]?.string }).subtracting(["default"])
        try await kubectl(
          "create",
          objects: namespaces.sorted().map {
            ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": .string($0)]]
          })
        // One by one: the same name may stand on two pages.
        for object in objects { try await kubectl("apply", "--dry-run=server", objects: [object]) }
      }
    }
  }

  /// Values of our chart are rendered; those of others only have to be YAML.
  private func checkValues(_ values: JSON, _ path: String) async throws {
    let chart = Self.root.appending(path: "deploy/helm/prepull")
    let known =
      try YAMLDocuments.parse(
        try String(contentsOf: chart.appending(path: "values.yaml"), encoding: .utf8)
      ).first?.json.object ?? [:]
    guard Helm.isThere, let keys = values.object?.keys, keys.allSatisfy({ known[$0] != nil }) else { return }
    _ = try await Helm.rendered(chart.path, values: values.text, namespace: "prepull-system")
  }

  @Test("Every command of ours can be parsed")
  func commands() throws {
    var count = 0
    for (path, page) in try Self.pages() {
      for block in Self.blocks("sh", in: page) {
        let block = block.replacing("$REGISTRY", with: "127.0.0.1:5000").replacing("\\\n", with: " ")
        for line in block.split(separator: "\n") {
          let commands = line.components(separatedBy: " | ").map { $0.trimmingCharacters(in: .whitespaces) }
          for command in commands where command.hasPrefix("prepull ") || command.hasPrefix("kubectl prepull ") {
            guard !command.contains("…") else { continue }
            let words = ShellWords.split(command)
            let arguments = Array(words.drop { $0 != "prepull" }.dropFirst())
            count += 1
            #expect(throws: Never.self, "\(path): \(command)") { _ = try CommandLineTool.parseAsRoot(arguments) }
          }
        }
      }
    }
    #expect(count > 15)
  }

  @Test("Every metric that a page asks Prometheus for is one of ours")
  func metrics() throws {
    let pages = try Self.pages()
    let known = try #require(pages["docs/metrics.md"])
    var count = 0
    for (path, page) in pages {
      for match in page.matches(of: /\b(prepull_[a-z_]+)\{/) {
        count += 1
        #expect(known.contains("`\(match.1)`"), "\(path) asks for \(match.1)")
      }
    }
    #expect(count > 0)
  }

  @Test("Every link to a file leads somewhere")
  func links() throws {
    for (path, page) in try Self.pages() {
      let folder = Self.root.appending(path: path).deletingLastPathComponent()
      for match in page.matches(of: /\]\(([^)#:]+)(#[^)]*)?\)/) {
        let target = folder.appending(path: String(match.1)).path
        #expect(FileManager.default.fileExists(atPath: target), "\(path) links to \(match.1)")
      }
    }
  }

  @Test("The reasons that the operator gives are explained, and no others")
  func reasons() throws {
    let page = try #require(try Self.pages()["docs/operations.md"])
    // The table of the conditions comes first.
    let rows = page.matches(of: /(?m)^\| (`[A-Z][A-Za-z]+`(?:, `[A-Z][A-Za-z]+`)*) \|/).dropFirst(4).flatMap { row in
      row.1.matches(of: /`([A-Za-z]+)`/).map { String($0.1) }
    }
    #expect(rows.count > 10)
    var sources = ""
    let folder = Self.root.appending(path: "Sources")
    for target in ["Operator", "NodeAgent", "PrepullAPI", "Warming", "ImageModel", "Registry"] {
      let files = FileManager.default.enumerator(at: folder.appending(path: target), includingPropertiesForKeys: nil)
      for case let file as URL in try #require(files) where file.pathExtension == "swift" {
        sources += try String(contentsOf: file, encoding: .utf8)
      }
    }
    for reason in rows {
      // `ImageNotFound` is made of a failure's code, `notFound`.
      let code = reason.dropFirst(5).prefix(1).lowercased() + reason.dropFirst(6)
      let isCode = try reason.hasPrefix("Image") && sources.contains(Regex("(case .*\\b|\"|\\.)\(code)\\b"))
      let isFailure = sources.contains("\"\(reason.prefix(1).lowercased() + reason.dropFirst())\"")
      let isThere = isCode || isFailure || sources.contains("\"\(reason)\"")
      #expect(isThere, "docs/operations.md explains \(reason), which the operator does not give")
    }
  }
}

/// Splits a command line as a shell does, without variables and comments.
enum ShellWords {
  static func split(_ line: String) -> [String] {
    var words: [String] = []
    var word: String?
    var quote: Character?
    for character in line {
      if let open = quote {
        if character == open { quote = nil } else { word?.append(character) }
      } else if character == "'" || character == "\"" {
        quote = character
        word = word ?? ""
      } else if character.isWhitespace {
        if let done = word { words.append(done) }
        word = nil
      } else if character == "#", word == nil {
        break
      } else {
        word = (word ?? "") + String(character)
      }
    }
    return words + (word.map { [$0] } ?? [])
  }
}
