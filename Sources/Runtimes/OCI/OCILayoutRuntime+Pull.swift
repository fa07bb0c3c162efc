import ImageModel
import Logging
import Registry

extension OCILayoutRuntime {
  /// Downloads what is missing, several layers at a time, and only then names the image in `index.json`.
  ///
  /// A failure keeps the beginnings of blobs for the next try, which goes on from there. A cancelled pull takes its
  /// beginnings back. Blobs that are whole stay in both cases until a removal finds them unused for a day.
  ///
  /// The order's credential is not looked at: the order's logins are shown to the registry, or else those that the registry
  /// client has.
  package func pull(
    _ order: PullOrder, progress: @escaping @Sendable (PullProgress) -> Void
  ) async throws -> RuntimeImage {
    try await naming("pull", order.reference.familiar) {
      let client = order.logins.map(registry.presenting) ?? registry
      let registry = order.onRetry.map(client.reporting) ?? client
      let image: ResolvedImage
      if let resolved = order.resolved {
        image = resolved
      } else {
        image = try await registry.image(order.reference, platform: order.platform)
      }
      let meter = ProgressMeter(total: image.compressedSize, report: progress)
      do {
        try await store(image, as: order.reference, from: registry, meter: meter)
      } catch {
        guard Task.isCancelled else { throw error }
        await discardPartials(of: image)
        throw CancellationError()
      }
      meter.enter(.verifying)
      guard let held = try await held(order.reference, platform: order.platform) else {
        throw LayoutFault(
          .fault, "the image was stored, and a part of it is missing again",
          remedy: "See what else removes files from \(layout.root), then pull again.")
      }
      return held
    }
  }

  /// Deletes what a cancelled pull leaves half-made.
  ///
  /// A write that was under way holds its file a moment longer than the task that asked for it, so a busy file is tried
  /// again for a second; then it is another program's.
  private func discardPartials(of image: ResolvedImage) async {
    await Task {
      var partials = image.manifest.blobs.map { layout.partial($0.digest) }
      for _ in 0..<50 {
        let busy = try? await FileWork.run { [partials] in partials.filter { (try? layout.discard($0)) == false } }
        guard let busy, !busy.isEmpty else { return }
        partials = busy
        try? await Task.sleep(for: .milliseconds(20))
      }
    }.value
  }

  private func store(
    _ image: ResolvedImage, as reference: Reference, from registry: RegistryClient, meter: ProgressMeter
  ) async throws {
    let blobs = image.manifest.blobs
    try await FileWork.run { try layout.makeFolders() }
    let lease = try await layout.exclusively {
      try layout.initialize()
      try layout.sweep()
      return try LayoutLease(on: image.documents.map(\.descriptor.digest) + blobs.map(\.digest), in: layout)
    }
    defer { lease.end() }
    try await checkSpace(for: blobs)
    meter.enter(.downloading)

    let store = BlobStore(
      registry: registry, reference: reference, layout: layout, meter: meter, stallLimit: stallLimit,
      logger: logger)
    for document in image.documents { try await store.store(document) }
    try await withThrowingTaskGroup(of: Void.self) { group in
      var running = 0
      for blob in blobs.sorted(by: { $0.size > $1.size }) {
        if running == layersAtOnce { try await group.next() } else { running += 1 }
        group.addTask { try await store.store(blob) }
      }
      try await group.waitForAll()
    }

    try await layout.exclusively {
      for algorithm in Set((blobs + image.documents.map(\.descriptor)).map(\.digest.algorithm)) {
        try layout.synchronize(layout.blobs(algorithm))
      }
      var index = try layout.index()
      let before = index
      let dropped = index.point(reference, at: image.descriptor)
      if index != before { try layout.replace(layout.indexFile, with: index.encoded()) }
      if !dropped.isEmpty { try layout.collectGarbage(dropped: dropped) }
    }
  }

  /// Refuses at once what clearly does not fit.
  private func checkSpace(for blobs: [Descriptor]) async throws {
    try await FileWork.run {
      let needed = blobs.reduce(0) { $0 + layout.missingBytes($1) }
      guard let free = layout.fileSystem().availableBytes, needed > free else { return }
      throw LayoutFault(
        .noSpace, "the image needs \(needed) more bytes, and \(free) are free on the file system of \(layout.root)",
        remedy: "Free some space or choose another folder.")
    }
  }
}
