import ArgumentParser
import ImageModel
import VirtualCluster

/// Images that an embedded registry serves for measuring: `load/app-1:v1` and so on, of three layers each.
struct LoadImages: Hashable {
  let count: Int
  /// Of each.
  let bytes: Int64

  /// What of it is really there has to fit into memory.
  private static let largest: Int64 = 4 << 30

  /// - Throws: `ValidationError` for what cannot be served.
  func check(isReal: Bool) throws {
    guard (0...1000).contains(count) else { throw ValidationError("--load-images \(count) is not from 0 to 1000") }
    guard bytes >= 1000 else { throw ValidationError("--image-size is less than 1 kB") }
    guard !isReal || bytes <= Self.largest / Int64(max(1, count)) else {
      throw ValidationError("images of more than 4 GiB in all are too much to keep in memory: add --modelled")
    }
  }

  /// Their references.
  func add(to sandbox: Sandbox) throws -> [String] {
    guard count > 0 else { return [] }
    let layers = [bytes - bytes * 2 / 5, bytes * 8 / 25, bytes * 2 / 25]
    let platforms = Set(sandbox.options.nodes.map(\.platform)).sorted { "\($0)" < "\($1)" }
    return try (1...count).map { number in
      let repository = "load/app-\(number)"
      guard sandbox.options.model == nil else {
        return try sandbox.registry.addModelled(repository, layers: layers).description
      }
      let image = try SampleImage(seed: 1000 + UInt64(number), layers: layers.map(Int.init), platforms: platforms)
      return sandbox.registry.add(image, to: repository).description
    }
  }
}
