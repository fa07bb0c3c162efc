import CUnpacking
import Documents
import ImageModel
import Glibc

/// The child: this program, started anew to unpack one layer from standard input into its working directory.
///
/// What it says is one line of JSON on standard output (`UnpackReply`).
package enum UnpackProgram {
  /// The hidden command that starts it.
  package static let command = "unpack-layer"

  /// Where this process is such a child, does its work and ends it. To be called before anything else, while the process
  /// has one thread: each thread has capabilities of its own.
  package static func runIfAsked() {
    guard CommandLine.arguments.dropFirst().first == command else { return }
    let reply: UnpackReply
    do throws(UnpackError) {
      guard let request = UnpackRequest(arguments: Array(CommandLine.arguments.dropFirst(2))) else {
        throw UnpackError(.child, "\(command) is for Prepull's own use")
      }
      reply = .unpacked(try run(request))
    } catch {
      reply = .failed(error)
    }
    write(reply)
    _exit(0)
  }

  private static func run(_ request: UnpackRequest) throws(UnpackError) -> UnpackReply.Layer {
    for signal in [SIGPIPE, SIGXFSZ] { Glibc.signal(signal, SIG_IGN) }
    umask(0)
    try ResourceLimits.set(request.limits)
    let igzip = prepull_igzip_new()
    if let step = prepull_confine() {
      let number = errno
      throw UnpackError(
        .permission,
        "cannot confine the unpacking of layers: \(String(cString: step)): \(String(cString: strerror(number)))")
    }
    let ring = BlockRing()
    try InflatingThread.start(Inflating(into: ring, limit: request.limits.bytes, igzip: igzip), request.compression)
    return try unpack(TarStream(ring), LayerTree(isLowest: request.isLowest), request.limits)
  }

  private static func unpack(
    _ stream: TarStream, _ tree: consuming LayerTree, _ limits: UnpackLimits
  ) throws(UnpackError) -> UnpackReply.Layer {
    var files = 0
    var size: Int64 = 0
    try stream.open()
    while let header = try stream.next() {
      files += 1
      guard files <= limits.files else {
        throw UnpackError(.limit, "the layer has more than \(limits.files) files")
      }
      let entry = try LayerEntry(header, letter: stream.letter)
      // Of a sparse file the tar stream holds a part only.
      let (sum, isTooLarge) = size.addingReportingOverflow(entry.size)
      size = sum
      guard !isTooLarge, size <= limits.bytes else {
        throw UnpackError(.limit, "the layer's files have more than \(limits.bytes) bytes")
      }
      try tree.add(entry) { file throws(UnpackError) in try copy(stream, to: file, entry) }
    }
    try tree.finish()
    let digest = try stream.finish()
    return UnpackReply.Layer(
      diffID: Digest(bytes: digest), bytes: stream.bytes, files: files, implicit: tree.implicit, opaque: tree.opaque)
  }

  /// Writes what there is and leaves holes between.
  private static func copy(_ stream: TarStream, to file: Int32, _ entry: LayerEntry) throws(UnpackError) {
    var position: Int64 = 0
    func failure() -> UnpackError { .system("write \(UnpackError.shown(entry.path))") }
    while let (bytes, offset) = try stream.data() {
      if offset != position {
        guard lseek(file, Int(offset), SEEK_SET) >= 0 else { throw failure() }
        position = offset
      }
      var left = bytes[...]
      while !left.isEmpty {
        let count = Glibc.write(file, UnsafeRawBufferPointer(rebasing: left).baseAddress, left.count)
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { throw failure() }
        left = left.dropFirst(count)
        position += Int64(count)
      }
    }
    guard position >= entry.size || ftruncate(file, Int(entry.size)) == 0 else { throw failure() }
  }

  private static func write(_ reply: UnpackReply) {
    var line = reply.bytes[...]
    while !line.isEmpty {
      let count = line.withUnsafeBytes { Glibc.write(STDOUT_FILENO, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return }
      line = line.dropFirst(count)
    }
  }
}
