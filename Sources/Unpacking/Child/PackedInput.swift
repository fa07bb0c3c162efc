import Glibc

/// The bytes of a layer as they come, from standard input.
struct PackedInput: ~Copyable {
  private static let size = 256 << 10
  private let memory = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 4096)
  private var position = 0
  private var end = 0
  private var isOver = false

  deinit { memory.deallocate() }

  /// What is there and not taken yet; more is read when nothing is. Empty at the end.
  mutating func bytes() throws(UnpackError) -> UnsafeRawBufferPointer {
    if position == end { try read(keeping: 0) }
    return UnsafeRawBufferPointer(start: memory + position, count: end - position)
  }

  /// The next bytes, as many as that where there are so many.
  mutating func peek(_ count: Int) throws(UnpackError) -> UnsafeRawBufferPointer {
    if end - position < count {
      memory.copyMemory(from: memory + position, byteCount: end - position)
      (position, end) = (0, end - position)
      while end < count, !isOver { try read(keeping: end) }
    }
    return UnsafeRawBufferPointer(start: memory + position, count: min(count, end - position))
  }

  mutating func take(_ count: Int) { position += count }

  private mutating func read(keeping kept: Int) throws(UnpackError) {
    (position, end) = (0, kept)
    while !isOver {
      let count = Glibc.read(STDIN_FILENO, memory + kept, Self.size - kept)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw .system("read the layer") }
      isOver = count == 0
      end += count
      return
    }
  }
}
