/// A program of this process that containers of a sandbox run for real: the entry point of an image that the sandbox's
/// registry serves.
package struct SandboxProgram: Sendable {
  /// What becomes of the image's name: `prepull` is served as `127.0.0.1:PORT/prepull:sandbox`.
  package var name: String
  /// Runs until it is done or is cancelled, as a container is by a signal; returns the exit code.
  ///
  /// What it throws is logged, and stands for exit code 1. After its cancellation it has the pod's grace period, then
  /// the pod goes without it.
  package var run: @Sendable (ContainerRun) async throws -> Int

  package init(_ name: String, run: @escaping @Sendable (ContainerRun) async throws -> Int) {
    self.name = name
    self.run = run
  }
}
