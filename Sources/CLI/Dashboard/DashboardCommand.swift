import ArgumentParser
import Commands
import Dashboard
import Kubernetes
import Logging
import PrepullAPI
import Terminal
import Usage

/// `prepull dashboard`: nodes and images as a page, live.
struct DashboardCommand: ClusterCommand {
  static let configuration = CommandConfiguration(
    commandName: "dashboard",
    abstract: "Show nodes and images as a page in the browser, live, until Ctrl-C.",
    discussion: """
      Nothing is installed in the cluster: the page is served on this machine only, with the rights of the kubeconfig, \
      and it changes nothing. The address works once, in one browser. What may not be seen is said on the page.

      Examples:
        \(Program.name) dashboard
        \(Program.name) dashboard --no-open --port 8080
        \(Program.name) dashboard -n web
      """)

  @OptionGroup var pageOptions: PageOptions

  @Flag(name: .shortAndLong, help: "Log what is asked of the cluster.")
  var verbose = false

  @OptionGroup(title: "Cluster options, as kubectl has them") var clusterOptions: ClusterOptions

  func run() async throws {
    // A signal is how it ends.
    let (_, interrupt) = try await Interrupt.cancelling { () -> Bool? in
      try await withClient { client in
        let page = DashboardPage(client, namespace: clusterOptions.namespace, pageOptions, logger: logger)
        try await page.serve()
      }
      return true
    }
    if let interrupt { throw ExitCode(interrupt.exitCode) }
  }
}

/// Where a page is served, and whether a browser is opened.
struct PageOptions: ParsableArguments {
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("The port on this machine. (default: any free one)", valueName: "port"),
    transform: WholeNumber.from(0, to: 65535))
  var port: Int?

  @Flag(help: "Print the address only, and open no browser.")
  var noOpen = false

  /// - Throws: `ValidationError` where there is no page and something is said about it.
  func requireNone() throws {
    if let option = [("--port", port != nil), ("--no-open", noOpen)].first(where: \.1)?.0 {
      throw ValidationError("\(option) is about the page: add --dashboard, or leave it out")
    }
  }
}
