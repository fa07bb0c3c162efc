// swift-tools-version: 6.2
import Foundation
import PackageDescription

let settings: [SwiftSetting] =
  [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
  ] + (ProcessInfo.processInfo.environment["CI"] == nil ? [] : [.treatAllWarnings(as: .error)])

extension Target {
  /// A layer of Prepull: the order of calls below is the order of the layers, lowest first.
  static func layer(
    _ name: String, _ dependencies: [Target.Dependency] = [], exclude: [String] = [], resources: [Resource] = []
  ) -> Target {
    .target(
      name: name, dependencies: dependencies, exclude: exclude, resources: resources, swiftSettings: settings)
  }

  /// The tests of one layer.
  static func tests(_ name: String, _ dependencies: [Target.Dependency], resources: [Resource] = []) -> Target {
    .testTarget(
      name: "\(name)Tests", dependencies: [.byName(name: name)] + dependencies, resources: resources,
      swiftSettings: settings)
  }
}

extension Target.Dependency {
  static let argumentParser = product(name: "ArgumentParser", package: "swift-argument-parser")
  static let asyncHTTPClient = product(name: "AsyncHTTPClient", package: "async-http-client")
  static let crypto = product(name: "Crypto", package: "swift-crypto")
  static let grpcCore = product(name: "GRPCCore", package: "grpc-swift-2")
  static let grpcProtobuf = product(name: "GRPCProtobuf", package: "grpc-swift-protobuf")
  static let grpcTransport = product(
    name: "GRPCNIOTransportHTTP2Posix", package: "grpc-swift-nio-transport")
  static let hummingbird = product(name: "Hummingbird", package: "hummingbird")
  static let hummingbirdCore = product(name: "HummingbirdCore", package: "hummingbird")
  static let hummingbirdTLS = product(name: "HummingbirdTLS", package: "hummingbird")
  static let log = product(name: "Logging", package: "swift-log")
  static let nioCore = product(name: "NIOCore", package: "swift-nio")
  static let nioHTTP1 = product(name: "NIOHTTP1", package: "swift-nio")
  static let nioPosix = product(name: "NIOPosix", package: "swift-nio")
  static let nioSSL = product(name: "NIOSSL", package: "swift-nio-ssl")
  static let protobuf = product(name: "SwiftProtobuf", package: "swift-protobuf")
  static let serviceLifecycle = product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
  static let subprocess = product(name: "Subprocess", package: "swift-subprocess")
  static let systemPackage = product(name: "SystemPackage", package: "swift-system")
  static let unixSignals = product(name: "UnixSignals", package: "swift-service-lifecycle")
  static let x509 = product(name: "X509", package: "swift-certificates")
  static let yams = product(name: "Yams", package: "Yams")
}

