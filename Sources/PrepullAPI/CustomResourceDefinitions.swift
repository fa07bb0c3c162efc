package import Documents
import Kubernetes

/// The definitions of our kinds, as an API server takes them. Source: `apiextensions.k8s.io/v1`.
package enum CustomResourceDefinitions {
  package static let all: [JSON] = [prepull, warmNode]

  /// Answers "is it warm?" in `kubectl get pp`.
  package static let prepull = definition(
    Prepull.self, Schema.prepull, shortNames: ["pp"], hasStatus: true,
    columns: [
      Column("Desired", ".status.nodes.desired", "Nodes that should be warm.", type: "integer"),
      Column("Warm", ".status.nodes.warm", "Nodes that are warm.", type: "integer"),
      Column(
        "Ready", #".status.conditions[?(@.type=="Ready")].status"#, "Whether all nodes that can be reached are warm."),
      Column("Reason", #".status.conditions[?(@.type=="Ready")].reason"#, "Why it is ready or not."),
      Column("Age", ".metadata.creationTimestamp", "", type: "date"),
      Column("Mode", ".spec.mode", "Once or Keep.", isWide: true),
      Column("Pulling", ".status.nodes.pulling", "Nodes that pull.", type: "integer", isWide: true),
      Column("Pending", ".status.nodes.pending", "Nodes that wait.", type: "integer", isWide: true),
      Column("Failed", ".status.nodes.failed", "Nodes that failed.", type: "integer", isWide: true),
      Column(
        "Source", ".status.sources[0].updatedAt", "How old the list of its first source is.", type: "date",
        isWide: true),
      Column(
        "Message", #".status.conditions[?(@.type=="Ready")].message"#, "Why it is ready or not, for people.",
        isWide: true),
    ])

  /// Answers "is it warm?" in `kubectl get warmnodes`.
  package static let warmNode = definition(
    WarmNode.self, Schema.warmNode, shortNames: ["wn"], hasStatus: true,
    columns: [
      Column("Desired", ".status.desired", "Images that are wanted there.", type: "integer"),
      Column("Warm", ".status.warm", "Images that are there.", type: "integer"),
      Column("Reason", #".status.conditions[?(@.type=="Warm")].reason"#, "Why it is warm or not."),
      Column("Verified", ".status.verifiedAt", "When the node last proved what it holds.", type: "date"),
      Column("Age", ".metadata.creationTimestamp", "", type: "date"),
      Column("Arch", ".status.architecture", "The node's architecture.", isWide: true),
      Column("Runtime", ".status.agent.runtime", "What the node's agent pulls through.", isWide: true),
      Column("Gate", ".status.gates[0].reason", "Why its first taint was removed.", isWide: true),
      Column(
        "Message", #".status.conditions[?(@.type=="Warm")].message"#, "Why it is warm or not, for people.",
        isWide: true),
    ])

  private struct Column {
    var json: JSON

    init(_ name: String, _ path: String, _ description: String, type: String = "string", isWide: Bool = false) {
      json = ["name": .string(name), "type": .string(type), "jsonPath": .string(path)]
      if !description.isEmpty { json["description"] = .string(description) }
      if isWide { json["priority"] = 1 }
    }
  }

  private static func definition<Kind: Resource>(
    _ kind: Kind.Type, _ schema: Schema, shortNames: [String], hasStatus: Bool, columns: [Column]
  ) -> JSON {
    var root = schema.openAPI
    root[path: "properties", "apiVersion"] = [
      "type": "string", "description": .string("The version of the API: `\(Kind.apiVersion)`."),
    ]
    root[path: "properties", "kind"] = [
      "type": "string", "description": .string("The kind of object: `\(Kind.kind)`."),
    ]
    root[path: "properties", "metadata"] = ["type": "object"]
    var version: JSON = [
      "name": .string(String(Kind.apiVersion.drop { $0 != "/" }.dropFirst())), "served": true, "storage": true,
      "schema": ["openAPIV3Schema": root], "additionalPrinterColumns": .array(columns.map(\.json)),
    ]
    if hasStatus { version["subresources"] = ["status": [:]] }
    return [
      "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
      "metadata": [
        "name": .string("\(Kind.plural).\(Kind.group)"),
        "labels": ["app.kubernetes.io/name": "prepull", "app.kubernetes.io/component": "api"],
      ],
      "spec": [
        "group": .string(Kind.group), "scope": Kind.isNamespaced ? "Namespaced" : "Cluster",
        "names": [
          "kind": .string(Kind.kind), "listKind": .string(Kind.kind + "List"), "plural": .string(Kind.plural),
          "singular": .string(Kind.kind.lowercased()), "shortNames": .array(shortNames.map(JSON.string)),
          // Not "prepull": kubectl would take it for the singular, and look for a WarmNode of every Prepull's name.
          "categories": ["warm"],
        ],
        "versions": [version],
      ],
    ]
  }
}
