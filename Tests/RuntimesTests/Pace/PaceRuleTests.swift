import Foundation
import SystemPackage
import TestKit
import Testing

@testable import Runtimes

@Suite(.timeLimit(.minutes(2))) struct PaceRuleTests {
  private let idle = PressureStall(cpu: 2, io: 10, memory: 90)

  @Test(
    arguments: [
      (nil, false, nil), (100 << 20, false, 100 << 20), (100 << 20, true, 25 << 20), (nil, true, 87_500_000),
      (8 << 20, true, 4 << 20), (4 << 20, true, 4 << 20), (1 << 20, true, 1 << 20),
    ] as [(Int64?, Bool, Int64?)])
  func aQuarterWhileOthersPull(_ maximum: Int64?, _ othersPull: Bool, _ limit: Int64?) {
    #expect(PaceRule.limit(maximum: maximum, pressure: idle, othersPull: othersPull) == limit)
    #expect(PaceRule.limit(maximum: maximum, pressure: nil, othersPull: othersPull) == limit)
  }

  @Test(arguments: [(10.1, 0.0, true), (0.0, 10.1, true), (10.0, 10.0, false)])
  func aQuarterUnderPressure(_ cpu: Double, _ io: Double, _ isLess: Bool) {
    let pressure = PressureStall(cpu: cpu, io: io, memory: 0)
    let limit = PaceRule.limit(maximum: 100 << 20, pressure: pressure, othersPull: false)
    #expect(limit == (isLess ? 25 << 20 : 100 << 20))
  }

  @Test func readsWhatTheKernelSays() async throws {
    try await withTemporaryFolder { folder in
      func write(_ name: String, _ text: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
      }
      #expect(PressureStall.read(in: FilePath(folder)) == nil)
      try write("cpu", "some avg10=1.98 avg60=2.38 avg300=4.52 total=2116404097\n")
      try write("io", "some avg10=12.50 avg60=0 avg300=0 total=1\nfull avg10=9.00 avg60=0 avg300=0 total=1\n")
      #expect(PressureStall.read(in: FilePath(folder)) == nil)
      try write("memory", "some avg10=0.00 avg60=0 avg300=0 total=1\nfull avg10=9.00 avg60=0 avg300=0 total=1\n")
      #expect(PressureStall.read(in: FilePath(folder)) == PressureStall(cpu: 1.98, io: 12.5, memory: 0))
      try write("memory", "")
      #expect(PressureStall.read(in: FilePath(folder)) == nil)
    }
  }
}
