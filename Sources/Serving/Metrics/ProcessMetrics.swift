import Synchronization

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// What this process uses, under the names that all clients of Prometheus give it. Linux only: read from `/proc`.
package enum ProcessMetrics {
  package static func add(to registry: MetricRegistry) {
    #if os(Linux)
      let cpu = registry.counter("process_cpu_seconds_total", "Processor time of this process, user and system.")
      let resident = registry.gauge("process_resident_memory_bytes", "Resident memory of this process.")
      let virtual = registry.gauge("process_virtual_memory_bytes", "Virtual memory of this process.")
      let start = registry.gauge("process_start_time_seconds", "When this process began, since the Unix epoch.")
      let files = registry.gauge("process_open_fds", "Open file descriptors of this process.")
      let counted = Mutex(0.0)
      registry.beforeReading {
        if let open = try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd") {
          files.set(Double(open.count))
        }
        guard let usage = usage() else { return }
        let spent = counted.withLock { counted in
          defer { counted = max(counted, usage.cpuSeconds) }
          return max(0, usage.cpuSeconds - counted)
        }
        cpu.add(spent)
        resident.set(usage.residentBytes)
        virtual.set(usage.virtualBytes)
        start.set(usage.startTime)
      }
    #endif
  }

  #if os(Linux)
    struct Usage {
      var cpuSeconds: Double
      var residentBytes: Double
      var virtualBytes: Double
      var startTime: Double
    }

    static func usage() -> Usage? {
      guard let stat = text("/proc/self/stat"), let name = stat.lastIndex(of: ")"), let system = text("/proc/stat")
      else { return nil }
      // proc_pid_stat(5), from field 3 on; the name before may hold spaces.
      let fields = stat[stat.index(after: name)...].split(separator: " ").map { Double($0) ?? 0 }
      let ticks = Double(sysconf(Int32(_SC_CLK_TCK)))
      let boot = system.split(separator: "\n").first { $0.hasPrefix("btime ") }.flatMap { Double($0.dropFirst(6)) }
      guard fields.count > 21, ticks > 0, let boot else { return nil }
      return Usage(
        cpuSeconds: (fields[11] + fields[12]) / ticks, residentBytes: fields[21] * Double(sysconf(Int32(_SC_PAGESIZE))),
        virtualBytes: fields[20], startTime: boot + fields[19] / ticks)
    }

    private static func text(_ path: String) -> String? {
      (try? Data(contentsOf: URL(filePath: path))).map { String(decoding: $0, as: UTF8.self) }
    }
  #endif
}
