import ImageModel
import Kubernetes

/// The pods: the same shell for every engine, around containers that pull and one that holds.
extension DaemonSetManifest {
  func podSpec(for architecture: TouchProgram.Architecture) -> PodSpec {
    let images = images(on: architecture)
    var names = ContainerNames(reserved: [Self.holdName, Self.pullName])
    func container(for image: WantedImage, running program: PodShell.Program) -> Container {
      PodShell.container(
        named: names.name(for: image), on: image.given, policy: policy.container, running: program, for: architecture,
        template: template)
    }
    let containers: [Container]
    var initContainers: [Container]?
    switch engine {
    case .kubelet where isolate: containers = images.map { container(for: $0, running: .hold) }
    case .kubelet:
      containers = [hold(on: images[0].given, for: architecture)]
      initContainers = images.map { container(for: $0, running: .touch) }
    case .docker, .cri:
      containers = [hold(on: prepullImage, for: architecture)]
      initContainers = [pull()]
    }
    var spec = PodShell.spec(
      containers: containers, touch: effectiveName, for: architecture, pullSecrets: pullSecrets,
      tolerations: tolerations, priorityClass: priorityClass)
    spec.initContainers = initContainers
    spec.nodeSelector = nodeSelector.merging([
      "kubernetes.io/os": architecture.platform.os, "kubernetes.io/arch": architecture.platform.architecture,
    ])
    spec.affinity = affinity.map {
      Affinity(nodeAffinity: NodeAffinity(required: NodeSelector(nodeSelectorTerms: $0)))
    }
    if engine != .kubelet { spec.volumes? += runtimeVolumes }
    return spec
  }

  private func hold(on image: String, for architecture: TouchProgram.Architecture) -> Container {
    PodShell.container(
      named: Self.holdName, on: image, policy: .ifNotPresent, running: .hold, for: architecture, template: template)
  }

  /// What all containers get; labels and annotations are those of the objects too.
  var template: PodTemplateOptions { PodTemplateOptions(requests: requests, limits: limits) }

  private static let holdName = "hold"
  private static let pullName = "pull"

  // MARK: The container that runs prepull pull

  /// Root, as the runtime's socket belongs to root, but without any capability.
  private func pull() -> Container {
    var container = Container(name: Self.pullName, image: prepullImage)
    container.imagePullPolicy = .ifNotPresent
    container.args =
      ["pull", "--runtime", "\(engine.rawValue)://\(effectiveSocket)", "--policy", policy.rawValue]
      + (retries.map { ["--retries", "\($0)"] } ?? [])
      + pullSecrets.flatMap { ["--auth-file", "\(Self.authFolder)/\($0).json"] }
      + images.map(\.given)
    container.resources = template.resources(over: ["cpu": "10m", "memory": "32Mi"])
    var context = PodShell.confined
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
