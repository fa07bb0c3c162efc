package import ArgumentParser
package import Workloads

/// The option by which a program takes workloads from files, as far as it reads such.
package protocol WaitManifests: ParsableArguments, Sendable {
  var areNone: Bool { get }

  /// - Throws: `ValidationError` for what cannot be read.
  func workloads() throws -> WorkloadSet
}

/// Of a program that reads no YAML.
package struct NoManifests: WaitManifests {
  package init() {}

  package var areNone: Bool { true }

  package func workloads() -> WorkloadSet { WorkloadSet([]) }
}
