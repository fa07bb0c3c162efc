import Testing

@testable import Runtimes

@Suite(.timeLimit(.minutes(2))) struct ContainerdVersionTests {
  @Test(
    arguments: [
      ("1.6.20~ds1", false), ("1.6.21", false), ("1.6.22", true), ("v1.6.36", true), ("1.7.2", false), ("1.7.3", true),
      ("v1.7.23-k3s2", true), ("2.0.0-rc.1", true), ("2.1.9", true), ("1.5.99", false), ("1.10.0", true),
    ])
  func knowsWhoPins(_ text: String, _ hasPins: Bool) throws {
    #expect(try #require(ContainerdVersion(parsing: text)).hasPins == hasPins)
  }

  @Test(arguments: ["", "unknown", "1", "1.7", "v", "a.b.c"]) func whatIsNoVersion(_ text: String) {
    #expect(ContainerdVersion(parsing: text) == nil)
  }
}