let package = Package(
  name: "prepull",
  platforms: [.macOS(.v15)],
  products: [
    .executable(name: "prepull", targets: ["prepull"]),
    .executable(name: "prepulld", targets: ["prepulld"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-certificates", from: "1.21.1"),
    // No product of it is used here: async-http-client needs it. It stands here so that its default traits, which want
    // full Foundation, stay off whoever else in the graph asks for it.
    .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0", traits: []),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
    .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0", traits: []),
    .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
    .package(url: "https://github.com/grpc/grpc-swift-2", from: "2.4.3"),
    .package(url: "https://github.com/grpc/grpc-swift-nio-transport", from: "2.9.2"),
    .package(url: "https://github.com/grpc/grpc-swift-protobuf", from: "2.4.1"),
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2", traits: []),
  ],
  targets: [
    // Values: no input or output, no clock of their own.
    .layer("Documents"),
    .layer("ImageModel", ["Documents"]),
    .layer("Terminal", ["Documents"]),

    // Of a process about to be confined: for CUnpacking and CHost.
    .target(name: "CCapabilities", path: "Libraries/CCapabilities"),
    // Layers become folders. Its C is libarchive, zlib, libzstd and ISA-L, and how a process confines itself.
    .target(
      name: "CUnpacking", dependencies: ["CCapabilities"], path: "Libraries/CUnpacking",
      linkerSettings: [.linkedLibrary("archive"), .linkedLibrary("z"), .linkedLibrary("zstd")]),
    .layer("Unpacking", ["Documents", "ImageModel", "CUnpacking", .crypto, .systemPackage]),

    // One outside system each; what talking over a network needs before that.
    .layer("Networking", [.asyncHTTPClient, .nioCore, .nioPosix, .nioSSL]),
    .layer(
      "Registry",
      [
        "Documents", "ImageModel", "Networking", .asyncHTTPClient, .crypto, .log, .nioCore, .nioHTTP1, .nioPosix,
        .nioSSL, .subprocess, .systemPackage,
      ]),
    // What servers of metrics and registries know of images.
    .layer(
      "ImageSources",
      ["Documents", "ImageModel", "Networking", "Registry", .asyncHTTPClient, .nioCore, .nioHTTP1, .nioSSL]),
    // TOML without full Foundation: toml++ behind two functions.
    .target(name: "CTOML", path: "Libraries/CTOML"),
    .layer(
      "Runtimes",
      [
        "CTOML", "Documents", "ImageModel", "Networking", "Registry", "Unpacking", .asyncHTTPClient, .crypto, .grpcCore,
        .grpcProtobuf,
        .grpcTransport, .log, .nioCore, .nioHTTP1, .nioPosix, .protobuf, .systemPackage,
      ], exclude: ["CRI/Protos", "Containerd/Protos"]),
    .layer(
      "Kubernetes",
      [
        "Documents", "ImageModel", "Networking", .asyncHTTPClient, .crypto, .log, .nioCore, .nioHTTP1, .nioPosix,
        .nioSSL, .subprocess, .systemPackage,
      ]),

    // What Prepull does.
    .layer("LocalPull", ["ImageModel", "Networking", "Registry", "Runtimes"]),
    .layer("Workloads", ["Documents", "ImageModel", "Kubernetes"]),
    .layer("Warming", ["Documents", "ImageModel", "Networking", "Registry", "Kubernetes", .log]),
    .layer("Usage", ["ImageModel", "Kubernetes", "Workloads", "Warming"]),
    .layer("Checking", ["Documents", "ImageModel", "Networking", "Registry", "Kubernetes", "Warming", .nioCore]),

    // The operator.
    .target(name: "CMemory", path: "Libraries/CMemory"),
    .layer(
      "Serving",
      ["CMemory", .hummingbird, .hummingbirdCore, .hummingbirdTLS, .log, .nioCore, .nioSSL, .serviceLifecycle]),
    .layer("PrepullAPI", ["Documents", "ImageModel", "ImageSources", "Kubernetes", "Warming"]),
    .layer(
      "Operator",
      [
        "Documents", "ImageModel", "ImageSources", "Networking", "Registry", "Kubernetes", "Workloads", "Warming",
        "Serving", "PrepullAPI", .crypto, .hummingbird, .log, .nioCore, .nioSSL, .x509,
      ]),
    // The agent of a node. YAML without full Foundation: libyaml behind a function; how a process takes the host's root.
    .target(name: "CHost", dependencies: ["CCapabilities"], path: "Libraries/CHost"),
    .target(name: "CYAML", path: "Libraries/CYAML", linkerSettings: [.linkedLibrary("yaml")]),
    .layer(
      "NodeAgent",
      [
        "CHost", "CYAML", "Documents", "ImageModel", "Networking", "Registry", "Runtimes", "LocalPull", "Kubernetes",
        "Serving", "PrepullAPI", .asyncHTTPClient, .log, .nioCore, .nioHTTP1, .nioSSL, .subprocess, .systemPackage,
      ]),
    .layer("Installation", ["Documents", "Networking", "Kubernetes", "PrepullAPI", "Operator"]),

    // The page. Its files are compiled in (scripts/page).
    .layer(
      "Dashboard",
      [
        "Documents", "ImageModel", "Networking", "Kubernetes", "Warming", "Usage", "Checking", "PrepullAPI", "Operator",
        "Serving", .crypto, .hummingbird, .log, .nioCore, .nioSSL, .x509,
      ], exclude: ["Page"]),

    // A cluster to try things with.
    .layer(
      "KubeAPIServer", ["Documents", "Serving", .crypto, .hummingbird, .log, .nioCore, .nioSSL, .x509],
      exclude: ["README.md"]),
    .layer(
      "VirtualCluster",
      [
        "Documents", "ImageModel", "Networking", "Registry", "Runtimes", "Kubernetes", "Serving", "KubeAPIServer",
        .asyncHTTPClient, .crypto, .hummingbird, .log, .nioCore, .nioHTTP1, .serviceLifecycle,
      ], exclude: ["README.md"]),

    // What nodes and clusters run: without Yams, full Foundation and the sandbox.
    .layer(
      "Commands",
      [
        "Documents", "ImageModel", "Terminal", "Networking", "Registry", "Runtimes", "LocalPull", "Kubernetes",
        "Workloads", "ImageSources", "Warming", "PrepullAPI", "Serving", "Operator", "NodeAgent", "Dashboard",
        .argumentParser, .log, .systemPackage, .unixSignals,
      ]),
    .executableTarget(name: "prepulld", dependencies: ["Commands", "NodeAgent", "Unpacking"], swiftSettings: settings),

    // What a person meets.
    .layer(
      "CLI",
      [
        "Documents", "ImageModel", "Terminal", "Networking", "Registry", "Runtimes", "Kubernetes", "Workloads",
        "ImageSources", "Warming", "Usage", "Checking", "PrepullAPI", "Operator", "NodeAgent", "Installation",
        "Dashboard", "VirtualCluster", "Commands", .argumentParser, .log, .systemPackage, .yams,
      ]),
    .executableTarget(name: "prepull", dependencies: ["CLI", "Commands", "Unpacking"], swiftSettings: settings),

    // Real and fake outside systems that the tests start.
    .target(
      name: "TestKit",
      dependencies: [
        "CUnpacking", "Documents", "ImageModel", "Kubernetes", "Networking", "Runtimes", "KubeAPIServer",
        "VirtualCluster", .asyncHTTPClient, .crypto, .grpcCore, .hummingbird,
        .hummingbirdTLS,
        .log, .nioCore, .nioHTTP1,
        .nioPosix, .nioSSL, .subprocess, .systemPackage, .x509,
      ], path: "Tests/TestKit", swiftSettings: settings),
    .tests("Documents", []),
    .tests("ImageModel", ["Documents"]),
    .tests("Terminal", ["Documents"]),
    .tests(
      "Unpacking",
      ["Documents", "ImageModel", "CUnpacking", "VirtualCluster", "TestKit", .crypto, .log, .systemPackage]),
    .tests("Networking", []),
    .tests(
      "Registry",
      [
        "Documents", "ImageModel", "Networking", "KubeAPIServer", "VirtualCluster", "TestKit", .log, .nioCore,
        .nioHTTP1,
      ]),
    .tests(
      "ImageSources",
      [
        "Documents", "ImageModel", "Networking", "Registry", "KubeAPIServer", "VirtualCluster", "TestKit",
        .asyncHTTPClient, .hummingbird, .log, .nioCore, .nioHTTP1, .subprocess, .systemPackage,
      ]),
    .tests(
      "Runtimes",
      [
        "Documents", "ImageModel", "Networking", "Registry", "KubeAPIServer", "VirtualCluster", "CUnpacking", "TestKit",
        .crypto,
        .grpcCore, .grpcTransport,
        .log, .nioCore, .protobuf, .systemPackage,
      ]),
    .tests(
      "Kubernetes",
      ["Documents", "Networking", "KubeAPIServer", "TestKit", .log, .nioCore, .nioPosix, .nioSSL, .subprocess]),
    .tests(
      "LocalPull",
      ["ImageModel", "Networking", "Registry", "Runtimes", "Kubernetes", "VirtualCluster", "TestKit", .log]),
    .tests("Workloads", ["Documents", "Kubernetes"]),
    .tests(
      "Warming",
      [
        "Documents", "ImageModel", "Networking", "Registry", "Kubernetes", "KubeAPIServer", "VirtualCluster", "TestKit",
        .log, .subprocess,
        .systemPackage,
      ]),
    .tests("Usage", ["Kubernetes", "Workloads"]),
    .tests("Checking", ["ImageModel", "Networking", "Registry", "Kubernetes", "VirtualCluster", .log]),
    .tests(
      "PrepullAPI",
      [
        "Documents", "ImageModel", "ImageSources", "Kubernetes", "Warming", "KubeAPIServer", "VirtualCluster",
        "TestKit", .log,
      ]),
    .tests(
      "Operator",
      [
        "Documents", "ImageModel", "ImageSources", "Networking", "Registry", "Runtimes", "Kubernetes", "Workloads",
        "Warming",
        "PrepullAPI", "Serving", "NodeAgent", "Dashboard", "KubeAPIServer", "VirtualCluster", "TestKit",
        .asyncHTTPClient, .log, .nioCore, .nioHTTP1, .nioSSL, .yams,
      ]),
    .tests(
      "NodeAgent",
      [
        "Documents", "ImageModel", "Networking", "Registry", "Runtimes", "Kubernetes", "Serving", "PrepullAPI",
        "Operator",
        "KubeAPIServer", "VirtualCluster", "TestKit", .log, .nioCore, .systemPackage,
      ]),
    .tests("Installation", ["Documents"]),
    .tests(
      "Dashboard",
      [
        "Documents", "ImageModel", "Kubernetes", "Warming", "PrepullAPI", "Operator", "Serving", "Installation",
        "KubeAPIServer", "VirtualCluster", "CLI", "TestKit", .asyncHTTPClient, .hummingbird, .log, .nioCore, .nioHTTP1,
        .nioSSL, .subprocess, .systemPackage,
      ]),
    .tests(
      "KubeAPIServer",
      ["Documents", "TestKit", .asyncHTTPClient, .hummingbird, .log, .nioCore, .nioHTTP1, .subprocess, .systemPackage]),
    .tests(
      "VirtualCluster",
      [
        "Documents", "ImageModel", "Networking", "Registry", "Runtimes", "Kubernetes", "KubeAPIServer", "TestKit",
        .asyncHTTPClient, .hummingbird, .log, .nioCore, .nioHTTP1, .nioPosix, .subprocess, .systemPackage,
      ]),
    .tests(
      "Commands",
      [
        "Documents", "ImageModel", "Terminal", "Registry", "Runtimes", "LocalPull", "Kubernetes",
        "Workloads", "Warming", "PrepullAPI", "TestKit", .log,
      ]),
    .tests(
      "CLI",
      [
        "Commands", "Documents", "ImageModel", "ImageSources", "Terminal", "Registry", "Runtimes", "Kubernetes",
        "Workloads", "Warming", "Usage", "Checking", "PrepullAPI", "Installation", "KubeAPIServer", "VirtualCluster",
        "TestKit",
        .argumentParser, .crypto, .log, .subprocess,
      ]),
    .testTarget(name: "ArchitectureTests", swiftSettings: settings),
  ],
  swiftLanguageModes: [.v6],
  cxxLanguageStandard: .cxx17
)
