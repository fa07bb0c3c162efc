import Documents

/// Of the kinds of others that our pages show, the fields that those pages use, with their types, as far as they were
/// compared with the projects' own definitions: Argo Rollouts 1.8, Flux 2.5. Anything else is refused.
enum ForeignSchemas {
  static let all: [JSON] = [
    definition(
      "kustomize.toolkit.fluxcd.io", "v1", "Kustomization", "kustomizations",
      object(
        [
          "interval": duration, "timeout": duration, "path": string, "prune": boolean, "wait": boolean,
          "force": boolean,
          "sourceRef": object(
            [
              "kind": ["type": "string", "enum": ["OCIRepository", "GitRepository", "Bucket", "ExternalArtifact"]],
              "name": string, "namespace": string,
            ], required: ["kind", "name"]),
          "dependsOn": array(object(["name": string, "namespace": string], required: ["name"])),
          "healthCheckExprs": array(
            object(
              ["apiVersion": string, "kind": string, "current": string, "failed": string, "inProgress": string],
              required: ["apiVersion", "kind", "current"])),
        ], required: ["interval", "prune", "sourceRef"])),
    definition(
      "argoproj.io", "v1alpha1", "AnalysisTemplate", "analysistemplates",
      object(
        ["args": array(argument), "metrics": array(metric)], required: ["metrics"])),
    definition(
      "argoproj.io", "v1alpha1", "Rollout", "rollouts",
      object([
        "workloadRef": object(["apiVersion": string, "kind": string, "name": string]),
        "strategy": object([
          "canary": object([
            "steps": array(
              object([
                "setWeight": ["type": "integer"],
                "analysis": object([
                  "templates": array(object(["templateName": string, "clusterScope": boolean])),
                  "args": array(argument),
                ]),
              ]))
          ])
        ]),
      ])),
  ]

  private static let string: JSON = ["type": "string"]
  private static let boolean: JSON = ["type": "boolean"]
  private static let duration: JSON = ["type": "string", "pattern": "^([0-9]+(\\.[0-9]+)?(ms|s|m|h))+$"]
  private static let argument = object(["name": string, "value": string], required: ["name"])

  /// What a Job is, the API server checks where it is applied as one.
  private static let metric = object(
    [
      "name": string, "interval": string, "initialDelay": string, "successCondition": string,
      "failureCondition": string,
      "count": ["x-kubernetes-int-or-string": true], "failureLimit": ["x-kubernetes-int-or-string": true],
      "consecutiveSuccessLimit": ["x-kubernetes-int-or-string": true],
      "provider": object([
        "job": object(
          ["metadata": ["type": "object"], "spec": ["type": "object", "x-kubernetes-preserve-unknown-fields": true]],
          required: ["spec"]),
        "prometheus": object(["address": string, "query": string]),
      ]),
    ], required: ["name", "provider"])

  private static func object(_ properties: JSON, required: [String] = []) -> JSON {
    var schema: JSON = ["type": "object", "properties": properties]
    if !required.isEmpty { schema["required"] = .array(required.map(JSON.string)) }
    return schema
  }

  private static func array(_ items: JSON) -> JSON { ["type": "array", "items": items] }

  private static func definition(
    _ group: String, _ version: String, _ kind: String, _ plural: String, _ spec: JSON
  ) -> JSON {
    [
      "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
      "metadata": ["name": .string("\(plural).\(group)")],
      "spec": [
        "group": .string(group), "scope": "Namespaced",
        "names": [
          "kind": .string(kind), "plural": .string(plural), "singular": .string(kind.lowercased()),
          "listKind": .string("\(kind)List"),
        ],
        "versions": [
          [
            "name": .string(version), "served": true, "storage": true,
            "schema": ["openAPIV3Schema": object(["spec": spec], required: ["spec"])],
          ]
        ],
      ],
    ]
  }
}
