import ArgumentParser
import Commands
import Workloads

/// `prepull wait -f`.
struct WaitManifestOptions: WaitManifests {
  @Option(
    name: [.customShort("f"), .customLong("filename")],
    help: ArgumentHelp(
      "Workloads of manifests that need not be applied yet; '-' is standard input. Repeatable.", valueName: "file"))
  var files: [String] = []

  var areNone: Bool { files.isEmpty }

  func workloads() throws -> WorkloadSet { try WorkloadFiles.read(files) }
}
