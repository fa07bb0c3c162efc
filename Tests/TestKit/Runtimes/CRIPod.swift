import GRPCCore

@testable import Runtimes

/// A pod at a real CRI socket, on the host's network, as no other is there. Prepull makes no pods through CRI, so these
/// messages are put together here, by the numbers of k8s.io/cri-api.
package struct CRIPod: Sendable {
  private let endpoint: RuntimeEndpoint
  private let id: String
  private let config: [UInt8]

  /// - Parameter containerd: has an image that its pods begin with: `ContainerdOptions.sandboxImage`.
  package static func run(named name: String, at containerd: Containerd) async throws -> CRIPod {
    let endpoint = try RuntimeEndpoint(parsing: containerd.endpoint)
    let metadata = Wire.text(1, name) + Wire.text(2, name) + Wire.text(3, "default")
    let onNode = Wire.bytes(2, Wire.bytes(1, Wire.number(1, 2)))
    let config = Wire.bytes(1, metadata) + Wire.bytes(8, onNode)
    let answer = try await call("RunPodSandbox", Wire.bytes(1, config), at: endpoint)
    return CRIPod(endpoint: endpoint, id: Wire.text(of: answer), config: config)
  }

  /// Makes a container that is not started.
  package func createContainer(_ name: String, image: String, for user: String? = nil) async throws -> String {
    let spec = Wire.text(1, image) + (user.map { Wire.text(18, $0) } ?? [])
    let container = Wire.bytes(1, Wire.text(1, name)) + Wire.bytes(2, spec) + Wire.text(3, "/x")
    let request = Wire.text(1, id) + Wire.bytes(2, container) + Wire.bytes(3, config)
    return Wire.text(of: try await Self.call("CreateContainer", request, at: endpoint))
  }

  package func removeContainer(_ id: String) async throws {
    _ = try await Self.call("RemoveContainer", Wire.text(1, id), at: endpoint)
  }

  package func remove() async throws {
    _ = try await Self.call("StopPodSandbox", Wire.text(1, id), at: endpoint)
    _ = try await Self.call("RemovePodSandbox", Wire.text(1, id), at: endpoint)
  }

  private static func call(_ method: String, _ request: [UInt8], at endpoint: RuntimeEndpoint) async throws -> [UInt8] {
    try await CRIConnection.with(endpoint, limits: RuntimeLimits()) { connection in
      try await connection.call(CRIOperation(method)) { options in
        try await connection.client.unary(
          request: ClientRequest(message: request),
          descriptor: MethodDescriptor(fullyQualifiedService: "runtime.v1.RuntimeService", method: method),
          serializer: Plain(), deserializer: Plain(), options: options
        ) { try $0.message }
      }
    }
  }
}

/// A message as bytes that somebody else made.
private struct Plain: MessageSerializer, MessageDeserializer {
  func serialize<Bytes: GRPCContiguousBytes>(_ message: [UInt8]) throws -> Bytes { Bytes(message) }
  func deserialize<Bytes: GRPCContiguousBytes>(_ bytes: Bytes) throws -> [UInt8] {
    bytes.withUnsafeBytes { Array($0) }
  }
}

/// Fields of protobuf messages.
private enum Wire {
  static func number(_ field: Int, _ value: Int) -> [UInt8] { varint(field << 3) + varint(value) }
  static func bytes(_ field: Int, _ value: [UInt8]) -> [UInt8] { varint(field << 3 | 2) + varint(value.count) + value }
  static func text(_ field: Int, _ value: String) -> [UInt8] { bytes(field, Array(value.utf8)) }

  /// Of a message that has one short text.
  static func text(of message: [UInt8]) -> String { String(decoding: message.dropFirst(2), as: UTF8.self) }

  private static func varint(_ value: Int) -> [UInt8] {
    value < 128 ? [UInt8(value)] : [UInt8(value & 127 | 128)] + varint(value >> 7)
  }
}
