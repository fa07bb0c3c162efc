import Glibc

/// The thread that reads and inflates.
enum InflatingThread {
  private final class Work {
    private var inflating: Inflating?
    private let compression: LayerCompression

    init(_ inflating: consuming Inflating, _ compression: LayerCompression) {
      self.inflating = consume inflating
      self.compression = compression
    }

    func run() { inflating.take()?.run(compression) }
  }

  static func start(_ inflating: consuming Inflating, _ compression: LayerCompression) throws(UnpackError) {
    let work = Unmanaged.passRetained(Work(inflating, compression))
    var thread = pthread_t()
    let failed = pthread_create(
      &thread, nil,
      { context in
        if let context { Unmanaged<Work>.fromOpaque(context).takeRetainedValue().run() }
        return nil
      }, work.toOpaque())
    guard failed == 0 else {
      work.release()
      throw UnpackError(.child, "cannot start a thread: \(String(cString: strerror(failed)))")
    }
  }
}
