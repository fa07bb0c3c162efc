import ArgumentParser

/// `prepull sandbox`: an embedded cluster, to try Prepull without one.
struct SandboxCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sandbox",
    abstract: "Run an embedded cluster on this machine, to try Prepull on.",
    discussion: """
      The cluster is an in-memory Kubernetes API that kubectl can use, a registry with sample images, and virtual nodes \
      whose kubelets pull for real, each into a folder of its own. Of all programs \
      only Prepull's operator runs in it, in this process; nothing is left behind.
      """,
    subcommands: [SandboxUp.self, SandboxDemo.self, SandboxFault.self])
}
