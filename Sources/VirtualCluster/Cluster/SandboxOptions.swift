package import KubeAPIServer

/// What a sandbox is made of.
package struct SandboxOptions: Sendable {
  /// Pulls that take the time which their bytes need, and move none: for thousands of nodes.
  package struct Model: Sendable {
    /// Of each node, in bytes a second.
    package var linkBandwidth: Int64
    /// That all nodes share, in bytes a second; nil for no limit.
    package var registryBandwidth: Int64?
    /// Until the first byte of a pull comes.
    package var latency: Duration

    package init(
      linkBandwidth: Int64 = 125_000_000, registryBandwidth: Int64? = nil, latency: Duration = .milliseconds(100)
    ) {
      self.linkBandwidth = linkBandwidth
      self.registryBandwidth = registryBandwidth
      self.latency = latency
    }
  }

  /// How fast the bytes of real pulls come from the sandbox's own registry; in bytes a second, nil for no limit.
  package struct Links: Sendable, Hashable {
    /// Of each node.
    package var nodeBandwidth: Int64?
    /// That all nodes share.
    package var registryBandwidth: Int64?

    /// Until each answer of the registry begins.
    package var latency: Duration

    package init(nodeBandwidth: Int64? = nil, registryBandwidth: Int64? = nil, latency: Duration = .zero) {
      self.nodeBandwidth = nodeBandwidth
      self.registryBandwidth = registryBandwidth
      self.latency = latency
    }
  }

  /// A pull-through cache before the sandbox's own registry.
  package struct Cache: Sendable, Hashable {
    /// Whether it fetches a layer once although several ask for it before it is there. Most do not.
    package var coalesces: Bool
    /// Of its link, that all nodes share, in bytes a second; nil for no limit.
    package var bandwidth: Int64?

    package init(coalesces: Bool, bandwidth: Int64? = nil) {
      self.coalesces = coalesces
      self.bandwidth = bandwidth
    }
  }

  package var nodes: [NodeTemplate]
  /// Set: nodes ask it before the registry.
  package var cache: Cache?
  /// Whether nodes ask each other first, as with Spegel or Dragonfly: before the cache and the registry.
  package var hasMirror = false
  /// Set: all nodes (but those with a real runtime) pull by this model, and only from the sandbox's own registry.
  package var model: Model?
  /// Set: bytes that are really pulled take their time. All nodes with a real runtime are one reader to the registry.
  package var links: Links?
  /// Divides the waits of the sandbox's kubelets and controllers, and of modelled pulls; see ``Pace``.
  package var speed: Double = 1
  /// HTTPS with a certificate authority of its own, else HTTP.
  package var tls = true
  /// The API server's port; nil for any that is free.
  package var port: Int?
  /// Where images are kept; nil for a temporary folder that is removed at the end.
  package var folder: String?
  package var hasSampleImages = true
  /// From the creation of a Node object by a client until its kubelet says that it is ready.
  package var readyAfter: Duration = .seconds(1)
  /// Between two renewals of a node's lease. Not divided by `speed`.
  package var heartbeat: Duration = .seconds(10)
  /// What containers may really run; see ``SandboxProgram``.
  package var programs: [SandboxProgram] = []

  /// Which Kubernetes the API server says it is: 36 for 1.36; see ``APIServer/Options``.
  package var minorVersion = 36

  /// What reads the validation rules of custom resources.
  package var rules = RuleCompiler.none

  package init(nodes: [NodeTemplate] = NodeTemplate.numbered(3)) { self.nodes = nodes }
}
