import GRPCCore
import ImageModel
import SwiftProtobuf
import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Where a containerd keeps content and snapshots.
struct ContainerdPlaces: Hashable, Sendable {
  let content: FilePath
  let snapshots: FilePath
  let verifier: ImageVerifier

  /// Beside the content store: on its file system, and nowhere that containerd looks.
  var staging: FilePath { content.removingLastComponent().appending("prepull-staging") }

  /// Asks containerd.
  ///
  /// - Throws: `FastObstacle` where it is no containerd, or one with another snapshotter.
  static func find(_ connection: CRIConnection) async throws -> ContainerdPlaces {
    let plugins = try await connection.call(CRIOperation("ask for the plugins")) { options in
      do {
        return try await connection.introspection.plugins(
          .init(), metadata: CRIConnection.namespace, options: options
        ).plugins
      } catch let error as RPCError where error.code == .unimplemented {
        throw FastObstacle("they need containerd", isWorthSaying: false)
      }
    }
    // CRI tells the folder of the snapshotter that it uses: <root>/io.containerd.snapshotter.v1.overlayfs
    let images = try await connection.call(CRIOperation("ask for the image file system")) { options in
      try await connection.images.imageFsInfo(.init(), options: options).imageFilesystems.map(\.fsID.mountpoint)
    }
    let (content, snapshots) = try folders(plugins, images: images)
    let hasVerifiers = plugins.contains { $0.type == "io.containerd.image-verifier.v1" && !$0.hasInitErr }
    let path = connection.endpoint.path
    let config = try await FileWork.run { ContainerdConfig.find(socket: path) }
    return ContainerdPlaces(
      content: content, snapshots: snapshots, verifier: ImageVerifier(isThere: hasVerifiers, config: config))
  }

  /// The folders of content and of overlayfs snapshots.
  ///
  /// - Parameter images: the folders that CRI tells. Where the snapshotter has one of its own, CRI of containerd 1 tells
  ///   the usual one of that name.
  static func folders(
    _ plugins: [Containerd_Services_Introspection_V1_Plugin], images: [String]
  ) throws(FastObstacle) -> (content: FilePath, snapshots: FilePath) {
    func root(_ type: String, _ id: String) -> FilePath? {
      plugins.first { $0.type == type && $0.id == id && !$0.hasInitErr }?.exports["root"].map { FilePath($0) }
    }
    guard let content = root("io.containerd.content.v1", "content") else {
      throw FastObstacle("containerd does not tell where its content store is")
    }
    guard let snapshots = root("io.containerd.snapshotter.v1", ContainerdStore.snapshotter) else {
      throw FastObstacle("containerd has no overlayfs snapshotter")
    }
    for folder in images where FilePath(folder) != snapshots {
      let other = folder.split(separator: ".").last.map(String.init) ?? "another one"
      guard other == ContainerdStore.snapshotter else {
        throw FastObstacle("containerd's snapshotter is \(other), not overlayfs")
      }
    }
    return (content, snapshots)
  }

  /// - Throws: `FastFault` where the folders cannot be seen from here or lie on several file systems: renaming and
  ///   linking work on one only.
  func checkFileSystems() throws {
    // A containerd that never had an image has not made the folders yet.
    for folder in [content, content.appending("blobs"), content.appending("blobs").appending("sha256")] {
      _ = folder.withPlatformString { mkdir($0, 0o755) }
    }
    func device(_ path: FilePath) throws -> Stat {
      do {
        return try Stat(path)
      } catch {
        throw FastFault(.unsupported, "containerd's folder \(path) cannot be seen from here: \(error)")
      }
    }
    guard try device(content).deviceID == device(snapshots).deviceID else {
      throw FastFault(
        .unsupported, "containerd's folders \(content) and \(snapshots) are on two file systems")
    }
  }
}

/// containerd's image verifiers: programs that judge an image before it is pulled (containerd 2).
struct ImageVerifier: Hashable, Sendable {
  /// Where they are unless containerd is told otherwise.
  private static let usual: FilePath = "/opt/containerd/image-verifier/bin"

  /// Whether this containerd knows verifiers at all.
  let isThere: Bool
  let config: ContainerdConfig

  /// Whether there is one. A folder that containerd was told of and that is not seen from here may have one.
  func isConfigured() -> Bool {
    guard isThere else { return false }
    let folder = config.verifierFolder ?? Self.usual
    // containerd may have been started anew since, and then its root is another.
    for root in [config.root, ""] {
      if let names = try? FolderNames.of(FilePath(root + folder.string)) { return !names.isEmpty }
    }
    return config.verifierFolder != nil
  }
}
