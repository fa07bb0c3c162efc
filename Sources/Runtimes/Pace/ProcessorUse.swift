import SystemPackage

/// How busy the processors of this machine were for a while, and how much of that was not this process.
///
/// Pressure (PSI) says that some process waits, not for whom: a pull that has a small machine to itself makes its own
/// threads wait for each other, and a container at its own limit waits on an idle machine.
package struct ProcessorUse: Hashable, Sendable {
  /// Percent of all processors.
  package let busy: Double
  /// Of them, what neither this process nor its children used.
  package let others: Double

  package init(busy: Double, others: Double) {
    self.busy = busy
    self.others = others
  }

  /// Ticks since the start of the machine and of this process.
  package struct Sample: Hashable, Sendable {
    let all: Int
    let idle: Int
    let own: Int

    /// Of this moment; nil where the kernel does not tell.
    package static func take() -> Sample? { take(in: "/proc") }

    static func take(in folder: FilePath) -> Sample? {
      func text(_ path: String) -> String? {
        SmallFile.bytes(of: folder.appending(path)).map { String(decoding: $0, as: UTF8.self) }
      }
      // cpu user nice system idle iowait irq softirq steal guest guest_nice
      guard let first = text("stat")?.split(separator: "\n").first, first.hasPrefix("cpu ") else { return nil }
      let ticks = first.split(separator: " ").dropFirst().prefix(8).compactMap { Int($0) }
      guard ticks.count >= 4, let process = own(text("self/stat")) else { return nil }
      let threads = (try? FolderNames.of(folder.appending("self/task"))) ?? []
      let children = threads.flatMap { thread in
        (text("self/task/\(thread)/children") ?? "").split(separator: " ")
      }
      let running = children.reduce(0) { $0 + (own(text("\($1)/stat")) ?? 0) }
      return Sample(
        all: ticks.reduce(0, +), idle: ticks[3] + (ticks.count > 4 ? ticks[4] : 0), own: process + running)
    }

    /// utime, stime, cutime and cstime of `/proc/…/stat`, where the program's name may hold anything.
    private static func own(_ text: String?) -> Int? {
      guard let text, let name = text.lastIndex(of: ")") else { return nil }
      let fields = text[text.index(after: name)...].split(separator: " ")
      guard fields.count > 14 else { return nil }
      return fields[11...14].compactMap { Int($0) }.reduce(0, +)
    }
  }

  /// Between two samples; nil where nothing was counted.
  package init?(from start: Sample, to end: Sample) {
    let all = end.all - start.all
    guard all > 0 else { return nil }
    let used = max(0, all - (end.idle - start.idle))
    busy = 100 * Double(used) / Double(all)
    others = 100 * Double(max(0, used - max(0, end.own - start.own))) / Double(all)
  }
}
