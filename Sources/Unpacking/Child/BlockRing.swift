import CUnpacking
import Glibc

/// Blocks of the tar stream on their way from the thread that inflates to the one that writes files: one fills them in
/// their order, the other one takes them.
///
/// The two semaphores are the only thing that both change; what lies in a block belongs to whom they gave it.
final class BlockRing {
  static let blockSize = 512 << 10
  private static let count = 8

  private let memory: UnsafeMutableRawPointer
  private let sizes: UnsafeMutablePointer<Int>
  private let free: UnsafeMutablePointer<sem_t>
  private let filled: UnsafeMutablePointer<sem_t>
  private var writing = 0
  private var hasRoom = false
  private var reading = 0
  private var holdsBlock = false
  private var isOver = false
  /// Why the stream ended early; set before its last block is given.
  private(set) var failure: UnpackError?

  init() {
    memory = .allocate(byteCount: Self.count * Self.blockSize, alignment: 4096)
    sizes = .allocate(capacity: Self.count)
    sizes.initialize(repeating: 0, count: Self.count)
    free = .allocate(capacity: 1)
    filled = .allocate(capacity: 1)
    sem_init(free, 0, UInt32(Self.count))
    sem_init(filled, 0, 0)
  }

  deinit {
    sem_destroy(free)
    sem_destroy(filled)
    free.deallocate()
    filled.deallocate()
    sizes.deallocate()
    memory.deallocate()
  }

  /// For the filling thread: the block that is to be given next, as soon as there is room.
  func room() -> UnsafeMutableRawBufferPointer {
    if !hasRoom { while sem_wait(free) != 0 {} }
    hasRoom = true
    return UnsafeMutableRawBufferPointer(start: memory + writing * Self.blockSize, count: Self.blockSize)
  }

  /// For the filling thread: gives away the block that `room` returned. One of no bytes is the last.
  func give(_ size: Int, failure: UnpackError? = nil) {
    if let failure { self.failure = failure }
    sizes[writing] = size
    writing = (writing + 1) % Self.count
    hasRoom = false
    sem_post(filled)
  }

  /// For the taking thread: the next block, which is its own until it asks again; nil at the end.
  func next() throws(UnpackError) -> UnsafeRawBufferPointer? {
    if !isOver {
      if holdsBlock { sem_post(free) }
      while sem_wait(filled) != 0 {}
      let size = sizes[reading]
      if size > 0 {
        let block = UnsafeRawBufferPointer(start: memory + reading * Self.blockSize, count: size)
        reading = (reading + 1) % Self.count
        holdsBlock = true
        return block
      }
      isOver = true
    }
    if let failure { throw failure }
    return nil
  }
}
