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
    #expect(PaceRule.limit(maximum: maximum, pressure: idle, use: nil, othersPull: othersPull) == limit)
    #expect(PaceRule.limit(maximum: maximum, pressure: nil, use: nil, othersPull: othersPull) == limit)
  }

  @Test(arguments: [(10.1, 0.0, true), (0.0, 10.1, true), (10.0, 10.0, false)])
  func aQuarterUnderPressure(_ cpu: Double, _ io: Double, _ isLess: Bool) {
    let pressure = PressureStall(cpu: cpu, io: io, memory: 0)
    for use in [nil, ProcessorUse(busy: 90, others: 20)] {
      let limit = PaceRule.limit(maximum: 100 << 20, pressure: pressure, use: use, othersPull: false)
      #expect(limit == (isLess ? 25 << 20 : 100 << 20))
    }
  }

  @Test("a machine that only pulls, or with processors to spare, is used whole")
  func nobodyIsDisturbed() {
    func limit(_ pressure: PressureStall, _ use: ProcessorUse) -> Int64? {
      PaceRule.limit(maximum: nil, pressure: pressure, use: use, othersPull: false)
    }
    let (processors, disk) = (PressureStall(cpu: 60, io: 0, memory: 0), PressureStall(cpu: 0, io: 60, memory: 0))
    #expect(limit(processors, ProcessorUse(busy: 100, others: 10)) == nil)
    #expect(limit(disk, ProcessorUse(busy: 100, others: 10)) == nil)
    #expect(limit(processors, ProcessorUse(busy: 70, others: 60)) == nil)
    #expect(limit(disk, ProcessorUse(busy: 70, others: 60)) == 87_500_000)
    #expect(limit(processors, ProcessorUse(busy: 95, others: 60)) == 87_500_000)
  }

  @Test("what this process and its children use is not others'")
  func countsProcessors() async throws {
    try await withTemporaryFolder { folder in
      func write(_ name: String, _ text: String) throws {
        let file = URL(fileURLWithPath: "\(folder)/\(name)")
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
      }
      func process(_ ticks: Int) -> String { "7 (a) b) S 1 7 7 0 -1 4194304 1 2 3 4 \(ticks) 1 2 3 20 0 9 0 5 6\n" }
      #expect(ProcessorUse.Sample.take(in: FilePath(folder)) == nil)
      try write("stat", "cpu  100 0 100 700 100 0 0 0 0 0\ncpu0 1 1 1 1\n")
      try write("self/stat", process(10))
      try write("self/task/7/children", "")
      try write("self/task/8/children", "9 10 ")
      try write("9/stat", process(20))
      let start = try #require(ProcessorUse.Sample.take(in: FilePath(folder)))
      #expect(start == ProcessorUse.Sample(all: 1000, idle: 800, own: 42))
      try write("stat", "cpu  150 0 130 710 110 0 0 0 0 0\n")
      try write("self/stat", process(30))
      try write("9/stat", process(40))
      let end = try #require(ProcessorUse.Sample.take(in: FilePath(folder)))
      #expect(ProcessorUse(from: start, to: end) == ProcessorUse(busy: 80, others: 40))
      #expect(ProcessorUse(from: end, to: end) == nil)
    }
    let sample = try #require(ProcessorUse.Sample.take())
    #expect(sample.own > 0 && sample.all > sample.idle)
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
