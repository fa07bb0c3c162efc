import ArgumentParser
import Commands
import Documents
import ImageModel
import Logging
import Terminal
import VirtualCluster

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif
import Glibc

/// `prepull sandbox up`: a cluster that runs until Ctrl-C.
struct SandboxUp: PrepullCommand {
  static let configuration = CommandConfiguration(
    commandName: "up", abstract: "Start an embedded cluster and keep it until Ctrl-C.")

  @OptionGroup var cluster: SandboxArguments

  @Option(help: "The port of the API server; any that is free when left out.")
  var port: Int?

  @Flag(help: "Serve plain HTTP, and let everybody in, instead of HTTPS with a client certificate.")
  var http = false

  @Option(
    help: ArgumentHelp(
      "Add the cluster to this kubeconfig, and take it out again at the end; a temporary file when left out.",
      valueName: "file"),
    completion: .file())
  var kubeconfig: String?

  @Option(help: ArgumentHelp("Serve this many images more, load/app-1:v1 and so on.", valueName: "n"))
  var loadImages = 0

  @Option(
    help: ArgumentHelp(
      "Size of each of them; 250MB when left out, without --modelled 10MB, kept in memory.", valueName: "bytes"))
  var imageSize: ByteRate?

  @Option(name: [.short, .long], help: "text, or json: a line when it is up, and at the end a line with its requests.")
  var output = ReportFormat.text

  var logLevel: Logger.Level { .warning }

  func run() async throws {
    var options = try cluster.options()
    if let port {
      guard (1...65535).contains(port) else { throw ValidationError("--port \(port) is not from 1 to 65535") }
      options.port = port
    }
    let isReal = options.model == nil
    let load = LoadImages(count: loadImages, bytes: imageSize?.bytes ?? (isReal ? 10_000_000 : 250_000_000))
    try load.check(isReal: isReal)
    options.tls = !http
    let (finalOptions, output, path) = (options, output, kubeconfig)
    let logger = logger
    let (end, interrupt) = try await Interrupt.cancelling {
      if let port { try Self.check(port) }
      return try await withSandbox(finalOptions, logger: logger) { sandbox in
        let load = try load.add(to: sandbox)
        let file = try SandboxFile(sandbox, at: path)
        defer { file.remove() }
        let description = SandboxDescription(sandbox, images: sandbox.sampleImages + load, kubeconfig: file.path)
        try Console.standardOutput.writeAll(output == .json ? description.json : description.text)
        await Interrupt.untilCancelled()
        return (sandbox.requestCounts, sandbox.traffic)
      }
    }
    if output == .json, let end { try Console.standardOutput.writeAll(SandboxDescription.json(of: end.0, end.1)) }
    // Ctrl-C is how it is meant to end.
    if let interrupt, interrupt != .sigint { throw ExitCode(interrupt.exitCode) }
  }
}

extension SandboxUp {
  /// - Throws: `ValidationError` for a port that another program has.
  private static func check(_ port: Int) throws {
    let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(socket) }
    var reuse: Int32 = 1
    setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &reuse, socklen_t(MemoryLayout<Int32>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(port).bigEndian
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    let isFree = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
      }
    }
    if !isFree {
      throw ValidationError(
        "port \(port) is taken: \(String(cString: strerror(errno)).lowercased()); choose another --port")
    }
  }
}
