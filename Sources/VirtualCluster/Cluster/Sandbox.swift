package import KubeAPIServer
import Networking
import Documents
import ImageModel
package import Kubernetes
import Logging
import Registry
import Runtimes

/// A Kubernetes cluster inside this process: an API server, controllers, virtual nodes and a registry.
///
/// `README.md` beside this folder says what it simplifies.
package final class Sandbox: Sendable {
  package let options: SandboxOptions
  package let store: Store
  package let server: APIServer
  /// Serves the sample images, at `registry.host`.
  package let registry: EmbeddedRegistry
  /// References of the sample images.
  package let sampleImages: [String]
  /// By the name of a program (``SandboxOptions/programs``): the image whose containers run it.
  package let programImages: [String: String]
  /// What is written here is gone at the end, unless the options named the folder.
  package let folder: String
  let fleet: KubeletFleet
  let programs: ProgramRunner
  let pace: Pace
  let catalogue = ModelledCatalogue()
  let ways: RegistryWays
  let sources: ModelledSources
  let registryClient: RegistryClient
  let logger: Logger
  let authority: CertificateAuthority?
  private let administrator: CertificateAuthority.Identity?

  init(
    _ options: SandboxOptions, registry: EmbeddedRegistry, ways: RegistryWays, folder: String, logger: Logger
  ) throws {
    self.options = options
    self.registry = registry
    self.ways = ways
    self.folder = folder
    self.logger = logger
    pace = Pace(speed: options.speed)
    store = Store(hasAccounts: true, rules: options.rules)
    authority = options.tls ? try CertificateAuthority() : nil
    administrator = try authority?.issueClient(
      name: ServerUser.admin.name, groups: ServerUser.admin.groups.filter { $0 != "system:authenticated" })
    var serverOptions = APIServer.Options()
    serverOptions.port = options.port ?? 0
    serverOptions.authority = authority
    serverOptions.tokens = [Self.token: .admin]
    serverOptions.isOpen = !options.tls
    serverOptions.hasRoles = true
    serverOptions.minorVersion = options.minorVersion
    programImages = try SampleImages.add(programs: options.programs.map(\.name), to: registry)
    let programs = ProgramRunner(options.programs, images: programImages)
    self.programs = programs
    serverOptions.logs = { programs.text(pod: $0, container: $1) }
    server = APIServer(store: store, options: serverOptions, logger: logger)
    sampleImages = options.hasSampleImages ? try SampleImages.add(to: registry).map(\.description) : []
    fleet = KubeletFleet(store: store, pace: pace, heartbeat: options.heartbeat)
    sources = ModelledSources(options, pace: pace)
    var configuration = RegistryConfiguration(userAgent: "containerd/2.1.4")
    // The kubelet has its own back-off.
    configuration.retry = .init(attempts: 1)
    if !ways.hosts.isEmpty { configuration.hosts[registry.host] = RegistryHosts(mirrors: ways.hosts) }
    registryClient = RegistryClient(configuration: configuration, credentials: NoCredentials(), logger: logger)
    programs.grant { [server, authority] container, pod in
      Self.configuration(of: container, in: pod, server, authority)
    } tokens: { [server] path, container, pod in
      Self.token(at: path, of: container, in: pod, server)
    }
  }

  /// What a container with a service account's token knows of the cluster; nil for one without.
  private static func configuration(
    of container: JSON, in pod: JSON, _ server: APIServer, _ authority: CertificateAuthority?
  ) -> ClusterConfiguration? {
    let mounts = Set((container["volumeMounts"]?.array ?? []).compactMap { $0["name"]?.string })
    let hasToken = (pod[path: "spec", "volumes"]?.array ?? []).contains { volume in
      mounts.contains(volume["name"]?.string ?? "")
        && (volume[path: "projected", "sources"]?.array ?? []).contains { source in
          source["serviceAccountToken"].map { $0["audience"] == nil } ?? false
        }
    }
    let namespace = ObjectName(pod).namespace ?? "default"
    guard hasToken,
      let account = server.store.get(
        .serviceAccounts, namespace: namespace, name: pod[path: "spec", "serviceAccountName"]?.string ?? ""),
      // As real API servers make tokens that pods mount, so that those that are not read again do not end.
      let token = server.token(for: account, pod: pod, lifetime: .seconds(365 * 86_400))
    else { return nil }
    var configuration = ClusterConfiguration(
      server: server.address, authentication: .token(token), namespace: namespace)
    configuration.environment = [:]
    configuration.tls.authority = authority.map { .text($0.authorityPEM) }
    configuration.userName = "service account of this pod"
    return configuration
  }

  /// The token that a container has mounted at a path.
  private static func token(at path: String, of container: JSON, in pod: JSON, _ server: APIServer) -> String? {
    guard
      let account = server.store.get(
        .serviceAccounts, namespace: ObjectName(pod).namespace,
        name: pod[path: "spec", "serviceAccountName"]?.string ?? "")
    else { return nil }
    for mount in container["volumeMounts"]?.array ?? [] {
      guard let folder = mount["mountPath"]?.string, path.hasPrefix(folder + "/"),
        let volume = pod[path: "spec", "volumes"]?.array?.first(where: { $0["name"] == mount["name"] })
      else { continue }
      for source in volume[path: "projected", "sources"]?.array ?? [] {
        guard let token = source["serviceAccountToken"],
          token["path"]?.string == String(path.dropFirst(folder.count + 1))
        else { continue }
        return server.token(
          for: account, pod: pod, lifetime: .seconds(token["expirationSeconds"]?.integer ?? 3600),
          audience: token["audience"]?.string)
      }
    }
    return nil
  }

  /// A bearer token of the administrator's.
  package static let token = "sandbox-administrator"

  /// How a client of this process reaches the cluster, as its administrator.
  package var configuration: ClusterConfiguration {
    var configuration = ClusterConfiguration(server: server.address)
    // A proxy of the environment leads nowhere near the loopback interface.
    configuration.environment = [:]
    if let authority, let administrator {
      configuration.tls.authority = .text(authority.authorityPEM)
      configuration.tls.clientCertificate = .text(administrator.certificatePEM)
      configuration.tls.clientKey = .text(administrator.keyPEM)
    }
    return configuration
  }

  /// The same for programs: the text of a kubeconfig file (JSON, which is YAML too), to be kept as secret as a key.
  package var kubeconfig: String {
    var cluster: [String: String] = ["server": server.address]
    var user: [String: String] = [:]
    if let authority, let administrator {
      cluster["certificate-authority-data"] = Base64.encode(Array(authority.authorityPEM.utf8))
      user["client-certificate-data"] = Base64.encode(Array(administrator.certificatePEM.utf8))
      user["client-key-data"] = Base64.encode(Array(administrator.keyPEM.utf8))
    }
    return Kubeconfiguration(name: "sandbox", cluster: cluster, user: user).text
  }

  /// Bytes of images that came from its registry, from its cache, and from node to node; none are counted where nothing
  /// limits them and there is neither cache nor mirror.
  package var traffic: SandboxTraffic { options.model == nil ? ways.links?.traffic ?? .init() : sources.traffic }

  // MARK: Nodes

  /// Adds a node, which takes pods at once.
  package func addNode(_ template: NodeTemplate) async throws {
    let number = fleet.nextNumber()
    let images = NodeImages(try backend(for: template), disk: template.diskBytes, pace: pace)
    await images.load()
    let kubelet = VirtualKubelet(template, number: number, store: store, pace: pace, images: images, programs: programs)
    try fleet.add(kubelet)
    if await !images.all.isEmpty { await fleet.writeStatus(kubelet) }
  }

  func backend(for template: NodeTemplate) throws -> any ImageBackend {
    if case .cri(let socket) = template.images {
      return SocketImages(endpoint: RuntimeEndpoint(kind: .cri, path: socket), registry: registryClient, logger: logger)
    }
    if let model = options.model {
      return ModelledImages(
        registry, platform: template.platform, sources: sources, model: model, pace: pace, catalogue: catalogue)
    }
    let path = "\(folder)/nodes/\(template.name)"
    // The registry tells by the name whose link it is.
    let userAgent = ways.links.map { _ in "\(registryClient.configuration.userAgent) (\(template.name))" }
    return LayoutImages(
      path: path, platform: template.platform, registry: registryClient, userAgent: userAgent, logger: logger)
  }
}
