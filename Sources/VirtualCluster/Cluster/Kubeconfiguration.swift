import Documents

/// A kubeconfig with one cluster, one user and one context, all of the same name.
struct Kubeconfiguration {
  let name: String
  let cluster: [String: String]
  let user: [String: String]

  /// JSON, which is YAML too.
  var text: String {
    let name = JSON.string(name)
    let document: JSON = [
      "apiVersion": "v1", "kind": "Config", "current-context": name,
      "clusters": [["name": name, "cluster": .object(cluster.mapValues(JSON.string))]],
      "users": [["name": name, "user": .object(user.mapValues(JSON.string))]],
      "contexts": [["name": name, "context": ["cluster": name, "user": name]]],
    ]
    return document.text + "\n"
  }
}
