import Kubernetes
import Planning

/// The pods: the same shell for every engine, around containers that pull and one that holds.
extension DaemonSetManifest {
  func podSpec(for architecture: TouchProgram.Architecture) -> PodSpec {
    var names = ContainerNames(reserved: [Self.holdName, Self.pullName])
    var spec: PodSpec
    switch engine {
    case .kubelet where isolate:
      spec = PodSpec(containers: images.map { hold(named: names.name(for: $0), on: $0.given, policy: kubeletPolicy) })
    case .kubelet:
      spec = PodSpec(containers: [hold(named: Self.holdName, on: images[0].given, policy: .ifNotPresent)])
      spec.initContainers = images.map { touch(named: names.name(for: $0), on: $0.given, policy: kubeletPolicy) }
    case .docker, .cri:
      spec = PodSpec(containers: [hold(named: Self.holdName, on: prepullImage, policy: .ifNotPresent)])
      spec.initContainers = [pull()]
    }
    spec.nodeSelector = nodeSelector.merging([
      "kubernetes.io/os": "linux", "kubernetes.io/arch": architecture.rawValue,
    ])
    spec.tolerations = tolerations.isEmpty ? nil : tolerations
    spec.priorityClassName = priorityClass
    spec.automountServiceAccountToken = false
    spec.enableServiceLinks = false
    spec.terminationGracePeriodSeconds = 30
    spec.imagePullSecrets = pullSecrets.isEmpty ? nil : pullSecrets.map(LocalObjectReference.init)
    spec.securityContext = PodSecurityContext(
      runAsNonRoot: true, runAsUser: Self.nobody, runAsGroup: Self.nobody, seccompProfile: .runtimeDefault)
    spec.volumes = [touchVolume(for: architecture)] + (engine == .kubelet ? [] : runtimeVolumes)
    return spec
  }

  private var kubeletPolicy: Container.PullPolicy {
    switch policy {
    case .ifNotPresent: .ifNotPresent
    case .always: .always
    }
  }

  private static let holdName = "hold"
  private static let pullName = "pull"
  private static let nobody = 65534

  // MARK: Containers that run touch

  /// A container that is done as soon as its image is on the node.
  private func touch(named name: String, on image: String, policy: Container.PullPolicy) -> Container {
    var container = Container(name: name, image: image)
    container.imagePullPolicy = policy
    container.command = ["\(Self.touchFolder)/touch"]
    // Requests that any node can still grant, and no limit: a runtime starts its own process of some 10 MiB within
    // the container's limits before it becomes touch, and would be killed by one that fits touch.
    container.resources = ResourceRequirements(requests: ["cpu": "1m", "memory": "1Mi"])
    container.securityContext = Self.confined
    container.volumeMounts = [VolumeMount(name: "touch", mountPath: Self.touchFolder, readOnly: true)]
    return container
  }

  /// The same, but it stays until it is told to end.
  private func hold(named name: String, on image: String, policy: Container.PullPolicy) -> Container {
    var container = touch(named: name, on: image, policy: policy)
    container.command?.append("hold")
    return container
  }

  private static let touchFolder = "/prepull"

  private func touchVolume(for architecture: TouchProgram.Architecture) -> Volume {
    Volume(
      name: "touch",
      configMap: Volume.ConfigMapSource(
        name: effectiveName, defaultMode: 0o555,
        items: [Volume.KeyToPath(key: "touch-\(architecture.rawValue)", path: "touch")]))
  }

  /// What Pod Security's restricted level asks of a container beyond what the pod says, and a little more.
  private static var confined: SecurityContext {
    var context = SecurityContext()
    context.allowPrivilegeEscalation = false
    context.capabilities = Capabilities(drop: ["ALL"])
    context.readOnlyRootFilesystem = true
    return context
  }

  // MARK: The container that runs prepull pull

  /// Root, as the runtime's socket belongs to root, but without any capability.
  private func pull() -> Container {
    var container = Container(name: Self.pullName, image: prepullImage)
    container.imagePullPolicy = .ifNotPresent
    container.args =
      ["pull", "--runtime", "\(engine.rawValue)://\(effectiveSocket)", "--policy", policy.rawValue]
      + pullSecrets.flatMap { ["--auth-file", "\(Self.authFolder)/\($0).json"] }
      + images.map(\.given)
    container.resources = ResourceRequirements(requests: ["cpu": "10m", "memory": "32Mi"])
    var context = Self.confined
    context.runAsNonRoot = false
    context.runAsUser = 0
    context.runAsGroup = 0
    container.securityContext = context
    container.volumeMounts = [VolumeMount(name: "runtime", mountPath: effectiveSocket)]
    if !pullSecrets.isEmpty {
      container.volumeMounts?.append(VolumeMount(name: "auth", mountPath: Self.authFolder, readOnly: true))
    }
    return container
  }

  private static let authFolder = "/prepull/auth"

  var effectiveSocket: String {
    socket ?? (engine == .docker ? "/var/run/docker.sock" : "/run/containerd/containerd.sock")
  }

  private var runtimeVolumes: [Volume] {
    let secrets = pullSecrets.map { name in
      Volume.ProjectedSource.Source(
        secret: Volume.SecretProjection(
          name: name, items: [Volume.KeyToPath(key: ".dockerconfigjson", path: "\(name).json")]))
    }
    return [Volume(name: "runtime", hostPath: Volume.HostPathSource(path: effectiveSocket, type: "Socket"))]
      + (secrets.isEmpty
        ? [] : [Volume(name: "auth", projected: Volume.ProjectedSource(defaultMode: 0o400, sources: secrets))])
  }
}
