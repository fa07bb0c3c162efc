import Foundation
import GRPCCore
import GRPCNIOTransportHTTP2Posix
import SwiftProtobuf
import Synchronization

@testable import Runtimes

/// gRPC has an error of the same name.
typealias RuntimeError = Runtimes.RuntimeError

/// A CRI runtime without containerd's content service, as CRI-O is one, with scripted answers.
final class FakeCRI: Sendable {
  /// How it pulls.
  enum Pull: Sendable {
    case succeeds
    case succeedsAfter(Duration)
    case hangs
    case fails(RPCError)
  }

  private struct State {
    var images: [Runtime_V1_Image] = []
    var pulls: [Runtime_V1_PullImageRequest] = []
    var cancelledPulls = 0
  }

  let pull: Pull
  let name: String
  let version: String
  let containers: [Runtime_V1_Container]
  private let state: Mutex<State>

  init(
    images: [Runtime_V1_Image] = [], pull: Pull = .succeeds, name: String = "cri-o", version: String = "1.30.0",
    containers: [Runtime_V1_Container] = []
  ) {
    self.pull = pull
    self.name = name
    self.version = version
    self.containers = containers
    self.state = Mutex(State(images: images))
  }

  var pulls: [Runtime_V1_PullImageRequest] { state.withLock { $0.pulls } }
  var cancelledPulls: Int { state.withLock { $0.cancelledPulls } }

  /// Serves at a socket for the length of `body`.
  func serve<Output: Sendable>(
    at socket: String, with content: FakeContent? = nil, _ body: @Sendable (RuntimeEndpoint) async throws -> Output
  ) async throws -> Output {
    let content: [any RegistrableRPCService] = content.map { [$0] } ?? []
    let identity = Identity(name: name, version: version, containers: containers)
    return try await Self.serve([self, identity] + content, at: socket) {
      try await body(RuntimeEndpoint(kind: .cri, path: socket))
    }
  }

  /// Serves any services at a socket.
  static func serve<Output: Sendable>(
    _ services: [any RegistrableRPCService], at socket: String, _ body: @Sendable () async throws -> Output
  ) async throws -> Output {
    let server = GRPCServer(
      transport: HTTP2ServerTransport.Posix(
        address: .unixDomainSocket(path: socket), transportSecurity: .plaintext), services: services)
    return try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await server.serve() }
      _ = try await server.listeningAddress
      let result: Result<Output, any Error>
      do { result = .success(try await body()) } catch { result = .failure(error) }
      // A server that is cancelled while somebody connects traps (swift-nio issue 2637): only stragglers are cancelled.
      server.beginGracefulShutdown()
      group.addTask { try await Task.sleep(for: .seconds(2)) }
      _ = try? await group.next()
      group.cancelAll()
      return try result.get()
    }
  }

  /// Who it says it is.
  struct Identity: Runtime_V1_RuntimeService.SimpleServiceProtocol {
    let name: String
    let version: String
    let containers: [Runtime_V1_Container]

    func version(
      request: Runtime_V1_VersionRequest, context: ServerContext
    ) async throws -> Runtime_V1_VersionResponse {
      .with {
        $0.version = "0.1.0"
        $0.runtimeName = name
        $0.runtimeVersion = version
        $0.runtimeApiVersion = "v1"
      }
    }

    func status(request: Runtime_V1_StatusRequest, context: ServerContext) async throws -> Runtime_V1_StatusResponse {
      Runtime_V1_StatusResponse()
    }

    func listContainers(
      request: Runtime_V1_ListContainersRequest, context: ServerContext
    ) async throws -> Runtime_V1_ListContainersResponse {
      .with { $0.containers = containers }
    }
  }
}

extension FakeCRI: Runtime_V1_ImageService.SimpleServiceProtocol {
  func listImages(
    request: Runtime_V1_ListImagesRequest, context: ServerContext
  ) async throws -> Runtime_V1_ListImagesResponse {
    .with { $0.images = state.withLock { $0.images } }
  }

  func imageStatus(
    request: Runtime_V1_ImageStatusRequest, context: ServerContext
  ) async throws -> Runtime_V1_ImageStatusResponse {
    let image = state.withLock { $0.images.first { $0.repoTags.contains(request.image.image) } }
    return .with { if let image { $0.image = image } }
  }

  func pullImage(
    request: Runtime_V1_PullImageRequest, context: ServerContext
  ) async throws -> Runtime_V1_PullImageResponse {
    state.withLock { $0.pulls.append(request) }
    switch pull {
    case .succeeds, .succeedsAfter:
      if case .succeedsAfter(let delay) = pull { try await Task.sleep(for: delay) }
      let image = Runtime_V1_Image.with {
        $0.id = "0123"
        $0.repoTags = [request.image.image]
      }
      state.withLock { $0.images.append(image) }
      return .with { $0.imageRef = image.id }
    case .fails(let error): throw error
    case .hangs:
      try await context.cancellation.cancelled
      state.withLock { $0.cancelledPulls += 1 }
      throw RPCError(code: .cancelled, message: "cancelled")
    }
  }

  func removeImage(
    request: Runtime_V1_RemoveImageRequest, context: ServerContext
  ) async throws -> Runtime_V1_RemoveImageResponse {
    state.withLock { $0.images.removeAll { $0.repoTags.contains(request.image.image) } }
    return Runtime_V1_RemoveImageResponse()
  }

  func imageFsInfo(
    request: Runtime_V1_ImageFsInfoRequest, context: ServerContext
  ) async throws -> Runtime_V1_ImageFsInfoResponse {
    Runtime_V1_ImageFsInfoResponse()
  }
}
