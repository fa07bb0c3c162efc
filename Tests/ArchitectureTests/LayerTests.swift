import Foundation
import Testing

/// The layers of ARCHITECTURE.md, lowest first: the layers that each may import, and the modules of the outside.
private let layers: [(name: String, layers: Set<String>, outside: Set<String>)] = [
  ("Documents", [], []),
  ("ImageModel", ["Documents"], []),
  ("Terminal", ["Documents"], []),
  ("Unpacking", ["Documents", "ImageModel"], ["CUnpacking", "Crypto", "Dispatch", "SystemPackage"]),
  ("Networking", [], ["AsyncHTTPClient", "NIOCore", "NIOPosix", "NIOSSL"]),
  (
    "Registry", ["Documents", "ImageModel", "Networking"],
    [
      "AsyncHTTPClient", "Crypto", "Logging", "NIOCore", "NIOHTTP1", "NIOPosix", "NIOSSL",
      "Subprocess", "SystemPackage",
    ]
  ),
  (
    "ImageSources", ["Documents", "ImageModel", "Networking", "Registry"],
    ["AsyncHTTPClient", "NIOCore", "NIOHTTP1", "NIOSSL"]
  ),
  (
    "Runtimes", ["Documents", "ImageModel", "Networking", "Registry", "Unpacking"],
    [
      "CTOML",
      "AsyncHTTPClient", "Crypto", "GRPCCore", "GRPCNIOTransportHTTP2Posix", "GRPCProtobuf", "Logging", "NIOCore",
      "NIOHTTP1", "NIOPosix", "SwiftProtobuf", "SystemPackage",
    ]
  ),
  (
    "Kubernetes", ["Documents", "ImageModel", "Networking"],
    [
      "AsyncHTTPClient", "Crypto", "Logging", "NIOCore", "NIOHTTP1", "NIOPosix", "NIOSSL",
      "Subprocess", "SystemPackage",
    ]
  ),
  ("LocalPull", ["ImageModel", "Networking", "Registry", "Runtimes"], []),
  ("Workloads", ["Documents", "ImageModel", "Kubernetes"], []),
  ("Warming", ["Documents", "ImageModel", "Networking", "Registry", "Kubernetes"], ["Logging"]),
  ("Usage", ["ImageModel", "Kubernetes", "Workloads", "Warming"], []),
  ("Checking", ["Documents", "ImageModel", "Networking", "Registry", "Kubernetes", "Warming"], ["NIOCore"]),
  (
    "Serving", [],
    [
      "CMemory", "HTTPTypes", "Hummingbird", "HummingbirdCore", "HummingbirdTLS", "Logging", "NIOCore", "NIOSSL",
      "ServiceLifecycle",
    ]
  ),
  ("PrepullAPI", ["Documents", "ImageModel", "ImageSources", "Kubernetes", "Warming"], []),
  (
    "Operator",
    [
      "Documents", "ImageModel", "ImageSources", "Networking", "Registry", "Kubernetes", "Workloads", "Warming",
      "Serving", "PrepullAPI",
    ], ["Crypto", "HTTPTypes", "Hummingbird", "Logging", "NIOCore", "NIOSSL", "SwiftASN1", "X509"]
  ),
  (
    "NodeAgent",
    [
      "Documents", "ImageModel", "Networking", "Registry", "Runtimes", "LocalPull", "Kubernetes", "Serving",
      "PrepullAPI",
    ], ["AsyncHTTPClient", "CHost", "CYAML", "Logging", "NIOCore", "NIOHTTP1", "NIOSSL", "Subprocess", "SystemPackage"]
  ),
  ("Installation", ["Documents", "Networking", "Kubernetes", "PrepullAPI", "Operator"], []),
  (
    "Dashboard",
    [
      "Documents", "ImageModel", "Networking", "Kubernetes", "Warming", "Usage", "Checking", "PrepullAPI", "Operator",
      "Serving",
    ], ["Crypto", "HTTPTypes", "Hummingbird", "Logging", "NIOCore", "NIOSSL", "SwiftASN1", "X509"]
  ),
  (
    "KubeAPIServer", ["Documents", "Serving"],
    ["Crypto", "HTTPTypes", "Hummingbird", "Logging", "NIOCore", "NIOSSL", "SwiftASN1", "X509"]
  ),
  (
    "VirtualCluster",
    ["Documents", "ImageModel", "Networking", "Registry", "Runtimes", "Kubernetes", "Serving", "KubeAPIServer"],
    [
      "AsyncHTTPClient", "Crypto", "HTTPTypes", "Hummingbird", "Logging", "NIOCore", "NIOHTTP1", "ServiceLifecycle",
    ]
  ),
  (
    "Commands",
    [
      "Documents", "ImageModel", "Terminal", "Networking", "Registry", "Runtimes", "LocalPull", "Kubernetes",
      "Workloads", "ImageSources", "Warming", "PrepullAPI", "Serving", "Operator", "NodeAgent", "Dashboard",
    ], ["ArgumentParser", "Logging", "SystemPackage", "UnixSignals", "Dispatch"]
  ),
  ("prepulld", ["Unpacking", "NodeAgent", "Commands"], []),
  (
    "CLI",
    [
      "Documents", "ImageModel", "Terminal", "Networking", "Registry", "Runtimes", "Kubernetes", "Workloads",
      "ImageSources", "Warming", "Usage", "Checking", "PrepullAPI", "Operator", "NodeAgent", "Installation",
      "Dashboard",
      "VirtualCluster", "Commands",
    ], ["ArgumentParser", "Logging", "SystemPackage", "Yams", "CYaml", "Dispatch"]
  ),
  ("prepull", ["Unpacking", "CLI", "Commands"], []),
]

