import ArgumentParser
import Commands
import Logging
import Terminal
import VirtualCluster

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// `prepull sandbox demo`: the main job over a cluster, on one machine.
struct SandboxDemo: PrepullCommand {
  static let configuration = CommandConfiguration(
    commandName: "demo", abstract: "Start an embedded cluster, warm sample images on it, show the result, and end.",
    usage: "\(Program.name) sandbox demo [<options>]",
    discussion: "Exit code 0 when every node holds every image at the end.")

  @OptionGroup var cluster: SandboxArguments

  @Flag(
    help:
      "Show it as a page too: it begins when a browser has opened the page, or after a minute, and stays until Ctrl-C.")
  var dashboard = false

  @OptionGroup(title: "With --dashboard") var pageOptions: PageOptions

  func validate() throws {
    if !dashboard { try pageOptions.requireNone() }
  }

  func run() async throws {
    let options = try cluster.options()
    let logger = logger
    let page = dashboard ? pageOptions : nil
    try await interruptible { try await Self.demonstrate(options, page, logger) }
  }

  var logLevel: Logger.Level { .critical }

  private static func demonstrate(_ options: SandboxOptions, _ page: PageOptions?, _ logger: Logger) async throws {
    try await withSandbox(options, logger: logger) { sandbox in
      let file = try SandboxFile(sandbox, at: nil)
      defer { file.remove() }
      guard let page else { return try await show(sandbox, file, options, hasPage: false) }
      let cluster = try ClusterOptions.parse(["--kubeconfig", file.path])
      try await cluster.withClient(logger: logger) { client in
        try await DashboardPage(client, namespace: nil, page, logger: logger).serving("the demo", waiting: .seconds(60))
        {
          try await show(sandbox, file, options, hasPage: true)
          Console.standardOutput.write("\nThe page and its cluster stay until Ctrl-C.\n")
          await Interrupt.untilCancelled()
        }
      }
    }
  }

  /// - Parameter hasPage: whether what is kept stays to be looked at: the node that joined is a row of the page as long as
  ///   something wants images there.
  private static func show(
    _ sandbox: Sandbox, _ file: SandboxFile, _ options: SandboxOptions, hasPage: Bool
  ) async throws {
    let console = Console.standardOutput
    let style = console.style
    func step(_ text: String) { console.write("\n" + style.paint("==> \(text)", .strong) + "\n") }
    func show(_ words: [String]) {
      console.write(style.paint("$ \(Program.name) \(words.joined(separator: " "))", .faint) + "\n")
    }
    let images = Array(sandbox.sampleImages.prefix(4))
    step("A cluster of \(options.nodes.count) virtual nodes on this machine, and a registry with sample images")
    console.write("API server \(sandbox.address), registry \(sandbox.registry.host)\n")
    let connection = ["--kubeconfig", file.path]
    step("Warm every node for \(images.count) images")
    show(["run"] + images)
    try await execute(["run"] + images + connection)
    step("The same again: the nodes hold the images already")
    show(["run"] + images)
    try await execute(["run"] + images + connection)
    step("Stay: new nodes are warmed too, and the images are kept from garbage collection")
    let keptImages = hasPage ? images : [images[0]]
    let kept = ["run", "--keep", "--name", "web"] + keptImages
    show(kept)
    try await execute(kept + connection)
    try await sandbox.addNode(NodeTemplate("node-new", platform: options.nodes[0].platform))
    console.write("A new node, node-new, has joined.\n")
    show(["status", "web"])
    try await untilWarm(sandbox, keptImages)
    try await execute(["status", "web"] + connection)
    if hasPage { return }
    step("Remove it again; nothing of Prepull stays in the cluster")
    show(["delete", "web"])
    try await execute(["delete", "web"] + connection)
  }

  /// Runs a command as if a person had typed it.
  private static func execute(_ words: [String]) async throws {
    var command = try CommandLineTool.parseAsRoot(words)
    if var asynchronous = command as? any AsyncParsableCommand {
      try await asynchronous.run()
    } else {
      try command.run()
    }
  }

  /// Waits until the node that joined holds the images, for a minute at the longest.
  private static func untilWarm(_ sandbox: Sandbox, _ images: [String]) async throws {
    let deadline = ContinuousClock.now + .seconds(60)
    for image in images {
      while try await sandbox.image(image, on: "node-new") == nil, ContinuousClock.now < deadline {
        try await Task.sleep(for: .milliseconds(100))
      }
    }
  }
}
