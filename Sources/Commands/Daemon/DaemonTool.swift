package import ArgumentParser

/// The root of the commands that nodes and clusters run: `prepulld`, the program of Prepull's container image.
package struct DaemonTool: ProgramRoot {
  package static let configuration = CommandConfiguration(
    commandName: "prepulld",
    abstract: "Puts container images on Kubernetes nodes: what runs in pods and on nodes.",
    version: Version.current,
    subcommands: [
      PullCommand.self, ControllerCommand<PodCluster>.self, AgentCommand<PodCluster>.self,
      WaitCommand<PodCluster, NoManifests>.self, ClusterPageCommand<PodCluster>.self,
    ])

  package init() {}
}
