import Documents

/// The plugin ServiceAccount: `plugin/pkg/admission/serviceaccount`.
extension Store {
  static let tokenFolder = "/var/run/secrets/kubernetes.io/serviceaccount"

  /// Gives a pod its account's pull secrets and, unless it does without, the volume with its token.
  func assignAccount(_ pod: inout JSON) throws(StatusError) {
    let namespace = pod[path: "metadata", "namespace"]?.string ?? ""
    let name = pod[path: "spec", "serviceAccountName"]?.string ?? "default"
    // Without a namespace there is another refusal to come.
    guard let place = get(.namespaces, name: namespace) else { return }
    guard let account = account(name, in: place) else {
      throw .forbidden(
        .pods, pod[path: "metadata", "name"]?.string ?? "",
        "error looking up service account \(namespace)/\(name): serviceaccount \"\(name)\" not found")
    }
    if pod[path: "spec", "imagePullSecrets"]?.array?.isEmpty ?? true,
      let secrets = account["imagePullSecrets"]?.array, !secrets.isEmpty
    {
      pod[path: "spec", "imagePullSecrets"] = .array(secrets)
    }
    let wants =
      pod[path: "spec", "automountServiceAccountToken"]?.bool ?? account["automountServiceAccountToken"]?.bool ?? true
    if wants { mountToken(&pod) }
  }

  /// The controller may not have made `default` yet; the real plugin waits for it, too.
  private func account(_ name: String, in namespace: JSON) -> JSON? {
    let place = ObjectName(namespace).name
    if let account = get(.serviceAccounts, namespace: place, name: name) { return account }
    guard name == "default", !namespace.isTerminating else { return nil }
    _ = try? create(["metadata": ["name": "default", "namespace": .string(place)]], as: .serviceAccounts)
    return get(.serviceAccounts, namespace: place, name: name)
  }

  private func mountToken(_ pod: inout JSON) {
    let volume = JSON.string("kube-api-access-" + Self.suffix())
    let mount: JSON = ["name": volume, "readOnly": true, "mountPath": .string(Self.tokenFolder)]
    var isMounted = false
    for list in ["initContainers", "containers"] {
      guard let containers = pod[path: "spec", list]?.array else { continue }
      pod[path: "spec", list] = .array(
        containers.map { container in
          let mounts = container["volumeMounts"]?.array ?? []
          if mounts.contains(where: { $0["mountPath"]?.string == Self.tokenFolder }) { return container }
          isMounted = true
          var container = container
          container["volumeMounts"] = .array(mounts + [mount])
          return container
        })
    }
    guard isMounted else { return }
    let sources: JSON = [
      ["serviceAccountToken": ["expirationSeconds": 3607, "path": "token"]],
      ["configMap": ["name": "kube-root-ca.crt", "items": [["key": "ca.crt", "path": "ca.crt"]]]],
      [
        "downwardAPI": [
          "items": [["path": "namespace", "fieldRef": ["apiVersion": "v1", "fieldPath": "metadata.namespace"]]]
        ]
      ],
    ]
    pod[path: "spec", "volumes"] = .array(
      (pod[path: "spec", "volumes"]?.array ?? [])
        + [["name": volume, "projected": ["defaultMode": 420, "sources": sources]]])
  }
}
