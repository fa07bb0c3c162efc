import CMemory

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Gives memory back while a process has nothing to do, as one that waits on every node is to weigh little.
package enum IdleMemory {
  /// Has this process keep less for its threads. To be called before it works.
  package static func keepLittle() { prepull_keep_few_heaps() }

  /// Looks at the processor time of this process: it rests where it used next to none for so long, after it had worked.
  /// Ends with its task.
  package static func giveBack(whenIdleFor interval: Duration = .seconds(10)) async {
    var last = processorTime()
    var hasWorked = true
    while (try? await Task.sleep(for: interval)) != nil {
      let now = processorTime()
      let isIdle = now - last < interval / 100
      last = now
      guard isIdle else {
        hasWorked = true
        continue
      }
      guard hasWorked else { continue }
      hasWorked = false
      prepull_give_back_memory()
      last = processorTime()
    }
  }

  /// Of all threads since the start of the process.
  private static func processorTime() -> Duration {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
  }
}
