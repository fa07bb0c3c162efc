import Foundation
import ImageModel
import PrepullAPI
import Registry
import Runtimes
import SystemPackage
import TestKit
import VirtualCluster

@testable import NodeAgent

/// A node of a cluster with a containerd of its own, as an agent has it.
struct ContainerdNode: Sendable {
  /// One that knows pins, where this machine has one.
  static let release = ContainerdRelease.all.first { $0.description.hasSuffix("-1.7") } ?? .system

  let lab: AgentLab
  let containerd: Containerd
  let runtime: any Runtime

  var registry: EmbeddedRegistry { lab.sandbox.registry }

  /// - Parameters:
  ///   - fast: how the runtime pulls; fast pulls are worth it for an image of any size here.
  ///   - options: of containerd, which may name images of the registry.
  static func run(
    fast: FastPulls = .off,
    options: @escaping @Sendable (EmbeddedRegistry) throws -> ContainerdOptions = { _ in
      ContainerdOptions(release: release)
    }, _ body: @escaping @Sendable (ContainerdNode) async throws -> Void
  ) async throws {
    try await AgentLab.with { lab in
      try await withContainerd(options(lab.sandbox.registry)) { containerd in
        let registry = RegistryClient(
          configuration: RegistryConfiguration(), credentials: NoCredentials(), logger: LogLines().logger)
        let settings = FastSettings(unpacker: FilePath(try PrepullProgram.path), smallest: 0)
        do {
          try await withRuntime(
            RuntimeEndpoint(parsing: containerd.endpoint), registry: registry, fast: fast, fastSettings: settings,
            logger: LogLines().logger
          ) { try await body(ContainerdNode(lab: lab, containerd: containerd, runtime: $0)) }
          try await registry.shutdown()
        } catch {
          try await registry.shutdown()
          throw error
        }
      }
    }
  }

  /// Adds images of one content to the registry.
  func images(_ count: Int) throws -> [Reference] {
    try (0..<count).map { registry.add(try SampleImage(), to: "app-\($0)", tag: "v1") }
  }

  /// Adds images of different content.
  func images(_ names: [String], layers: [Int] = [1000, 3000]) throws -> [Reference] {
    try names.enumerated().map { number, name in
      registry.add(try SampleImage(seed: UInt64(number) + 1, layers: layers, gzip: true), to: name, tag: "v1")
    }
  }

  /// How many names of images this program has pinned.
  func pinnedNames() async throws -> Int {
    try await containerd.ctr("images", "list").split(separator: "\n").count { $0.contains("prepull.dev/pinned") }
  }

  func isThere(_ reference: Reference) async throws -> Bool { try await runtime.image(reference) != nil }

  /// Waits until an image is gone, without asking all the time: the runtime has only so much patience.
  func untilGone(_ reference: Reference) async throws {
    try await eventually("\(reference) to be gone") {
      try await Task.sleep(for: .milliseconds(200))
      return try await !isThere(reference)
    }
  }

  /// Of the image at a place of the WarmNode's list.
  func held(_ index: Int) async throws -> WarmNode.Held? {
    guard let images = try await lab.agent()?.images, images.indices.contains(index) else { return nil }
    return images[index]
  }
}
