import Foundation
import Testing

/// The layers of ARCHITECTURE.md, lowest first: a layer imports only layers above it in this list, and of the outside
/// only the modules named with it.
private let layers: [(name: String, outside: Set<String>)] = [
  ("Documents", []),
  ("ImageModel", []),
  ("Terminal", []),
  ("Planning", []),
  ("Networking", ["AsyncHTTPClient", "NIOCore", "NIOPosix", "NIOSSL"]),
  (
    "Registry",
    [
      "AsyncHTTPClient", "Crypto", "Logging", "NIOCore", "NIOFoundationCompat", "NIOHTTP1", "NIOPosix", "NIOSSL",
      "Subprocess", "SystemPackage",
    ]
  ),
  (
    "Runtimes",
    [
      "AsyncHTTPClient", "Crypto", "GRPCCore", "GRPCNIOTransportHTTP2Posix", "GRPCProtobuf", "Logging", "NIOCore",
      "NIOHTTP1", "NIOPosix", "SwiftProtobuf", "SystemPackage",
    ]
  ),
  (
    "Kubernetes",
    [
      "AsyncHTTPClient", "Crypto", "Logging", "NIOCore", "NIOFoundationCompat", "NIOHTTP1", "NIOPosix", "NIOSSL",
      "Subprocess", "SystemPackage",
    ]
  ),
  ("Engines", ["Crypto", "Logging", "NIOCore"]),
  (
    "Serving", ["Hummingbird", "HummingbirdCore", "HummingbirdTLS", "Logging", "NIOCore", "NIOSSL", "ServiceLifecycle"]
  ),
  (
    "Sandbox",
    [
      "AsyncHTTPClient", "Crypto", "HTTPTypes", "Hummingbird", "Logging", "NIOCore", "NIOHTTP1",
      "NIOPosix", "NIOSSL", "ServiceLifecycle", "SwiftASN1", "SystemPackage", "X509",
    ]
  ),
  ("Controller", ["HTTPTypes", "Hummingbird", "Logging", "NIOCore"]),
  ("CLI", ["ArgumentParser", "Logging", "SystemPackage", "UnixSignals", "Yams", "CYaml", "Dispatch"]),
  ("prepull", []),
]

/// The standard library and the parts of Foundation that cost little.
private let everywhere: Set = ["Foundation", "FoundationEssentials", "Glibc", "Musl", "Darwin", "Synchronization"]

/// Layers that neither read nor write anything: their inputs come as values, their results go as values.
private let pure: Set = ["Documents", "ImageModel", "Terminal", "Planning"]

private let sources = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
  .deletingLastPathComponent().appending(path: "Sources")

/// Every `import` of a layer, with the file that has it.
private func imports(of layer: String) throws -> [(module: String, file: String)] {
  let folder = sources.appending(path: layer)
  let files =
    FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)?
    .compactMap { $0 as? URL }.filter { $0.pathExtension == "swift" } ?? []
  #expect(!files.isEmpty, "the layer \(layer) has no sources")
  return try files.flatMap { file in
    try String(contentsOf: file, encoding: .utf8).split(separator: "\n").compactMap { line in
      let words = line.split(whereSeparator: \.isWhitespace).map(String.init)
      guard let keyword = words.prefix(3).firstIndex(of: "import"), keyword + 1 < words.count,
        words[..<keyword].allSatisfy({ ["package", "public", "internal", "private", "@preconcurrency"].contains($0) })
      else { return nil }
      // `import struct Foundation.Date` names the module after the kind.
      let kinds: Set = ["struct", "class", "enum", "protocol", "func", "typealias", "let", "var"]
      let name = kinds.contains(words[keyword + 1]) ? words[keyword + 2] : words[keyword + 1]
      return (String(name.split(separator: ".")[0]), file.lastPathComponent)
    }
  }
}

@Test("Every layer imports only what stands below it", .timeLimit(.minutes(2)), arguments: layers.indices)
func direction(of index: Int) throws {
  let layer = layers[index]
  let below = Set(layers[..<index].map(\.name))
  let allowed = below.union(layer.outside).union(everywhere)
  for (module, file) in try imports(of: layer.name) where module != layer.name {
    #expect(allowed.contains(module), "\(layer.name)/\(file) imports \(module)")
  }
}

