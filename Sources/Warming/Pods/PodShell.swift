import ImageModel
package import Kubernetes

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What all our pods have in common, whatever makes them: containers that run `touch` in place of what is in their
/// image, without any right, so that Pod Security's restricted level takes them. On Windows nodes they say so by other
/// fields: the API server refuses those of Linux there.
package enum PodShell {
  /// What `touch` does in a container.
  package enum Program {
    /// It is done as soon as the image is on the node.
    case touch
    /// It stays until it is asked to end.
    case hold
  }

  static let nobody = 65534
  private static let folder = "/prepull"
  /// What the kubelet of a Windows node makes of `folder`.
  private static let windowsFolder = "C:\\prepull"
  /// Of every image of Windows, and no administrator.
  static let windowsUser = "ContainerUser"

  /// - Parameter template: whose requests and limits the container gets.
  package static func container(
    named name: String, on image: String, policy: Container.PullPolicy, running program: Program = .touch,
    for architecture: TouchProgram.Architecture = .amd64, template: PodTemplateOptions = PodTemplateOptions()
  ) -> Container {
    var container = Container(name: name, image: image)
    container.imagePullPolicy = policy
    let touch = architecture.isWindows ? "\(windowsFolder)\\touch.exe" : "\(folder)/touch"
    container.command = [touch] + (program == .hold ? ["hold"] : [])
    // Requests that any node can still grant, and no limit: a runtime starts its own process of some 10 MiB within
    // the container's limits before it becomes touch, and would be killed by one that fits touch.
    container.resources = template.resources(over: ["cpu": "1m", "memory": "1Mi"])
    if !architecture.isWindows { container.securityContext = confined }
    container.volumeMounts = [VolumeMount(name: "touch", mountPath: folder, readOnly: true)]
    return container
  }

  /// What Pod Security's restricted level asks of a container beyond what the pod says, and a little more.
  static var confined: SecurityContext {
    var context = SecurityContext()
    context.allowPrivilegeEscalation = false
    context.capabilities = Capabilities(drop: ["ALL"])
    context.readOnlyRootFilesystem = true
    return context
  }

  /// The pod around its containers.
  package static func spec(
    containers: [Container], touch configMap: String, for architecture: TouchProgram.Architecture,
    pullSecrets: [String], tolerations: [Toleration], priorityClass: String?
  ) -> PodSpec {
    var spec = PodSpec(containers: containers)
    spec.tolerations = tolerations.isEmpty ? nil : tolerations
    spec.priorityClassName = priorityClass
    // As the node resolves names, which is what pulls go by; a cluster without DNS then has nothing to warn of.
    spec.dnsPolicy = "Default"
    spec.automountServiceAccountToken = false
    spec.enableServiceLinks = false
    spec.terminationGracePeriodSeconds = 30
    spec.imagePullSecrets = pullSecrets.isEmpty ? nil : pullSecrets.map(LocalObjectReference.init)
    let file = Volume.KeyToPath(
      key: "touch-\(architecture.rawValue)", path: architecture.isWindows ? "touch.exe" : "touch")
    if architecture.isWindows {
      spec.os = PodSpec.System(name: "windows")
      spec.securityContext = PodSecurityContext(
        runAsNonRoot: true, windowsOptions: WindowsOptions(runAsUserName: windowsUser))
    } else {
      spec.securityContext = PodSecurityContext(
        runAsNonRoot: true, runAsUser: nobody, runAsGroup: nobody, seccompProfile: .runtimeDefault)
    }
    spec.volumes = [
      Volume(
        name: "touch",
        configMap: Volume.ConfigMapSource(
          // Files of Windows have no mode.
          name: configMap, defaultMode: architecture.isWindows ? nil : 0o555, items: [file]))
    ]
    return spec
  }

  /// The files of the ConfigMap, in base64.
  package static func touchFiles(for architectures: some Sequence<TouchProgram.Architecture>) -> StringMap {
    var files: StringMap = [:]
    for architecture in architectures {
      files["touch-\(architecture.rawValue)"] = Data(TouchProgram.bytes(for: architecture)).base64EncodedString()
    }
    return files
  }

  /// An idle puller is no reason to keep a node that the autoscaler could do without.
  package static let evictable: StringMap = ["cluster-autoscaler.kubernetes.io/safe-to-evict": "true"]
}

extension PullPolicy {
  var container: Container.PullPolicy {
    switch self {
    case .ifNotPresent: .ifNotPresent
    case .always: .always
    }
  }
}
