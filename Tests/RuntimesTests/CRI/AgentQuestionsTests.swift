import ImageModel
import SwiftProtobuf
import TestKit
import Testing
import VirtualCluster

@testable import Runtimes

/// What a node agent asks of CRI runtimes, where the answers are scripted.
@Suite(.timeLimit(.minutes(5))) struct AgentQuestionsTests {
  private func with(
    _ fake: FakeCRI, content: FakeContent? = nil, _ body: @Sendable (any Runtime) async throws -> Void
  ) async throws {
    try await withTemporaryFolder { folder in
      try await fake.serve(at: folder + "/s", with: content) { endpoint in
        try await withSocketRuntime(endpoint, limits: .test(), body)
      }
    }
  }

  @Test func otherRuntimesHaveNoneOfIt() async throws {
    try await with(FakeCRI()) { runtime in
      #expect(try await runtime.changes() == nil)
      #expect(
        try await runtime.pinning()
          == .unsupported("CRI-O pins only what pinned_images in its own configuration names"))
      let reference = try Reference(parsing: "nginx:1.27")
      _ = try await runtime.pull(SampleImage().order(reference), progress: { _ in })
      try await runtime.pin(reference, true)
      try await runtime.unpin(allBut: [])
      try await runtime.markPulled(reference)
      #expect(try await !runtime.isPulledByUs(reference))
      #expect(try await !runtime.othersPull())
    }
  }

  @Test func aContainerdOfUnknownVersionPinsNothing() async throws {
    try await with(FakeCRI(name: "containerd", version: "dev")) { runtime in
      let pinning = try await runtime.pinning()
      #expect(pinning == .unsupported("containerd says no version that could be understood: dev"))
    }
  }

  /// CRI-O's identifiers have no algorithm; containers may name images in any form.
  @Test func anImageIsUsedByAnyOfItsNames() async throws {
    let images = ["one", "two", "three", "four"].map { name in
      Runtime_V1_Image.with {
        $0.id = name + "-id"
        $0.repoTags = ["docker.io/library/\(name):latest", "example.test/\(name):v1"]
      }
    }
    let containers = [
      Runtime_V1_Container.with { $0.imageRef = "one-id" },
      Runtime_V1_Container.with {
        $0.image.image = "sha256:two-id"
        $0.imageID = "gone"
      },
      Runtime_V1_Container.with { $0.image.userSpecifiedImage = "three" },
    ]
    try await with(FakeCRI(images: images, containers: containers)) { runtime in
      let used = try await runtime.used()
      for name in ["one", "two", "three"] {
        #expect(used.isSuperset(of: [name + "-id", "docker.io/library/\(name):latest", "example.test/\(name):v1"]))
      }
      #expect(used.isDisjoint(with: ["four-id", "docker.io/library/four:latest", "example.test/four:v1", ""]))
    }
  }

  @Test(arguments: [(Int64(1000), Int64(0), true), (0, 0, false), (1000, 60, false)])
  func whatLiesHalfWrittenIsNoPull(_ offset: Int64, _ age: Int64, _ isPull: Bool) async throws {
    let layer = try SampleImage().variants[0].layers[0].descriptor.digest
    let content = FakeContent(age: age) { _ in [layer: offset] }
    try await with(FakeCRI(name: "containerd", version: "1.7.24"), content: content) { runtime in
      let othersPull = try await runtime.othersPull()
      #expect(othersPull == isPull)
    }
  }
}