/// The standard library and the parts of Foundation that cost little.
private let everywhere: Set = ["Foundation", "FoundationEssentials", "Glibc", "Musl", "Darwin", "Synchronization"]

/// Folders that neither read nor write anything: their inputs come as values, their results go as values.
private let pure = [
  "Documents", "ImageModel", "Terminal", "Kubernetes/Nodes", "Warming/Coverage", "Warming/Fleet", "Warming/Openings",
  "Checking/Estimate", "ImageSources/Series", "ImageSources/Tags", "Usage/Figures", "NodeAgent/Machine",
  "Dashboard/Model",
]

/// Words of what waits, or tells the time by itself.
private let impure: Set<Substring> = [
  "async", "await", "Task", "actor", "Mutex", "ContinuousClock", "SuspendingClock", "Clock", "FileManager",
]

private let sources = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
  .deletingLastPathComponent().appending(path: "Sources")

/// The sources in a folder of `Sources`.
private func files(in folder: String) throws -> [(name: String, text: String)] {
  let files =
    FileManager.default.enumerator(at: sources.appending(path: folder), includingPropertiesForKeys: nil)?
    .compactMap { $0 as? URL }.filter { $0.pathExtension == "swift" && !$0.path.contains("/Generated/") } ?? []
  #expect(!files.isEmpty, "\(folder) has no sources")
  return try files.map { ($0.lastPathComponent, try String(contentsOf: $0, encoding: .utf8)) }
}

/// Every `import` in a folder, with the file that has it.
private func imports(in folder: String) throws -> [(module: String, file: String)] {
  try files(in: folder).flatMap { file in
    file.text.split(separator: "\n").compactMap { line in
      let words = line.split(whereSeparator: \.isWhitespace).map(String.init)
      guard let keyword = words.prefix(3).firstIndex(of: "import"), keyword + 1 < words.count,
        words[..<keyword].allSatisfy({ ["package", "public", "internal", "private", "@preconcurrency"].contains($0) })
      else { return nil }
      // `import struct Foundation.Date` names the module after the kind.
      let kinds: Set = ["struct", "class", "enum", "protocol", "func", "typealias", "let", "var"]
      let name = kinds.contains(words[keyword + 1]) ? words[keyword + 2] : words[keyword + 1]
      return (String(name.split(separator: ".")[0]), file.name)
    }
  }
}

@Test("Every layer imports only what it may", .timeLimit(.minutes(2)), arguments: layers.indices)
func direction(of index: Int) throws {
  let layer = layers[index]
  #expect(layer.layers.isSubset(of: layers[..<index].map(\.name)), "\(layer.name) stands too low")
  let allowed = layer.layers.union(layer.outside).union(everywhere)
  for (module, file) in try imports(in: layer.name) {
    #expect(allowed.contains(module), "\(layer.name)/\(file) imports \(module)")
  }
}

@Test("The small program needs nothing that is for people or for trying only", .timeLimit(.minutes(2)))
func smallProgram() {
  var needed: Set = ["prepulld"]
  var outside: Set<String> = []
  for layer in layers.reversed() where needed.contains(layer.name) {
    needed.formUnion(layer.layers)
    outside.formUnion(layer.outside)
  }
  // Usage and Checking are in it: the page inside a cluster tells of cost and time.
  #expect(needed.isDisjoint(with: ["CLI", "KubeAPIServer", "VirtualCluster", "Installation"]))
  // X509 is in it: the operator makes the certificate by which agents know it, and the page its own.
  #expect(outside.isDisjoint(with: ["Yams", "CYaml", "NIOFoundationCompat"]))
}

