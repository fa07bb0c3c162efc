import ImageModel
package import Kubernetes

/// What a reader of the manifest should know.
extension DaemonSetManifest {
  /// Lines for the head of the printed manifest: what it is, how to use it and be rid of it, what it opens to whom.
  package func notes(on resources: [any Resource]) -> [String] {
    let one = images.count == 1
    let architectures = sortedArchitectures.map(\.rawValue)
    let node = self.architectures.contains(.windows) ? "node" : "Linux node"
    let kubectl = "kubectl" + (namespace.map { " -n \($0)" } ?? "")
    let apply = needsServerSideApply(resources) ? "apply --server-side" : "apply"
    var notes = [
      "Pulls \(one ? images[0].given : "\(images.count) images") onto every \(node) of these architectures: "
        + "\(architectures.joined(separator: ", ")).",
      "  apply   kubectl \(apply) -f FILE",
    ]
    notes += sortedArchitectures.map { "  watch   \(kubectl) rollout status daemonset/\(name(of: $0))" }
    notes.append("  remove  kubectl delete -f FILE")
    return notes + access
  }

  /// Whether an object is too large for the annotation in which `kubectl apply` keeps what it applied (256 KiB).
  package func needsServerSideApply(_ resources: [any Resource]) -> Bool {
    resources.contains { resource in resource.encodedSize > 250_000 }
  }

  /// Who may use the images afterwards: KEP-2535.
  private var access: [String] {
    switch engine {
    case .kubelet:
      [
        "Images that the kubelet pulls with a secret stay usable only to pods with a matching secret (KEP-2535, on by",
        "default since Kubernetes 1.35); images pulled without one are open to every pod of the node.",
      ]
    case .docker, .cri:
      (engine == .docker ? ["Only a kubelet that runs its pods in Docker (cri-dockerd) finds these images."] : []) + [
        "The pods run as root with the node's \(effectiveSocket), so their namespace must allow that:",
        "  kubectl label namespace \(namespace ?? "NAMESPACE") pod-security.kubernetes.io/enforce=privileged",
        "Images pulled past the kubelet count as preloaded (KEP-2535): every pod of the node may use them, also images",
        "that were pulled with a secret.",
      ]
    }
  }
}
