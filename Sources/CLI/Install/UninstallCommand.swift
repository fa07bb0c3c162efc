import ArgumentParser
import Commands
import Installation
import Kubernetes
import Logging
import Terminal

import Glibc

/// `prepull uninstall`: removes the operator and all that it and its installation made.
struct UninstallCommand: ClusterCommand {
  static let configuration = CommandConfiguration(
    commandName: "uninstall",
    abstract: "Remove the operator from a cluster, with all Prepulls and everything it made.",
    discussion: """
      It finds the operator's objects in all namespaces by their labels, whichever way it was installed, and does not \
      need one that is alive. Gates of nodes that wait are opened. Agents release what they pinned before they go; nodes \
      where that could not be done within a minute are named. The images stay on the nodes until a kubelet needs \
      their room. It can be repeated: what is gone already is no error.

      Examples:
        \(Program.name) uninstall --dry-run
        \(Program.name) uninstall --yes
      """)

  @Flag(help: "Say what would be removed, and remove nothing.")
  var dryRun = false

  @Flag(name: .shortAndLong, help: "Do not ask.")
  var yes = false

  @Flag(name: .shortAndLong, help: "Log what is asked of the cluster.")
  var verbose = false

  @OptionGroup(title: "Cluster options, as kubectl has them") var clusterOptions: ClusterOptions

  func validate() throws {
    if clusterOptions.namespace != nil {
      throw ValidationError("--namespace has no meaning here: the operator is found in all namespaces")
    }
  }

  func run() async throws {
    let isClean = try await interruptible { try await withClient { try await uninstall($0) } }
    if !isClean { throw ExitCode.failure }
  }

  /// - Returns: whether nothing is left that should go.
  private func uninstall(_ client: KubernetesClient) async throws -> Bool {
    let uninstallation = Uninstallation(client: client) { Console.standardOutput.write("\($0)\n") }
    let survey = try await uninstallation.survey()
    guard !survey.isEmpty else {
      try Console.standardOutput.writeAll("nothing of Prepull's operator is in the cluster\n")
      return true
    }
    try Console.standardOutput.writeAll(
      (yes && !dryRun ? "removing" : "would remove") + " from \(client.configuration.server):\n"
        + survey.lines.map { "  \($0)\n" }.joined())
    for remark in Self.remarks(on: survey) { Console.standardError.write("note: \(remark)\n") }
    if dryRun { return true }
    guard try await agrees() else { return false }
    let outcome: Uninstallation.Outcome
    do {
      outcome = try await uninstallation.perform(survey)
    } catch {
      if Task.isCancelled {
        Console.standardError.write(
          "interrupted: what was not removed yet is left in the cluster; run it again: \(Program.name) uninstall\n")
      }
      throw error
    }
    if !outcome.pinned.isEmpty {
      Console.standardError.write(
        "warning: images may still be pinned on these nodes, and stay there until somebody releases them:\n"
          + outcome.pinned.map { "  \(VisibleText.sanitised($0))\n" }.joined()
          + "  On the node: ctr -n k8s.io images label IMAGE io.cri-containerd.pinned= (docs/agent.md)\n")
    }
    guard outcome.left.isEmpty else {
      Console.standardError.write(
        "Error: not everything is gone:\n" + outcome.left.map { "  \(VisibleText.sanitised($0))\n" }.joined()
          + "  Run it again when that is solved.\n")
      return false
    }
    try Console.standardOutput.writeAll("the cluster holds nothing of Prepull's operator any more\n")
    return true
  }

  private static func remarks(on survey: Uninstallation.Survey) -> [String] {
    var remarks = survey.taints.map {
      "nothing will remove the taint \($0) from new nodes: take it out of what makes your nodes"
    }
    if let release = survey.release {
      let parts = release.split(separator: "/").map(String.init)
      remarks.append(
        "Helm still lists the release \(release): helm uninstall \(parts.last ?? "") --namespace \(parts.first ?? "")")
    }
    return remarks
  }

  /// Asks a person, unless the answer was given with the command; where nobody can answer, it is no.
  ///
  /// - Throws: `CancellationError` when a signal is the answer.
  private func agrees() async throws -> Bool {
    if yes { return true }
    guard isatty(STDIN_FILENO) == 1 else {
      Console.standardError.write("Error: nothing was removed: there is no terminal to ask on\n  Add --yes.\n")
      return false
    }
    Console.standardError.write("Remove all this? [y/N] ")
    do {
      while !Self.hasLine { try await Task.sleep(for: .milliseconds(50)) }
    } catch {
      Console.standardError.write("\nnothing was removed\n")
      throw error
    }
    let answer = readLine(strippingNewline: true)?.lowercased()
    if answer == "y" || answer == "yes" { return true }
    Console.standardError.write("nothing was removed\n")
    return false
  }

  /// Whether the terminal has an answer, so that reading it keeps no signal waiting.
  private static var hasLine: Bool {
    var input = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
    return poll(&input, 1, 0) != 0
  }
}