@Test("Pure layers import no input, output or clock", .timeLimit(.minutes(2)), arguments: pure)
func purity(of layer: String) throws {
  for (module, file) in try imports(of: layer) {
    let isPure = pure.contains(module) || module == "FoundationEssentials" || module == "Foundation"
    #expect(isPure, "\(layer)/\(file) imports \(module)")
  }
}

@Test("Full Foundation stays in the command line's layer", .timeLimit(.minutes(2)))
func foundation() throws {
  for layer in layers.map(\.name) where layer != "CLI" {
    for file in FileManager.default.enumerator(at: sources.appending(path: layer), includingPropertiesForKeys: nil)?
      .compactMap({ $0 as? URL }).filter({ $0.pathExtension == "swift" && !$0.path.contains("/Generated/") }) ?? []
    {
      let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map {
        $0.trimmingCharacters(in: .whitespaces)
      }
      // `import Foundation` may only stand as the fallback where FoundationEssentials does not exist.
      for (number, line) in lines.enumerated() where line.hasSuffix("import Foundation") {
        #expect(number > 0 && lines[number - 1] == "#else", "\(layer)/\(file.lastPathComponent) imports Foundation")
      }
    }
  }
}

@Test("Every folder of Sources is a layer of this test", .timeLimit(.minutes(2)))
func complete() throws {
  let folders = try FileManager.default.contentsOfDirectory(atPath: sources.path).filter { !$0.hasPrefix(".") }
  #expect(Set(folders) == Set(layers.map(\.name)))
}

/// A task-local closure ends optimised builds with signal 11 (swiftlang/swift pull request 88321), and debug builds hide
/// it.
@Test("No task-local holds a closure", .timeLimit(.minutes(2)))
func taskLocals() throws {
  for layer in layers.map(\.name) {
    for file in FileManager.default.enumerator(at: sources.appending(path: layer), includingPropertiesForKeys: nil)?
      .compactMap({ $0 as? URL }).filter({ $0.pathExtension == "swift" }) ?? []
    {
      let text = try String(contentsOf: file, encoding: .utf8)
      #expect(!TaskLocals.holdClosure(text), "\(layer)/\(file.lastPathComponent) has a task-local closure")
    }
  }
}

@Test(
  "The test for task-local closures finds them in all their forms", .timeLimit(.minutes(2)),
  arguments: [
    "@TaskLocal package static var onRetry: (@Sendable (Retry) -> Void)?",
    "@TaskLocal\n  static var f: @Sendable () -> Void = {}",
    "@TaskLocal static var all: [Int: (Int) -> Int] = [:]",
    "@TaskLocal static var pair: (Int, Hook)?\n}\ntypealias Hook = @Sendable () -> Void",
    "@TaskLocal static var f = { (x: Int) in x }",
    "@TaskLocal static var f: Optional<\n  () async throws -> Void\n> = nil",
  ])
func taskLocalForms(_ source: String) {
  #expect(TaskLocals.holdClosure(source))
  #expect(!TaskLocals.holdClosure("@TaskLocal static var depth: Int = 0\n  let f: () -> Void = {}"))
}

@Test(
  "Bodies of requests to the API server have one encoder", .timeLimit(.minutes(2)),
  arguments: ["Kubernetes", "Engines", "Controller"])
func encoders(of layer: String) throws {
  let folder = sources.appending(path: layer)
  let files =
    FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)?
    .compactMap { $0 as? URL }.filter { $0.pathExtension == "swift" } ?? []
  for file in files where file.lastPathComponent != "RequestBody.swift" {
    let text = try String(contentsOf: file, encoding: .utf8)
    #expect(!text.contains("JSONEncoder("), "\(layer)/\(file.lastPathComponent) encodes by itself")
    for line in text.split(separator: "\n") where line.contains(".body = ") {
      #expect(!line.contains(".bytes()"), "\(layer)/\(file.lastPathComponent): \(line)")
    }
  }
}
