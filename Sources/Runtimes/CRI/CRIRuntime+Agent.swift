package import ImageModel
import SwiftProtobuf

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// What a node agent asks beyond pulling. Most of it is containerd's own, which other runtimes do not have.
extension CRIRuntime {
  private var names: ContainerdNames { ContainerdNames(connection: connection) }
  private var isContainerd: Bool {
    get async throws { try await identify().name == "containerd" }
  }

  package func changes() async throws -> AsyncThrowingStream<RuntimeChange, any Error>? {
    guard try await isContainerd else { return nil }
    return try await ImageEvents(connection: connection).subscribe()
  }

  package func pinning() async throws -> RuntimePinning {
    let identity = try await identify()
    switch identity.name {
    case "containerd":
      guard let version = ContainerdVersion(parsing: identity.version) else {
        return .unsupported("containerd says no version that could be understood: \(identity.version)")
      }
      return version.hasPins
        ? .supported : .unsupported("containerd \(identity.version) knows no pins; 1.6.22, 1.7.3 and 2 do")
    case "cri-o": return .unsupported("CRI-O pins only what pinned_images in its own configuration names")
    case let name: return .unsupported("\(name) knows no pins that could be set from outside")
    }
  }

  package func pin(_ reference: Reference, _ isPinned: Bool) async throws {
    guard try await pinning() == .supported, let image = try await image(reference) else { return }
    for name in [image.id] + image.references {
      if isPinned { try await names.pin(name) } else { try await names.unpin(name) }
    }
  }

  package func unpin(allBut wanted: [Reference]) async throws {
    guard try await pinning() == .supported else { return }
    let pinned = try await names.labelled(ContainerdNames.ownPin)
    guard !pinned.isEmpty else { return }
    var kept: Set<String> = []
    for reference in wanted {
      if let image = try await image(reference) { kept.formUnion([image.id] + image.references) }
    }
    for name in pinned where !kept.contains(name) { try await names.unpin(name) }
  }

  package func used() async throws -> Set<String> {
    let answer = try await connection.call(CRIOperation("list containers")) {
      try await connection.runtime.listContainers(Runtime_V1_ListContainersRequest(), options: $0)
    }
    let names = answer.containers.flatMap {
      [$0.image.image, $0.image.userSpecifiedImage, $0.imageRef, $0.imageID]
    }
    return RuntimeImage.names(of: Set(names), in: try await list())
  }

  package func markPulled(_ reference: Reference) async throws {
    guard try await isContainerd, let image = try await image(reference) else { return }
    for name in [image.id] + image.references { try await names.label(name, [ContainerdNames.pulled: "true"]) }
  }

  package func isPulledByUs(_ reference: Reference) async throws -> Bool {
    guard try await isContainerd, let image = try await image(reference) else { return false }
    // A pull by the kubelet takes the label from a tag; but names of another repository never had it.
    for name in [image.id] + image.references.filter({ $0.contains("@") }) {
      guard try await names.labels(of: name)[ContainerdNames.pulled] == "true" else { return false }
    }
    return true
  }

  /// By the layers that containerd writes at the moment. A fast pull writes none: it only holds their refs.
  package func othersPull() async throws -> Bool {
    guard try await isContainerd else { return false }
    let answer = try await connection.call(CRIOperation("look for pulls")) {
      try await connection.content.listStatuses(.init(), metadata: CRIConnection.namespace, options: $0)
    }
    let now = Int64(time(nil))
    return answer.statuses.contains { status in
      guard status.ref.hasPrefix("layer-"), status.offset > 0,
        let digest = try? Digest(parsing: status.ref.dropFirst("layer-".count)), !ownPulls.contains(digest)
      else { return false }
      // What a pull left that broke off stays for long.
      return abs(now - status.updatedAt.seconds) <= Self.lively
    }
  }

  /// Seconds after which a layer that does not grow is taken to be nobody's.
  private static var lively: Int64 { 15 }
}

extension RuntimeImage {
  /// With what containers name: the identifiers and references of these images, and the names themselves.
  static func names(of used: Set<String>, in images: [RuntimeImage]) -> Set<String> {
    var names = used.subtracting([""])
    for name in names {
      // Pods may have said `nginx`.
      if let reference = try? Reference(parsing: name) { names.insert(reference.description) }
    }
    for image in images {
      let own = [image.id, "sha256:\(image.id)"] + image.references
      if own.contains(where: names.contains) { names.formUnion([image.id] + image.references) }
    }
    return names
  }
}