@Test("Pure folders have no input, output or clock", .timeLimit(.minutes(2)), arguments: pure)
func purity(of folder: String) throws {
  let known = Set(layers.map(\.name)).union(["FoundationEssentials", "Foundation"])
  for (module, file) in try imports(in: folder) {
    #expect(known.contains(module), "\(folder)/\(file) imports \(module)")
  }
  for file in try files(in: folder) {
    for line in file.text.split(separator: "\n") where !line.drop(while: \.isWhitespace).hasPrefix("//") {
      let words = line.split { !$0.isLetter && !$0.isNumber && $0 != "_" }
      #expect(impure.isDisjoint(with: words) && !line.contains("Date()"), "\(folder)/\(file.name): \(line)")
    }
  }
}

@Test("Full Foundation stays in the command line's layer", .timeLimit(.minutes(2)))
func foundation() throws {
  for layer in layers.map(\.name) where layer != "CLI" {
    for file in try files(in: layer) {
      let lines = file.text.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
      // `import Foundation` may only stand as the fallback where FoundationEssentials does not exist.
      for (number, line) in lines.enumerated() where line.hasSuffix("import Foundation") {
        #expect(number > 0 && lines[number - 1] == "#else", "\(layer)/\(file.name) imports Foundation")
      }
    }
  }
}

@Test("Every folder of Sources is a layer of this test", .timeLimit(.minutes(2)))
func complete() throws {
  let folders = try FileManager.default.contentsOfDirectory(atPath: sources.path).filter { !$0.hasPrefix(".") }
  #expect(Set(folders) == Set(layers.map(\.name)))
}

/// Nested and private types have a place that says what they are; those of two layers would need their module's name.
@Test("A type name stands for one thing in the whole package", .timeLimit(.minutes(2)))
func typeNames() throws {
  var homes: [String: Set<String>] = [:]
  for layer in layers.map(\.name) {
    for file in try files(in: layer) {
      for match in file.text.matches(
        of: /(?m)^(?:(?:package|public|final|indirect) )*(?:struct|class|enum|actor|protocol|typealias) (\w+)/)
      {
        homes[String(match.1), default: []].insert(layer)
      }
    }
  }
  #expect(homes.count > 500)
  for (name, layers) in homes where layers.count > 1 {
    Issue.record("\(name) is declared in \(layers.sorted().joined(separator: " and "))")
  }
}

/// A task-local closure ends optimised builds with signal 11 (swiftlang/swift pull request 88321), and debug builds hide
/// it.
@Test("No task-local holds a closure", .timeLimit(.minutes(2)))
func taskLocals() throws {
  for layer in layers.map(\.name) {
    for file in try files(in: layer) {
      #expect(!TaskLocals.holdClosure(file.text), "\(layer)/\(file.name) has a task-local closure")
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

/// Of a large value that `_read` yields, debug builds of Swift 6.3 read after it has ended, from memory that is free
/// (swiftlang/swift#89836): with it nodes had no facts in some processes.
@Test("No accessor is a _read", .timeLimit(.minutes(2)))
func readAccessors() throws {
  for layer in layers.map(\.name) {
    for file in try files(in: layer) {
      for line in file.text.split(separator: "\n") where !line.drop(while: \.isWhitespace).hasPrefix("//") {
        let words = line.split { !$0.isLetter && !$0.isNumber && $0 != "_" }
        #expect(!words.contains("_read"), "\(layer)/\(file.name): \(line)")
      }
    }
  }
}

@Test(
  "Bodies of requests to the API server have one encoder", .timeLimit(.minutes(2)),
  arguments: ["Kubernetes", "Workloads", "Warming", "Usage", "Checking", "PrepullAPI", "Operator", "Installation"])
func encoders(of layer: String) throws {
  for file in try files(in: layer) where file.name != "RequestBody.swift" {
    #expect(!file.text.contains("JSONEncoder("), "\(layer)/\(file.name) encodes by itself")
    for line in file.text.split(separator: "\n") where line.contains(".body = ") {
      #expect(!line.contains(".bytes()"), "\(layer)/\(file.name): \(line)")
    }
  }
}
