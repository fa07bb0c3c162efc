import GRPCCore
import ImageModel
import Registry
import SwiftProtobuf
import TestKit
import Testing
import VirtualCluster

@testable import Runtimes

/// A CRI runtime that is not containerd, and one that misbehaves.
@Suite(.timeLimit(.minutes(2))) struct CRIRuntimeTests {
  private let reference = Reference(registry: "docker.io", repository: "library/nginx", tag: "1.27", digest: nil)

  private func with(
    _ fake: FakeCRI, content: FakeContent? = nil, limits: RuntimeLimits = .test(),
    _ body: @Sendable (any Runtime) async throws -> Void
  ) async throws {
    try await withTemporaryFolder { folder in
      try await fake.serve(at: folder + "/s", with: content) { endpoint in
        try await withSocketRuntime(endpoint, limits: limits) { try await body($0) }
      }
    }
  }

  @Test func pullsWhereNobodyTellsTheProgress() async throws {
    let fake = FakeCRI()
    let order = try SampleImage().order(reference)
    let total = try #require(order.resolved).compressedSize
    let log = ProgressLog()
    try await with(fake) { runtime in
      let image = try await runtime.pull(order, progress: log.report)
      #expect(image.references == [reference.description])
    }
    #expect(
      log.all == [
        PullProgress(phase: .downloading, completedBytes: 0, totalBytes: total),
        PullProgress(phase: .verifying, completedBytes: total, totalBytes: total),
      ])
    #expect(fake.pulls.map(\.image.image) == ["docker.io/library/nginx:1.27"])
  }

  /// Whatever is wrong with the content service, the pull goes on; here it succeeds after a while of failures.
  @Test func doesNotFailForWantOfProgress() async throws {
    let content = FakeContent { _ in throw RPCError(code: .internalError, message: "broken") }
    let order = try SampleImage().order(reference)
    try await with(FakeCRI(pull: .succeedsAfter(.milliseconds(600))), content: content) { runtime in
      _ = try await runtime.pull(order, progress: { _ in })
    }
  }

  /// Another pull that moves does not hide that this one does not.
  @Test func endsAPullThatStandsStill() async throws {
    let order = try SampleImage().order(reference)
    let layer = try #require(order.resolved?.manifest.layers.first)
    let other = Digest(bytes: Array(repeating: 1, count: 32))
    let content = FakeContent { look in [layer.digest: 7, other: Int64(look)] }
    let log = ProgressLog()
    try await with(FakeCRI(pull: .hangs), content: content, limits: .test(stall: .milliseconds(500))) { runtime in
      let error = await #expect(throws: RuntimeError.self) { try await runtime.pull(order, progress: log.report) }
      #expect(error?.code == .timedOut)
      #expect(error?.detail.contains("no byte") == true)
    }
    #expect(log.all.last?.completedBytes == 7)
  }

  /// Bytes that come slowly are no stall, and an image that is being unpacked writes none.
  @Test(arguments: [true, false]) func leavesAPullThatMovesAlone(_ isWriting: Bool) async throws {
    let order = try SampleImage().order(reference)
    let layer = try #require(order.resolved?.manifest.layers.first)
    let content = FakeContent { look in isWriting ? [layer.digest: Int64(look)] : [:] }
    let fake = FakeCRI(pull: .succeedsAfter(.seconds(3)))
    try await with(fake, content: content, limits: .test(stall: .seconds(1))) { runtime in
      _ = try await runtime.pull(order, progress: { _ in })
    }
  }

  @Test func readsALongList() async throws {
    let images = (0..<20_000).map { number in
      Runtime_V1_Image.with {
        $0.id = "\(number)"
        $0.repoTags = ["registry.example/\(String(repeating: "a", count: 200))/\(number):v1"]
        $0.repoDigests = ["registry.example/\(number)@sha256:\(String(repeating: "0", count: 64))"]
      }
    }
    let bytes = try Runtime_V1_ListImagesResponse.with { $0.images = images }.serializedBytes() as [UInt8]
    #expect(bytes.count > 6 << 20)
    try await with(FakeCRI(images: images)) { runtime in
      let list = try await runtime.list()
      #expect(list.count == 20_000)
      #expect(list.last?.digests.count == 1)
    }
  }

  @Test func cancelsThePullAtTheRuntime() async throws {
    let fake = FakeCRI(pull: .hangs)
    let order = try SampleImage().order(reference)
    try await with(fake) { runtime in
      try await withThrowingTaskGroup(of: RuntimeImage.self) { group in
        group.addTask { try await runtime.pull(order, progress: { _ in }) }
        try await eventually("a pull") { !fake.pulls.isEmpty }
        group.cancelAll()
        await #expect(throws: CancellationError.self) { try await group.next() }
      }
      try await eventually("a cancelled pull") { fake.cancelledPulls > 0 }
    }
    #expect(fake.cancelledPulls == 1)
  }

  @Test func endsAPullThatTakesTooLong() async throws {
    let order = try SampleImage().order(reference)
    try await with(FakeCRI(pull: .hangs), limits: .test(pull: .milliseconds(300))) { runtime in
      let error = await #expect(throws: RuntimeError.self) { try await runtime.pull(order, progress: { _ in }) }
      #expect(error?.code == .timedOut)
      #expect(error?.isRetryable == true)
    }
  }

  @Test func refusesAnotherPlatform() async throws {
    let fake = FakeCRI()
    let order = PullOrder(reference: reference, platform: .other)
    try await with(fake) { runtime in
      let error = await #expect(throws: RuntimeError.self) { try await runtime.pull(order, progress: { _ in }) }
      #expect(error?.code == .unsupported)
      #expect(error?.description.contains("--runtime oci:") == true)
    }
    #expect(fake.pulls.isEmpty)
  }

  @Test(arguments: [
    (RegistryCredential.basic(username: "anna", password: "geheim"), ["anna", "geheim", "", ""]),
    // A user name beside an identity token would make containerd log in with an empty password.
    (.identityToken(username: "anna", token: "t1"), ["", "", "t1", ""]),
    (.registryToken("t2"), ["", "", "", "t2"]),
  ]) func handsOnTheCredential(_ credential: RegistryCredential, _ fields: [String]) async throws {
    let fake = FakeCRI()
    let order = try SampleImage().order(reference, credential: credential)
    try await with(fake) { _ = try await $0.pull(order, progress: { _ in }) }
    let auth = try #require(fake.pulls.first).auth
    #expect([auth.username, auth.password, auth.identityToken, auth.registryToken] == fields)
    #expect(auth.serverAddress == "" && auth.auth == "")
  }

  @Test func sendsNoEmptyCredential() async throws {
    let fake = FakeCRI()
    let order = try SampleImage().order(reference)
    try await with(fake) { _ = try await $0.pull(order, progress: { _ in }) }
    #expect(fake.pulls.first?.hasAuth == false)
  }

  /// The registry's answer may come as any code, UNAVAILABLE too, which else means that the runtime is gone.
  @Test(arguments: [
    (RPCError.Code.unavailable, "failed to pull: 503 Service Unavailable", RuntimeError.Code.registry(.fault)),
    (.unavailable, "the runtime goes down", .died),
    (.deadlineExceeded, "failed to do request: context deadline exceeded", .registry(.timedOut)),
    (.unknown, "reading manifest v9 in docker.io/library/nginx: manifest unknown", .registry(.notFound)),
    (.unknown, "nobody knows", .fault),
  ]) func readsTheError(_ code: RPCError.Code, _ text: String, _ expected: RuntimeError.Code) async throws {
    let order = try SampleImage().order(reference)
    try await with(FakeCRI(pull: .fails(RPCError(code: code, message: text)))) { runtime in
      let error = await #expect(throws: RuntimeError.self) { try await runtime.pull(order, progress: { _ in }) }
      #expect(error?.code == expected)
    }
  }

  @Test func doesNotBelieveAPullWithoutAnImage() async throws {
    struct Liar: Runtime_V1_ImageService.SimpleServiceProtocol {
      func listImages(
        request: Runtime_V1_ListImagesRequest, context: ServerContext
      ) async throws -> Runtime_V1_ListImagesResponse { .init() }
      func imageStatus(
        request: Runtime_V1_ImageStatusRequest, context: ServerContext
      ) async throws -> Runtime_V1_ImageStatusResponse { .init() }
      func pullImage(
        request: Runtime_V1_PullImageRequest, context: ServerContext
      ) async throws -> Runtime_V1_PullImageResponse { .with { $0.imageRef = "0123" } }
      func removeImage(
        request: Runtime_V1_RemoveImageRequest, context: ServerContext
      ) async throws -> Runtime_V1_RemoveImageResponse { .init() }
      func imageFsInfo(
        request: Runtime_V1_ImageFsInfoRequest, context: ServerContext
      ) async throws -> Runtime_V1_ImageFsInfoResponse { .init() }
    }
    let order = try SampleImage().order(reference)
    try await withTemporaryFolder { folder in
      try await FakeCRI.serve(
        [Liar(), FakeCRI.Identity(name: "cri-o", version: "1.30.0", containers: [])], at: folder + "/s"
      ) {
        try await withSocketRuntime(RuntimeEndpoint(kind: .cri, path: folder + "/s"), limits: .test()) { runtime in
          let error = await #expect(throws: RuntimeError.self) { try await runtime.pull(order, progress: { _ in }) }
          #expect(error?.code == .fault)
        }
      }
    }
  }

  @Test func namesTheRemedyWhereCRIIsSwitchedOff() async throws {
    try await withTemporaryFolder { folder in
      try await FakeCRI.serve([], at: folder + "/s") {
        try await withSocketRuntime(RuntimeEndpoint(kind: .cri, path: folder + "/s"), limits: .test()) { runtime in
          let error = await #expect(throws: RuntimeError.self) { try await runtime.identify() }
          #expect(error?.code == .unsupported)
          #expect(error?.remedy.contains("disabled_plugins") == true)
        }
      }
    }
  }

  /// A runtime that restarts between two calls is found again by the same connection.
  @Test func findsARestartedRuntime() async throws {
    try await withTemporaryFolder { folder in
      let endpoint = RuntimeEndpoint(kind: .cri, path: folder + "/s")
      try await withSocketRuntime(endpoint, limits: .test()) { runtime in
        let name = try await FakeCRI().serve(at: endpoint.path) { _ in try await runtime.identify().name }
        #expect(name == "cri-o")
        let error = await #expect(throws: RuntimeError.self) { try await runtime.identify() }
        #expect([.noSocket, .unreachable, .died].contains(error?.code))
        let again = try await FakeCRI().serve(at: endpoint.path) { _ in try await runtime.identify().name }
        #expect(again == "cri-o")
      }
    }
  }
}
