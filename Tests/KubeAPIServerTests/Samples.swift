import Documents
import KubeAPIServer

/// Objects that the tests of the API server store.
enum Samples {
  static let pods = ResourceName(plural: "pods")
  static let nodes = ResourceName(plural: "nodes")
  static let namespaces = ResourceName(plural: "namespaces")
  static let configMaps = ResourceName(plural: "configmaps")
  static let daemonSets = ResourceName(group: "apps", plural: "daemonsets")

  static func pod(_ name: String, node: String? = nil, labels: JSON = [:], image: String = "nginx:1.27") -> JSON {
    var pod: JSON = [
      "apiVersion": "v1", "kind": "Pod",
      "metadata": ["name": .string(name), "namespace": "default", "labels": labels],
      "spec": ["containers": [["name": "main", "image": .string(image)]]],
    ]
    if let node { pod[path: "spec", "nodeName"] = .string(node) }
    return pod
  }

  static func configMap(_ name: String, _ data: JSON = [:]) -> JSON {
    [
      "apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": .string(name), "namespace": "default"],
      "data": data,
    ]
  }

  static func daemonSet(_ name: String) -> JSON {
    [
      "apiVersion": "apps/v1", "kind": "DaemonSet",
      "metadata": ["name": .string(name), "namespace": "default"],
      "spec": [
        "selector": ["matchLabels": ["app": .string(name)]],
        "template": [
          "metadata": ["labels": ["app": .string(name)]],
          "spec": ["containers": [["name": "main", "image": "nginx"]]],
        ],
      ],
    ]
  }
}
