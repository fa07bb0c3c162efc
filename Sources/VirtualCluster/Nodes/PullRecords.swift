/// Who may use the images that a kubelet has pulled (KEP-2535, on since 1.35 with `NeverVerifyPreloadedImages`).
///
/// Kept by the content's identifier and, below it, by the repository that a pod names: the same content under another
/// repository's name is verified again. Content without a record was put there past the kubelet and is open to all.
///
/// Source: `pkg/kubelet/images/pullmanager/image_pull_manager.go`.
struct PullRecords: Sendable {
  /// A pull secret's login, and where it lies.
  struct Secret: Hashable, Sendable {
    /// `namespace/name/uid`.
    let place: String
    /// What is in it for the registry; equal ones open the same images.
    let login: Int
  }

  private struct Access {
    /// Pulled without any secret once: open to all pods of the node.
    var isOpen = false
    var secrets: Set<Secret> = []
  }

  private var records: [String: [String: Access]] = [:]

  /// The kubelet has pulled the content; without a secret when that is nil.
  mutating func note(_ id: String, repository: String, with secret: Secret?) {
    if let secret {
      records[id, default: [:]][repository, default: Access()].secrets.insert(secret)
    } else {
      records[id, default: [:]][repository, default: Access()].isOpen = true
    }
  }

  /// Whether a pod with these secrets may use the content without asking the registry.
  mutating func admits(_ id: String, repository: String, _ secrets: [Secret]) -> Bool {
    guard let record = records[id] else { return true }
    guard let access = record[repository] else { return false }
    if access.isOpen { return true }
    for secret in secrets
    where access.secrets.contains(where: { $0.login == secret.login || $0.place == secret.place }) {
      // A secret that was renewed, or another one with the same login, is remembered too.
      records[id]?[repository]?.secrets.insert(secret)
      return true
    }
    return false
  }

  mutating func forget(_ id: String) { records[id] = nil }
}
