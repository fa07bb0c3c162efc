import Foundation
import Glibc
import SystemPackage
import TestKit

@testable import Unpacking

/// Unpacks layers with the built program.
enum Unpacked {
  static let limits = UnpackLimits(bytes: 1 << 30, files: 100_000, seconds: 60)

  static func start(
    _ compression: LayerCompression = .gzip, into folder: String, limits: UnpackLimits = Unpacked.limits,
    isLowest: Bool = false
  ) throws -> LayerUnpacking {
    signal(SIGPIPE, SIG_IGN)
    try FileManager.default.createDirectory(
      atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
    return try LayerUnpacking.start(
      into: FilePath(folder), compression: compression, limits: limits, isLowest: isLowest,
      program: FilePath(try PrepullProgram.path))
  }

  /// Unpacks a layer to its end.
  @discardableResult
  static func layer(
    _ layer: PackedLayer, into folder: String, limits: UnpackLimits = Unpacked.limits, isLowest: Bool = false,
    piece: Int = 1 << 20
  ) async throws -> UnpackedLayer {
    let unpacking = try start(layer.compression, into: folder, limits: limits, isLowest: isLowest)
    feed(layer.bytes, to: unpacking, piece: piece)
    return try await unpacking.finish(within: .seconds(120))
  }

  /// Writes all bytes from a thread of its own, and closes the pipe.
  static func feed(_ bytes: [UInt8], to unpacking: LayerUnpacking, piece: Int = 1 << 20) {
    let input = unpacking.input
    Thread.detachNewThread {
      for start in stride(from: 0, to: bytes.count, by: piece) {
        do {
          _ = try input.writeAll(bytes[start..<min(bytes.count, start + piece)])
        } catch {
          break
        }
      }
      try? input.close()
    }
  }

  /// Unpacks the layers of an image, lowest first, into `folder/0`, `folder/1` and so on, and completes each.
  static func image(_ layers: [PackedLayer], into folder: String) async throws -> [String] {
    var folders: [String] = []
    for (index, layer) in layers.enumerated() {
      let path = "\(folder)/\(index)"
      let unpacked = try await self.layer(layer, into: path, isLowest: index == 0)
      guard unpacked.diffID == layer.diffID else { throw UnpackError(.layer, "the digest is \(unpacked.diffID)") }
      try ImplicitFolders.complete(
        unpacked.implicitFolders, in: FilePath(path), lower: folders.reversed().map { FilePath($0) })
      folders.append(path)
    }
    return folders
  }
}
