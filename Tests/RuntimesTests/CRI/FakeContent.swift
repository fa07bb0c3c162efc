import Foundation
import GRPCCore
import ImageModel
import SwiftProtobuf
import Synchronization

@testable import Runtimes

/// containerd's content service, answering from a script.
final class FakeContent: Sendable {
  private let looks = Mutex(0)
  private let writing: @Sendable (_ look: Int) throws -> [Digest: Int64]
  private let age: Int64

  /// - Parameters:
  ///   - age: seconds since bytes of these blobs came.
  ///   - writing: the blobs that are being written at each look, counted from 0.
  init(age: Int64 = 0, _ writing: @escaping @Sendable (_ look: Int) throws -> [Digest: Int64]) {
    self.age = age
    self.writing = writing
  }
}

extension FakeContent: Containerd_Services_Content_V1_Content.SimpleServiceProtocol {
  func info(
    request: Containerd_Services_Content_V1_InfoRequest, context: ServerContext
  ) async throws -> Containerd_Services_Content_V1_InfoResponse {
    throw RPCError(code: .notFound, message: "content \(request.digest): not found")
  }

  func listStatuses(
    request: Containerd_Services_Content_V1_ListStatusesRequest, context: ServerContext
  ) async throws -> Containerd_Services_Content_V1_ListStatusesResponse {
    let look = looks.withLock { look in
      defer { look += 1 }
      return look
    }
    let blobs = try writing(look)
    return .with {
      $0.statuses = blobs.map { digest, offset in
        .with {
          $0.ref = "layer-\(digest)"
          $0.offset = offset
          $0.updatedAt.seconds = Int64(Date().timeIntervalSince1970) - age
        }
      }
    }
  }

  typealias Requests = RPCAsyncSequence<Containerd_Services_Content_V1_WriteContentRequest, any Error>

  /// What only fast pulls ask.
  private var unknown: RPCError { RPCError(code: .unimplemented, message: "unknown method") }

  func update(
    request: Containerd_Services_Content_V1_UpdateRequest, context: ServerContext
  ) async throws -> Containerd_Services_Content_V1_UpdateResponse { throw unknown }

  func delete(
    request: Containerd_Services_Content_V1_DeleteContentRequest, context: ServerContext
  ) async throws -> Containerd_Services_Content_V1_Empty { throw unknown }

  func write(
    request: Requests, response: RPCWriter<Containerd_Services_Content_V1_WriteContentResponse>, context: ServerContext
  ) async throws { throw unknown }

  func abort(
    request: Containerd_Services_Content_V1_AbortRequest, context: ServerContext
  ) async throws -> Containerd_Services_Content_V1_Empty { throw unknown }
}
