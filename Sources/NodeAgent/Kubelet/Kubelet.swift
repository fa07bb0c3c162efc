/// What the agent knows of its node's kubelet: where it keeps what both need.
package struct Kubelet: Sendable {
  /// What was said by options; in place of what the kubelet's own command line says.
  package struct Options: Sendable {
    package var hostRoot: String?
    package var configuration: String?
    package var providerConfiguration: String?
    package var providerFolder: String?

    package init() {}
  }

  package let files: HostFiles
  /// The kubelet's own environment; nil where the kubelet was not found.
  package let environment: [String: String]?
  /// `/var/lib/kubelet`.
  package let root: String
  package let workingDirectory: String
  /// Its KubeletConfiguration, and the folder of files that change it.
  package let configuration: String?
  package let configurationFolder: String?
  /// Of the old options `--image-gc-high-threshold` and `--image-gc-low-threshold`, which win over files.
  let thresholds: (high: Int?, low: Int?)
  /// A CredentialProviderConfig or a folder of such, and where its programs are.
  package let providerConfiguration: String?
  package let providerFolder: String?

  /// - Parameter process: see ``KubeletProcess/find(in:)``.
  package init(_ options: Options, process: KubeletProcess?) {
    files = HostFiles(root: options.hostRoot)
    let directory = process?.workingDirectory ?? "/"
    func path(_ option: String) -> String? {
      process?.option(option).map { $0.hasPrefix("/") ? $0 : "\(directory)/\($0)" }
    }
    environment = process?.environment
    root = path("root-dir") ?? "/var/lib/kubelet"
    workingDirectory = directory
    configuration = options.configuration ?? path("config")
    configurationFolder = path("config-dir")
    providerConfiguration = options.providerConfiguration ?? path("image-credential-provider-config")
    providerFolder = options.providerFolder ?? path("image-credential-provider-bin-dir")
    thresholds = (
      process?.option("image-gc-high-threshold").flatMap { Int($0) },
      process?.option("image-gc-low-threshold").flatMap { Int($0) }
    )
  }
}
