import Foundation
import Subprocess
import Testing

@testable import CLI

/// The manifests as kubectl reads them.
///
/// `kubectl create --dry-run=client` asks a server which kinds there are, even with `--validate=false`, so these tests
/// use what works without one and checks more: `kubectl set --local` decodes an object into Kubernetes' own Go types
/// and prints it again. A field that they do not have is lost on the way, one of a wrong type is an error.
@Suite("render: read by kubectl", .timeLimit(.minutes(10)))
struct RenderKubectlTests {
  @Test("The whole output is what kubectl takes: a ConfigMap and the DaemonSets", arguments: RenderCase.all)
  func stream(example: RenderCase) async throws {
    let text = try render(example.arguments).text
    let names = try await kubectl(["label", "--local", "-f", "-", "prepull.dev/test=1", "-o", "name"], input: text)
      .split(separator: "\n").map(String.init)
    let expected = try objects(of: example).map { object in
      let group = try #require(object["kind"] as? String) == "DaemonSet" ? "daemonset.apps" : "configmap"
      return "\(group)/\(try #require((object["metadata"] as? [String: Any])?["name"] as? String))"
    }
    #expect(names == expected)
    #expect(names.count >= 2)
  }

  @Test("The YAML says what the JSON says, to the last quoted letter", arguments: RenderCase.all)
  func yaml(example: RenderCase) async throws {
    for (document, object) in zip(try documents(of: example), try objects(of: example)) {
      let label = "app.kubernetes.io/name=prepull"  // which it has: nothing changes
      let read = try await kubectl(
        ["label", "--local", "--overwrite", "-f", "-", label, "-o", "json"], input: document)
      #expect(try json(read) as NSDictionary == object as NSDictionary)
    }
  }

  @Test("Kubernetes' own types have every field of the DaemonSets", arguments: RenderCase.all)
  func typed(example: RenderCase) async throws {
    var count = 0
    for (document, object) in zip(try documents(of: example), try objects(of: example)) {
      guard object["kind"] as? String == "DaemonSet" else { continue }
      count += 1
      #expect(try await typed(document) == object as NSDictionary)
    }
    #expect(count > 0)
  }

  @Test("The same check finds a field that Kubernetes does not have, and a value of the wrong type")
  func typedFindsFaults() async throws {
    let document = try documents(of: RenderCase.all[0])[1]
    let object = try objects(of: RenderCase.all[0])[1] as NSDictionary
    #expect(try await typed(document) == object)
    let unknown = document.replacing("enableServiceLinks:", with: "enableServiceLink:")
    #expect(try await typed(unknown) != object)
    let mistyped = document.replacing("enableServiceLinks: false", with: "enableServiceLinks: none")
    await #expect(throws: KubectlError.self) { try await typed(mistyped) }
  }

  @Test("kubectl makes the same ConfigMap of the same files")
  func configMap() async throws {
    let object = try #require(objects(of: RenderCase.all[4]).first)
    let files = try #require(object["binaryData"] as? [String: String])
    let folder = FileManager.default.temporaryDirectory.appending(path: "render-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(at: folder) }
    for (name, text) in files {
      try #require(Data(base64Encoded: text)).write(to: folder.appending(path: name))
    }
    let made = try await kubectl(
      ["create", "configmap", "warm", "--from-file", folder.path, "--dry-run=client", "-o", "json"], input: "")
    #expect(try json(made)["binaryData"] as? [String: String] == files)
    #expect(files.count == 3)
  }

  /// The documents of the YAML form.
  private func documents(of example: RenderCase) throws -> [String] {
    try render(example.arguments + ["-o", "yaml"]).text.components(separatedBy: "---\n").dropFirst().map { $0 }
  }

  /// The items of the JSON form.
  private func objects(of example: RenderCase) throws -> [[String: Any]] {
    let list = try json(try render(example.arguments + ["-o", "json"]).text)
    #expect(list["kind"] as? String == "List")
    return try #require(list["items"] as? [[String: Any]])
  }

  private func json(_ text: String) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
  }

  /// What is left of a DaemonSet in Kubernetes' own types. kubectl prints it only when it changes something.
  private func typed(_ document: String) async throws -> NSDictionary {
    let text = try await kubectl(
      ["set", "serviceaccount", "--local", "-f", "-", "test", "-o", "json"], input: document)
    let read = text.replacing(/"serviceAccountName": "test",?/, with: "")
    var object = try json(read)
    object["status"] = nil
    return try #require(withoutNull(object) as? NSDictionary)
  }

  /// Without the fields that Go prints though they are empty: `creationTimestamp`.
  private func withoutNull(_ value: Any) -> Any {
    if let object = value as? [String: Any] { return object.filter { !($0.value is NSNull) }.mapValues(withoutNull) }
    if let array = value as? [Any] { return array.map(withoutNull) }
    return value
  }

  private func kubectl(_ arguments: [String], input: String) async throws -> String {
    let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
    let found = folders.contains { FileManager.default.isExecutableFile(atPath: "\($0)/kubectl") }
    try #require(found, "kubectl is not installed: apt-get install kubernetes-client")
    let result = try await run(
      .name("kubectl"), arguments: Arguments(arguments), environment: .inherit.updating(["KUBECONFIG": "/dev/null"]),
      input: .string(input), output: .string(limit: 4 << 20), error: .string(limit: 1 << 20))
    guard result.terminationStatus.isSuccess else { throw KubectlError(description: result.standardError) }
    return result.standardOutput
  }
}

/// kubectl refused what it was given.
private struct KubectlError: Error, CustomStringConvertible {
  let description: String
}
