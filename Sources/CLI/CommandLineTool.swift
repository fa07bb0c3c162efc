package import ArgumentParser
import Commands

/// The root of all commands.
package struct CommandLineTool: ProgramRoot {
  package static let configuration = CommandConfiguration(
    commandName: Program.name,
    abstract: "Puts container images on Kubernetes nodes before the pods that need them arrive.",
    version: Version.current,
    subcommands: [
      PullCommand.self, RenderCommand.self, RunCommand.self, CheckCommand.self, ImagesCommand.self,
      StatusCommand.self, WaitCommand<ClusterOptions, WaitManifestOptions>.self, DashboardCommand.self,
      DeleteCommand.self, ControllerCommand<ClusterOptions>.self, AgentCommand<ClusterOptions>.self,
      InstallCommand.self,
      UninstallCommand.self, SandboxCommand.self, CompleteCommand.self,
    ])

  package init() {}
}
