import ArgumentParser
import Commands
import Documents
import Kubernetes
import Logging
import Workloads

/// The workloads whose pods are to find their nodes warm.
struct WorkloadOptions: ParsableArguments {
  @Option(
    name: .customLong("workload"),
    help: ArgumentHelp(
      """
      Take images, pull secrets and nodes from this workload of the cluster: deployment/web, sts/db, ds, job, cronjob, \
      rs, pod. Repeatable.
      """, valueName: "kind/name"), completion: .names(.workload))
  var workloads: [String] = []

  @Option(
    name: [.customShort("f"), .customLong("filename")],
    help: ArgumentHelp(
      "The same from manifests that need not be applied yet; '-' is standard input. Repeatable.", valueName: "file"))
  var files: [String] = []

  @Option(
    name: .customLong("image"),
    help: ArgumentHelp(
      "Another image for a container of these workloads, as kubectl set image has it: the next version. Repeatable.",
      valueName: "container=image"))
  var replacements: [String] = []

  /// The name that `--workload` had first; scripts written before the first release have it.
  @Option(name: .customLong("for"), help: .hidden)
  private var formerly: [String] = []

  var areNone: Bool { workloads.isEmpty && files.isEmpty }

  mutating func validate() throws {
    workloads += formerly
    formerly = []
    for text in replacements { _ = try ImageReplacement(parsing: text) }
    _ = try names()
    if areNone, let first = replacements.first {
      throw ValidationError(
        "--image \(first) replaces the image of a workload's container: name the workload with --workload or -f")
    }
  }

  /// The workloads of the cluster that are named.
  func names() throws -> [WorkloadName] { try workloads.map { text in try usage { try WorkloadName(parsing: text) } } }

  /// The workloads of the files, read before anything is asked of the cluster.
  ///
  /// - Throws: `ValidationError` for what cannot be read.
  func ofFiles() throws -> WorkloadSet { try WorkloadFiles.read(files) }

  /// All workloads, whole: those of the files, and those of the cluster, with what the cluster adds to their pods.
  ///
  /// - Returns: the workloads with all replacements made, and remarks for the user.
  func loaded(
    _ ofFiles: WorkloadSet, client: KubernetesClient, namespace: String
  ) async throws -> (workloads: WorkloadSet, remarks: [String]) {
    let reader = WorkloadReader(client: client)
    var templates = ofFiles.templates
    for name in try names() { templates.append(try await reader.template(of: name, in: namespace)) }
    var remarks = ofFiles.remarks
    let vague = templates.filter { !$0.isPlacementKnown }.map(\.source)
    if !vague.isEmpty {
      remarks.append(
        "where \(FailureGroups.names(vague)) will run is not known: all nodes are taken, but for what -l, --node and the "
          + "like leave out")
    }
    for index in templates.indices { remarks += try await reader.complete(&templates[index], in: namespace) }
    var set = WorkloadSet(templates)
    for text in replacements {
      let other = try ImageReplacement(parsing: text)
      try usage { try set.replace(other.container, with: other.image) }
    }
    if !set.isOnePlacement {
      remarks.append(
        "these workloads run on different nodes; all images go to all of them: warm for each in a run of its own to "
          + "keep them apart")
    }
    return (set, remarks)
  }

  /// The images to put in the place of containers' own.
  func replacementsByContainer() throws -> [String: String] {
    let all = try replacements.map { try ImageReplacement(parsing: $0) }
    return Dictionary(all.map { ($0.container, $0.image) }) { _, last in last }
  }
}
