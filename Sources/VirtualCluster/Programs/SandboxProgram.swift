/// A program of this process that containers of a sandbox run for real: the entry point of an image that the sandbox's
/// registry serves.
package struct SandboxProgram: Sendable {
  /// What becomes of the image's name: `prepull` is served as `127.0.0.1:PORT/prepull:sandbox`.
  package var name: String
  /// The file of the image that is the program: a container that has a `command` runs it only by this name.
  package var file: String
  /// Runs until it is done or is cancelled, as a container is by a signal; returns the exit code.
  ///
  /// What it throws is logged, and stands for exit code 1. After its cancellation it has the pod's grace period, then
  /// the pod goes without it.
  package var run: @Sendable (ContainerRun) async throws -> Int

  /// - Parameter file: where it has not the image's name.
  package init(_ name: String, file: String? = nil, run: @escaping @Sendable (ContainerRun) async throws -> Int) {
    self.name = name
    self.file = file ?? name
    self.run = run
  }
}
