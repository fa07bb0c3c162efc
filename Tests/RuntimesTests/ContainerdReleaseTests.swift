import Foundation
import TestKit
import Testing

@Suite(.timeLimit(.minutes(10))) struct ContainerdReleaseTests {
  /// Without them the suites would pass by running less.
  @Test(.enabled(if: ProcessInfo.processInfo.environment["CI"] != nil, "scripts/packages runtimes brings them"))
  func theLaterReleasesAreThereInCI() {
    let names = ContainerdRelease.all.map(\.description)
    #expect(names.first == "containerd")
    #expect(names.contains("containerd-1.7"), "\(names): run scripts/packages runtimes")
    #expect(names.contains { $0.hasPrefix("containerd-2.") }, "\(names): run scripts/packages runtimes")
  }
}
