import Kubernetes

/// The restricted level of Kubernetes' Pod Security Standards, as far as the fields that our types have reach; what
/// they lack (host namespaces, sysctls, ports) no manifest of ours can ask for.
///
/// Source: <https://kubernetes.io/docs/concepts/security/pod-security-standards>.
func restrictedViolations(of pod: PodSpec) -> [String] {
  var violations: [String] = []
  for volume in pod.volumes ?? [] where volume.hostPath != nil || (volume.configMap == nil && volume.projected == nil) {
    violations.append("volume \(volume.name) is neither configMap nor projected")
  }
  for container in (pod.initContainers ?? []) + pod.containers {
    let context = container.securityContext
    func require(_ holds: Bool, _ what: String) {
      if !holds { violations.append("\(container.name): \(what)") }
    }
    require(context?.privileged != true, "privileged")
    require(context?.allowPrivilegeEscalation == false, "allowPrivilegeEscalation")
    require(context?.capabilities?.drop?.contains("ALL") == true, "capabilities.drop")
    require(context?.capabilities?.add?.allSatisfy { $0 == "NET_BIND_SERVICE" } ?? true, "capabilities.add")
    require(context?.runAsNonRoot ?? pod.securityContext?.runAsNonRoot == true, "runAsNonRoot")
    require((context?.runAsUser ?? pod.securityContext?.runAsUser) != 0, "runAsUser")
    let seccomp = (context?.seccompProfile ?? pod.securityContext?.seccompProfile)?.type
    require(seccomp == "RuntimeDefault" || seccomp == "Localhost", "seccompProfile")
  }
  return violations
}
