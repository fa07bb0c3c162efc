import ImageModel
import Kubernetes

/// Everything that the API server, or the cluster later on, would refuse.
extension DaemonSetManifest {
  func validate() throws(ManifestError) {
    if images.isEmpty { throw ManifestError(.noImages, "no image to render: name at least one") }
    if architectures.isEmpty {
      throw ManifestError(.architecture, "no architecture to render for: name at least one")
    }
    try validateEngine()
    try check(effectiveName, .label, .name, "name")
    if effectiveName.utf8.count > Self.nameLimit {
      throw ManifestError(
        .name,
        "name '\(effectiveName)' is longer than \(Self.nameLimit) characters: an architecture and a pod's suffix are added"
      )
    }
    if let namespace { try check(namespace, .label, .namespace, "namespace") }
    if let priorityClass { try check(priorityClass, .subdomain, .priorityClass, "priority class") }
    for secret in pullSecrets { try check(secret, .subdomain, .pullSecret, "pull secret") }
    try validateNodeSelector()
    try validateLabels()
    try validateAnnotations()
    if let problem = template.problem {
      throw ManifestError(.resources, "\(problem.part == .requests ? "request" : "limit"): \(problem.text)")
    }
  }

  private func validateEngine() throws(ManifestError) {
    guard engine != .kubelet else {
      if socket != nil {
        throw ManifestError(.socket, "the kubelet engine uses no socket: leave it out, or choose engine docker or cri")
      }
      return
    }
    if architectures.contains(.windows) {
      throw ManifestError(
        .architecture,
        "Windows nodes are warmed by their kubelets only: choose engine kubelet, or leave out windows-amd64")
    }
    if isolate {
      throw ManifestError(
        .isolate,
        "isolate is for the kubelet engine: with engine \(engine.rawValue) one bad image never stops the others")
    }
    if !effectiveSocket.hasPrefix("/") || effectiveSocket.split(separator: "/").contains("..") {
      throw ManifestError(.socket, "socket '\(effectiveSocket)' is not an absolute path without '..'")
    }
    do {
      _ = try Reference(parsing: prepullImage)
    } catch {
      throw ManifestError(.prepullImage, "Prepull's own image: \(error)")
    }
  }

  private func validateNodeSelector() throws(ManifestError) {
    for (key, value) in nodeSelector.entries.sorted(by: <) {
      if key == "kubernetes.io/arch" || key == "kubernetes.io/os" {
        let remedy = key.hasSuffix("arch") ? "choose the architectures instead" : "it follows from the architectures"
        throw ManifestError(.nodeSelector, "node selector '\(key)' is set by Prepull: \(remedy)")
      }
      try check(key, .key, .nodeSelector, "node selector's key")
      try check(value, .value, .nodeSelector, "node selector's value")
    }
  }

  private func validateLabels() throws(ManifestError) {
    for (key, value) in labels.entries.sorted(by: <) {
      if identity[key] != nil || key == "prepull.dev/arch" {
        throw ManifestError(.label, "label '\(key)' is set by Prepull, whose DaemonSets find their pods by it")
      }
      try check(key, .key, .label, "label's key")
      try check(value, .value, .label, "label's value")
    }
  }

  private func validateAnnotations() throws(ManifestError) {
    for key in annotations.entries.keys.sorted() {
      // Kubernetes takes capitals in the key's prefix here.
      try check(key.lowercased(), .key, .annotation, "annotation's key", shown: key)
    }
    let size = annotations.entries.reduce(0) { $0 + $1.key.utf8.count + $1.value.utf8.count }
    if size > 256 * 1024 {
      throw ManifestError(.annotation, "the annotations are \(size) bytes, and Kubernetes takes 256 KiB at most")
    }
  }

  private func check(
    _ text: String, _ rule: NamingRule, _ code: ManifestError.Code, _ what: String, shown: String? = nil
  ) throws(ManifestError) {
    guard let problem = rule.problem(in: text) else { return }
    throw ManifestError(code, "\(what) '\(shown ?? text)' \(problem)")
  }
}
