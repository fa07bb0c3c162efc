import SystemPackage

/// Pressure stall information of the kernel (PSI): the share of the last ten seconds, in percent, in which some process
/// waited for a resource.
package struct PressureStall: Hashable, Sendable {
  package let cpu: Double
  package let io: Double
  package let memory: Double

  package init(cpu: Double, io: Double, memory: Double) {
    self.cpu = cpu
    self.io = io
    self.memory = memory
  }

  /// Of the whole machine; nil where the kernel does not tell.
  package static func read() -> PressureStall? { read(in: "/proc/pressure") }

  static func read(in folder: FilePath) -> PressureStall? {
    func share(_ name: String) -> Double? {
      SmallFile.bytes(of: folder.appending(name)).flatMap { Self.some(of: String(decoding: $0, as: UTF8.self)) }
    }
    guard let cpu = share("cpu"), let io = share("io"), let memory = share("memory") else { return nil }
    return PressureStall(cpu: cpu, io: io, memory: memory)
  }

  /// `some avg10=1.98 avg60=2.38 avg300=4.52 total=2116404097`
  private static func some(of text: String) -> Double? {
    guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix("some ") }),
      let field = line.split(separator: " ").first(where: { $0.hasPrefix("avg10=") })
    else { return nil }
    return Double(field.dropFirst("avg10=".count))
  }
}
