import ImageModel
import Registry
import SystemPackage

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Brings the layers of one image to the node, so that the runtime's own pull has nothing left to do.
struct FastPull: Sendable {
  let node: FastNode
  let connection: CRIConnection
  let image: ResolvedImage
  let reference: Reference
  let registry: RegistryClient
  let meter: ProgressMeter

  private var operation: CRIOperation { CRIOperation("pull", reference) }

  /// - Parameter finish: run while the lease still holds what was brought.
  func run<Result: Sendable>(_ finish: (Finish) async throws -> Result) async throws -> Result {
    let id = "prepull-\(node.staging.run)-\(String(UInt32.random(in: 0 ... .max), radix: 36))"
    let config = try await registry.document(image.manifest.config, of: reference)
    let diffIDs: [Digest]
    do {
      diffIDs = try ImageConfig(parsing: config.bytes).rootfs.diffIDs
    } catch {
      throw FastObstacle("its configuration is not as it should be: \(error)")
    }
    let layers = try FastLayer.all(of: image.manifest, diffIDs: diffIDs)
    let lease = try await ContainerdLease.begin(id, at: connection, lasting: node.settings.leaseTime)
    do {
      let store = ContainerdStore(connection: connection, lease: lease, reference: reference)
      meter.enter(.downloading)
      try await bring(layers, store)
      meter.reach(image.manifest.config.size, of: image.manifest.config.digest)
      try await storeDocuments(config, layers, store)
      let result = try await finish(Finish(store: store, image: image, reference: reference))
      await lease.end()
      return result
    } catch {
      await lease.end()
      throw error
    }
  }

  /// Makes a snapshot of every layer that has none: the largest layers begin first, and the snapshots are made in order.
  private func bring(_ layers: [FastLayer], _ store: ContainerdStore) async throws {
    var missing: [FastLayer] = []
    for layer in layers.reversed() {
      if try await store.keep(snapshot: layer.chain) { break }
      missing.insert(layer, at: 0)
    }
    let there = Set(layers.map(\.descriptor)).subtracting(missing.map(\.descriptor))
    for descriptor in there { meter.reach(descriptor.size, of: descriptor.digest) }
    guard let first = missing.first?.position else { return meter.enter(.unpacking) }
    let work = missing
    try await checkSpace(for: missing)
    try await withThrowingTaskGroup(of: (Int, StagedFolder?).self) { group in
      for layer in work.sorted(by: { $0.descriptor.size > $1.descriptor.size }) {
        group.addTask { (layer.position, try await stage(layer, store)) }
      }
      var staged: [Int: StagedFolder?] = [:]
      var next = first
      do {
        while let (position, folder) = try await group.next() {
          staged[position] = .some(folder)
          while let folder = staged.removeValue(forKey: next) {
            let layer = layers[next]
            do {
              if let folder { try await commit(folder, layer, store) }
            } catch {
              await node.chains.release(layer.chain)
              throw error
            }
            await node.chains.release(layer.chain)
            next += 1
          }
          if staged.count + next == layers.count { meter.enter(.unpacking) }
        }
      } catch {
        // What was staged goes, and others may work on the snapshots that were not made.
        group.cancelAll()
        while let result = await group.nextResult() {
          if case .success(let (position, folder)) = result { staged[position] = .some(folder) }
        }
        for (position, folder) in staged {
          await node.chains.release(layers[position].chain)
          if let folder { try? await FileWork.runAnyway { folder.remove() } }
        }
        throw error
      }
    }
    meter.enter(.unpacking)
  }

  /// - Returns: with the slot of the layer's snapshot held.
  private func stage(_ layer: FastLayer, _ store: ContainerdStore) async throws -> StagedFolder? {
    try await node.chains.acquire(layer.chain)
    do {
      return try await LayerPull(
        layer: layer, node: node, store: store, registry: registry, reference: reference, meter: meter,
        labels: labels.merging(["containerd.io/uncompressed": layer.diffID.description]) { $1 }
      ).run()
    } catch {
      await node.chains.release(layer.chain)
      throw error
    }
  }

  private func commit(_ folder: StagedFolder, _ layer: FastLayer, _ store: ContainerdStore) async throws {
    let key = "extract-\(UInt32.random(in: 0 ... .max))-\(node.staging.run) \(layer.chain)"
    do {
      guard let folders = try await store.prepare(layer.chain, on: layer.parent, key: key) else {
        _ = try await store.keep(snapshot: layer.chain)
        return try await FileWork.runAnyway { folder.remove() }
      }
      try await node.blocking { [node] in try folder.move(to: folders, below: node.snapshotRoot) }
      try await store.commit(key, as: layer.chain)
    } catch {
      await Task {
        try? await store.remove(snapshot: key)
        try? await FileWork.run { folder.remove() }
      }.value
      throw error
    }
  }

  private func checkSpace(for layers: [FastLayer]) async throws {
    let wanted = Set(layers.map(\.descriptor))
    let needed = wanted.reduce(Int64(0)) { $0 + (node.leftovers.has($1.digest) ? 0 : $1.size) }
    let (path, leftovers) = (node.staging.path, node.leftovers)
    let free = try await FileWork.run {
      let free = FreeSpace.of(path).bytes
      guard needed > free else { return free }
      leftovers.drop(except: Set(wanted.map(\.digest)))
      return FreeSpace.of(path).bytes
    }
    guard needed > free else { return }
    throw FastFault(
      .noSpace, "the image needs \(needed) more bytes, and \(free) are free on the file system of \(path)")
  }

  /// What all blobs of the image are labelled with.
  private var labels: ContainerdStore.Labels {
    ["containerd.io/distribution.source.\(reference.registry)": reference.repository]
  }

  /// Puts configuration, manifest and index into the store, each with a label that keeps the others.
  private func storeDocuments(_ config: Document, _ layers: [FastLayer], _ store: ContainerdStore) async throws {
    var own = labels
    if let top = layers.last?.chain {
      own["containerd.io/gc.ref.snapshot.\(ContainerdStore.snapshotter)"] = top.description
    }
    try await store.store((config.descriptor, config.bytes), kind: "config", labels: own)
    // The index, maybe others within it, then the manifest; the configuration may be last.
    let documents = image.documents.filter { $0.descriptor.digest != config.descriptor.digest }
    var below: Digest?
    for document in documents.reversed() {
      var own = labels
      if let below {
        own["containerd.io/gc.ref.content.m.0"] = below.description
      } else {
        own["containerd.io/gc.ref.content.config"] = config.descriptor.digest.description
      }
      let kind = below == nil ? "manifest" : "index"
      try await store.store((document.descriptor, document.bytes), kind: kind, labels: own)
      below = document.descriptor.digest
    }
  }

  /// What is left to do once all is there: names.
  struct Finish: Sendable {
    let store: ContainerdStore
    let image: ResolvedImage
    let reference: Reference

    /// Writes the names that the runtime's own pull would.
    func name() async throws {
      for (number, layer) in image.manifest.layers.enumerated() {
        try await store.label(
          image.manifestDescriptor.digest, ["containerd.io/gc.ref.content.l.\(number)": layer.digest.description])
      }
      if let tag = reference.tag { try await store.name("\(reference.name):\(tag)", image.descriptor) }
      try await store.name("\(reference.name)@\(image.descriptor.digest)", image.descriptor)
      try await store.name(image.manifest.config.digest.description, image.descriptor)
    }
  }
}
