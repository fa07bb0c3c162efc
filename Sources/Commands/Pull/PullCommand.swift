package import ArgumentParser
import ImageModel
import LocalPull
import Logging
import Networking
import Registry
import Runtimes

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif
import Glibc

/// `prepull pull`: warms the machine that it runs on.
package struct PullCommand: PrepullCommand {
  package static let configuration = CommandConfiguration(
    commandName: "pull",
    abstract: "Pull images into the container runtime of this machine.",
    discussion: """
      The runtime is found by itself: containerd, CRI-O, Docker; where none is, images go into an OCI layout folder. \
      It exits with 0 only when the runtime confirms every image at the digest that its reference resolves to.

      Examples:
        \(Program.name) pull nginx:1.27 redis:7
        \(Program.name) pull --runtime docker:///var/run/docker.sock hello-world
        \(Program.name) pull --runtime oci:/var/lib/images --platform linux/arm64 nginx
      """)

  @OptionGroup var imageArguments: ImageArguments

  @Option(
    help: ArgumentHelp("cri:///path, docker:///path or oci:/path, instead of what is found.", valueName: "endpoint"))
  var runtime: String?

  @Option(
    help: ArgumentHelp("IfNotPresent takes an image that is there; Always asks the registry.", valueName: "policy"))
  var policy: PullPolicy = .ifNotPresent

  @Option(
    help: ArgumentHelp(
      "auto downloads and unpacks by itself, which is faster, where the runtime is a containerd whose folders may be "
        + "written, else leaves that to the runtime; always takes no other way; off leaves all to the runtime.",
      valueName: "when"))
  var fast: FastPulls = .auto

  @Option(
    help: ArgumentHelp(
      "The most that fast pulls move a second, downloaded and unpacked bytes together: 100MiB, 1Gbit. The runtime's own "
        + "pulls are not slowed down. (default: no limit)",
      valueName: "bytes/s"))
  var maxBandwidth: ByteRate?

  @Option(help: ArgumentHelp("Images in work at the same time.", valueName: "n"))
  var parallelism: Int = 3

  @Option(help: ArgumentHelp("os/arch[/variant], where not the runtime's own.", valueName: "platform"))
  var platform: String?

  @Option(
    help: ArgumentHelp("The longest time for all: 90s, 10m, 1h. (default: none)", valueName: "duration"),
    transform: TimeSpan.parse)
  var timeout: TimeSpan?

  @Option(
    help: ArgumentHelp("The longest time for one image, all tries included. (default: 30m)", valueName: "duration"),
    transform: TimeSpan.parse)
  var imageTimeout = TimeSpan(.seconds(1800))

  @Option(help: ArgumentHelp("How often a failed pull is tried again.", valueName: "n"))
  var retries: Int = 5

  @Option(name: .shortAndLong, help: ArgumentHelp("text or json.", valueName: "format"))
  var output: ReportFormat = .text

  @Flag(name: .shortAndLong, help: "Print nothing but errors.")
  var quiet = false

  @Flag(name: .shortAndLong, help: "Log what is asked of registries and runtimes.")
  package var verbose = false

  @OptionGroup(title: "Registry options") var registryOptions: RegistryOptions

  package init() {}

  package func validate() throws {
    guard (1...100).contains(parallelism) else {
      throw ValidationError("--parallelism takes 1 to 100, not \(parallelism)")
    }
    if let rate = maxBandwidth, rate.bytes < PaceRule.least {
      throw ValidationError(
        "--max-bandwidth takes 4MiB or more: with less, connections would stand still until registries close them")
    }
    guard (0...100).contains(retries) else { throw ValidationError("--retries takes 0 to 100, not \(retries)") }
  }

  package func run() async throws {
    let (images, repeated) = try imageArguments.wanted()
    let platform = try platform.map { text in try usage { try Platform(parsing: text) } }
    let endpoint = try runtime.map { text in try usage { try RuntimeEndpoint(parsing: text) } }
    let (credentials, configuration) = try registryOptions.loaded(retries: retries)
    let console = Console.standardError
    if !quiet {
      let notes = repeated.map { "note: \($0) names an image that is in the list already" }
      console.write(lines: console.wrapped(notes))
    }

    let report = try await interruptible {
      try await warm(
        images, at: endpoint, on: platform, credentials: credentials, configuration: configuration, console: console)
    } atEnd: { report in
      if let report { try print(report, console: console) }
    }
    if !report.ok { throw ExitCode.failure }
  }

  /// Warms the machine; a signal leaves the images that were not begun as cancelled.
  private func warm(
    _ images: [WantedImage], at wanted: RuntimeEndpoint?, on platform: Platform?, credentials: Credentials,
    configuration: RegistryConfiguration, console: Console
  ) async throws -> PullReport {
    let logger = logger
    let registry = RegistryClient(configuration: configuration, credentials: credentials, logger: logger)
    return try await registry.closed {
      let (endpoint, reason) = try await find(wanted, console: console)
      return try await withRuntime(
        endpoint, registry: registry, platform: platform ?? .host, fast: fast,
        fastSettings: FastSettings(pacer: PullPacer(bytesPerSecond: maxBandwidth?.bytes)), logger: logger
      ) { runtime in
        let identity = try await runtime.identify()
        let target = platform ?? identity.platform
        guard endpoint.kind != .cri || target == identity.platform else {
          throw ValidationError(
            "\(identity.name) pulls for \(identity.platform) only, not for \(target); use a docker or oci runtime")
        }
        if !quiet {
          console.write(
            "\(identity.name) \(identity.version) at \(endpoint)\(reason.map { " (\($0))" } ?? ""), \(target)\n")
        }
        let warmer = NodeWarmer(
          runtime: runtime, registry: registry, credentials: credentials, platform: target,
          settings: .init(
            parallelism: parallelism, policy: policy, timeout: timeout?.duration, imageTimeout: imageTimeout.duration,
            retry: RetryPolicy(attempts: retries + 1, base: .seconds(1))))
        let results = await show(images, console: console) { report in await warmer.warm(images, report: report) }
        return PullReport(runtime: identity, at: endpoint, platform: target, results: results)
      }
    }
  }

  private func find(_ wanted: RuntimeEndpoint?, console: Console) async throws -> (RuntimeEndpoint, String?) {
    if let wanted { return (wanted, nil) }
    let discovery = RuntimeDiscovery(environment: ProcessInfo.processInfo.environment, isSuperuser: geteuid() == 0)
    let finding: RuntimeDiscovery.Finding
    do {
      finding = try await discovery.find()
    } catch let error as RuntimeEndpointError {
      throw ValidationError(error.description)
    }
    for attempt in finding.passedOver where !quiet {
      console.write("note: skipped \(attempt.endpoint): \(attempt.error?.detail ?? "it does not answer")\n")
    }
    if finding.endpoint.kind == .oci {
      // Said in every case: a kubelet whose runtime is down gains nothing from a folder.
      console.write(
        """
        warning: no container runtime was found, so images go into the folder \(finding.endpoint.path), where no kubelet \
        looks; start the runtime, or choose with --runtime

        """)
    }
    return (finding.endpoint, finding.reason)
  }

  /// Runs `work` and shows its events until it ends.
  private func show(
    _ images: [WantedImage], console: Console,
    work: (@escaping @Sendable (Int, WarmEvent) -> Void) async -> [WarmResult]
  ) async -> [WarmResult] {
    guard !quiet else { return await work { _, _ in } }
    let view = PullView(images: images, console: console, style: console.style)
    let results = await work { view.report($0, $1) }
    // The screen must be cleared before the report is printed.
    await view.finish()
    return results
  }

  private func print(_ report: PullReport, console: Console) throws {
    let out = Console.standardOutput
    switch output {
    case .json:
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
      try out.writeAll(String(decoding: try encoder.encode(report), as: UTF8.self) + "\n")
    case .text where !quiet:
      let table = report.table(style: out.style, columns: out.columns)
      try out.writeAll(table.joined(separator: "\n") + "\n")
    case .text: break
    }
    console.write(lines: console.wrapped(report.failures(style: console.style)))
  }
}
