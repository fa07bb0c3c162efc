package import ImageModel
package import Kubernetes

/// The single-use DaemonSet: every node that it selects pulls the images once, and the pods then idle.
///
/// It covers new nodes by itself, and as its pods stay, the kubelet's garbage collection spares the images.
package struct DaemonSetManifest: Sendable {
  /// By what means a node pulls.
  package enum Engine: String, CaseIterable, Sendable {
    /// The kubelet, because the pod names the image. Nothing of Prepull but `touch` runs, without any privilege.
    case kubelet
    /// `prepull pull` in the pod, through the node's Docker socket.
    case docker
    /// `prepull pull` in the pod, through the node's CRI socket.
    case cri
  }

  /// Manifests repeat each to the letter: a node is warm for the exact reference that the user's pods write.
  package var images: [WantedImage]
  /// The name of all objects; derived from the first image when nil.
  package var name: String?
  /// Where the objects go; kubectl's current namespace when nil.
  package var namespace: String?
  package var engine = Engine.kubelet
  /// Each gets a DaemonSet of its own, as `touch` is a different file on each.
  package var architectures: Set<TouchProgram.Architecture> = [.amd64, .arm64]
  /// Images that have nothing for an architecture: its nodes are not asked to pull them.
  package var unsupported: [TouchProgram.Architecture: Set<WantedImage>] = [:]
  /// One container that holds per image, so that an image which cannot be pulled does not keep others waiting.
  package var isolate = false
  package var policy = PullPolicy.ifNotPresent
  package var nodeSelector: StringMap = [:]
  /// Terms of which a node must meet one; nil when the node selector says all.
  package var affinity: [NodeSelectorTerm]?
  /// On top of those that the DaemonSet controller gives to every pod: not ready, unreachable, under pressure,
  /// unschedulable.
  package var tolerations: [Toleration] = []
  /// Names of secrets of type `kubernetes.io/dockerconfigjson` in the same namespace.
  package var pullSecrets: [String] = []
  /// Labels and annotations of the objects and of the pods.
  package var labels: StringMap = [:]
  package var annotations: StringMap = [:]
  /// Of every container, on top of the usual ones.
  package var requests: StringMap = [:]
  package var limits: StringMap = [:]
  package var priorityClass: String?
  /// A tenth of the nodes: an edited list of images is through after ten rounds however large the cluster is, and one
  /// that cannot be pulled stops there, as pods that fail count as unavailable.
  package var maxUnavailable = IntOrString.string("10%")
  /// Prepull's own image, for the engines that run it.
  package var prepullImage: String
  /// How often `prepull pull` tries a failed pull again, for the engines that run it; its own number when nil.
  package var retries: Int?
  /// The runtime's socket on the nodes, for the engines that use one; the usual place when nil.
  package var socket: String?

  package init(images: [WantedImage], prepullImage: String) {
    self.images = images
    self.prepullImage = prepullImage
  }

  /// Chooses nodes by their labels: by the node selector where it can say so, else by affinity.
  package mutating func select(_ requirements: [NodeRequirement]) {
    var others = NodeChoice()
    for requirement in requirements {
      if requirement.operator == .in, requirement.values.count == 1,
        [nil, requirement.values[0]].contains(nodeSelector[requirement.key])
      {
        nodeSelector[requirement.key] = requirement.values[0]
      } else {
        others.selector.append(requirement)
      }
    }
    affinity = others.terms
  }

  /// The name that the objects get.
  package var effectiveName: String {
    name ?? NamingRule.label(from: "prepull-" + (images.first?.shortName ?? ""), limit: Self.nameLimit) ?? "prepull"
  }

  /// With an architecture and the five random characters of a pod behind it a name still fits a host name's 63.
  static let nameLimit = 49

  /// One order whatever the order of the request, so that the output is the same.
  var sortedArchitectures: [TouchProgram.Architecture] {
    TouchProgram.Architecture.allCases.filter(architectures.contains)
  }

  /// The API server takes requests of 3 MiB and etcd objects of 1.5 MiB; the rest is for what controllers add.
  static let sizeLimit = 1_000_000

  /// The labels that tell these pods from all others.
  var identity: StringMap {
    [
      "app.kubernetes.io/name": "prepull",
      "app.kubernetes.io/instance": effectiveName,
      "app.kubernetes.io/managed-by": "prepull",
    ]
  }

  /// The objects in the order in which they are applied: a ConfigMap, and a DaemonSet for each architecture.
  package func resources() throws(ManifestError) -> [any Resource] {
    try validate()
    let resources: [any Resource] =
      [touchConfigMap()] + sortedArchitectures.filter { !images(on: $0).isEmpty }.map(daemonSet)
    for resource in resources where resource.encodedSize > Self.sizeLimit {
      throw ManifestError(
        .tooLarge,
        "\(images.count) images make an object of more than 1 MB, which the API server does not take; "
          + "spread them over several with different names")
    }
    return resources
  }

  /// What nodes of an architecture are to pull.
  func images(on architecture: TouchProgram.Architecture) -> [WantedImage] {
    let missing = unsupported[architecture] ?? []
    return images.filter { !missing.contains($0) }
  }

  /// Of the DaemonSet for an architecture.
  func name(of architecture: TouchProgram.Architecture) -> String {
    // No longer than the longest architecture of Linux.
    "\(effectiveName)-\(architecture.isWindows ? "windows" : architecture.rawValue)"
  }

  private func metadata(name: String) -> ObjectMeta {
    ObjectMeta(
      name: name, namespace: namespace, labels: identity.merging(labels),
      annotations: annotations.isEmpty ? nil : annotations)
  }

  private func touchConfigMap() -> ConfigMap {
    ConfigMap(metadata: metadata(name: effectiveName), binaryData: PodShell.touchFiles(for: architectures))
  }

  private func daemonSet(for architecture: TouchProgram.Architecture) -> DaemonSet {
    let selected = identity.merging(["prepull.dev/arch": architecture.rawValue])
    return DaemonSet(
      metadata: metadata(name: name(of: architecture)),
      spec: DaemonSet.Spec(
        selector: LabelSelector(matchLabels: selected),
        updateStrategy: .rollingUpdate(maxUnavailable: maxUnavailable),
        template: PodTemplateSpec(
          metadata: ObjectMeta(
            labels: selected.merging(labels),
            annotations: PodShell.evictable.merging(annotations)),
          spec: podSpec(for: architecture))))
  }
}
