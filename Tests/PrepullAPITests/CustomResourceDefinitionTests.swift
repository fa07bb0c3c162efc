@testable import PrepullAPI
import Documents
import KubeAPIServer
import Kubernetes
import TestKit
import Testing

@Suite("API: as the API server takes it", .timeLimit(.minutes(10))) struct CustomResourceDefinitionTests {
  private static let prepulls = ResourceName(group: "prepull.dev", plural: "prepulls")

  private func store() throws -> Store {
    let store = Store(rules: .cel)
    for definition in CustomResourceDefinitions.all {
      try store.create(definition, as: ResourceName(group: "apiextensions.k8s.io", plural: "customresourcedefinitions"))
    }
    return store
  }

  private func created(_ spec: JSON) throws -> JSON {
    try store().create(
      [
        "apiVersion": "prepull.dev/v1alpha1", "kind": "Prepull", "metadata": ["name": "web", "namespace": "default"],
        "spec": spec,
      ], as: Self.prepulls)
  }

  @Test("The API server fills in what PrepullSettings takes for granted")
  func defaults() throws {
    let plain: JSON = ["images": [["image": "nginx:1.27"]], "gate": ["startupTaint": "prepull.dev/cold"]]
    let stored = try #require(try created(plain)["spec"])
    #expect(stored["parallelism"] == "10%")
    #expect(stored["nodeTimeout"] == nil && stored["windowPolicy"] == "Rollouts")
    #expect(stored[path: "gate", "deadline"] == "10m")
    #expect(try PrepullSettingsTests.settings(stored) == PrepullSettingsTests.settings(plain))
  }

  @Test(
    "Takes what is right",
    arguments: [
      ["images": [["image": "nginx"]]], ["workloads": [:]],
      [
        "images": [
          ["image": "registry.example.com:5000/team/app_x.y:v1.2-rc_3"],
          ["image": .string("[::1]:5000/a/b@sha256:" + CustomResourceDefinitionTests.hex)],
          ["image": "localhost/a--b"],
          ["image": .string("ghcr.io/a/b:v1@sha256:" + CustomResourceDefinitionTests.hex)],
        ]
      ],
      [
        "sources": [
          [
            "prometheus": [
              "url": "http://p:9090", "query": "x", "interval": "30s", "top": 100, "secretRef": ["name": "a"],
            ]
          ],
          ["tags": ["repository": "registry.example.com/a", "semver": ">=1.4 <2", "newest": 50, "order": "Created"]],
        ]
      ],
      ["workloads": ["namespaces": ["web", "db-1"], "selector": ["matchLabels": ["tier": "front"]]]],
      ["workloads": [:], "mode": "Once", "ttlSecondsAfterFinished": 0, "parallelism": 1, "maxFailures": 0],
      ["workloads": [:], "parallelism": "100%", "maxFailures": "0%"],
      ["workloads": [:], "refreshInterval": "1h30m", "verifyInterval": "0s"],
      [
        "workloads": [:],
        "gate": ["startupTaint": "startup-taint.cluster-autoscaler.kubernetes.io/cold", "deadline": "90s"],
      ],
      ["workloads": [:], "nodes": ["tolerations": [["operator": "Exists"], ["key": "gpu", "effect": "NoSchedule"]]]],
      ["workloads": [:], "imagePullSecrets": [["name": "reg.cred-1"]]],
      ["workloads": [:], "refreshInterval": "8760h", "nodeTimeout": "1m30s"],
      [
        "workloads": [:],
        "podTemplate": [
          "labels": ["a.b/c": "d"], "annotations": ["e": "f g"],
          "resources": ["requests": ["cpu": 1, "memory": "8Mi"], "limits": ["example.com/gpu": "0"]],
        ],
      ],
    ] as [JSON])
  func takes(spec: JSON) throws {
    _ = try PrepullSettingsTests.settings(try #require(try created(spec)["spec"]))
  }

  static let hex = String(repeating: "0123456789abcdef", count: 4)

  @Test(
    "Refuses what is wrong, in words for people",
    arguments: [
      (
        [:],
        "spec.images: Required value: name at least one image, or set spec.workloads or spec.sources to take the images from there"
      ),
      (
        ["images": []],
        "spec.images: Required value: name at least one image, or set spec.workloads or spec.sources to take the images from there"
      ),
      (["images": [[:]]], "spec.images[0].image: Required value"),
      (["sources": [[:]]], "needs one of prometheus, loki and tags, and only one"),
      (
        ["sources": [["tags": ["repository": "a"], "loki": ["url": "http://p", "query": "x"]]]],
        "needs one of prometheus, loki and tags, and only one"
      ),
      (["sources": [["loki": ["url": "p:1", "query": "x"]]]], "must begin with http:// or https://"),
      (["sources": [["loki": ["url": "http://u:p@h", "query": "x"]]]], "must not hold a user or a password"),
      (["sources": [["loki": ["url": "http://h", "query": " "]]]], "must not be empty"),
      (["sources": [["loki": ["url": "http://h", "query": "x", "top": 101]]]], "must be at most 100"),
      (["sources": [["tags": ["repository": "a", "newest": 51]]]], "must be at most 50"),
      (["sources": [["tags": ["repository": "a", "interval": "1s"]]]], "must be a duration of at least 30s"),
      (["sources": [["tags": ["repository": "a@sha256:0"]]]], "must be without digest and scheme"),
      (
        ["images": [["image": "nginx"], ["image": "nginx"]]],
        "spec.images[1]: Duplicate value: {\"image\":\"nginx\"}"
      ),
      (
        ["images": [["image": "https://quay.io/a"]]],
        "spec.images[0].image: Invalid value: \"https://quay.io/a\": must be without a scheme: registry.example.com/app, not https://…"
      ),
      (
        ["images": [["image": "My App"]]],
        "spec.images[0].image: Invalid value: \"My App\": must be an image as pods write it, in lower case and without spaces: nginx:1.27, registry.example.com/team/app:v2 or app@sha256:…"
      ),
      (
        ["images": [["image": ""]]],
        "spec.images[0].image: Invalid value: \"\": must be an image as pods write it"
      ),
      (
        ["workloads": [:], "mode": "Often"],
        "spec.mode: Unsupported value: \"Often\": supported values: \"Keep\", \"Once\""
      ),
      (
        ["workloads": ["namespaces": ["Web"]]],
        "spec.workloads.namespaces[0]: Invalid value: \"Web\": must be the name of a namespace"
      ),
      (
        ["workloads": [:], "ttlSecondsAfterFinished": 3600],
        "spec.ttlSecondsAfterFinished: Forbidden: needs mode: Once, as a Prepull of mode Keep never finishes"
      ),
      (
        ["workloads": [:], "mode": "Once", "refreshInterval": "1h"],
        "spec.refreshInterval: Forbidden: needs mode: Keep, as a Prepull of mode Once resolves its tags once"
      ),
      (
        ["workloads": [:], "mode": "Once", "gate": ["startupTaint": "a"]],
        "spec.gate: Forbidden: needs mode: Keep, as a Prepull of mode Once does not see nodes that join later, and their taint would stay"
      ),
      (
        ["workloads": [:], "nodeTimeout": "soon"],
        "spec.nodeTimeout: Invalid value: \"soon\": must be a duration of at least 1s and at most 8760h (a year), for "
          + "example 90s, 10m or 1h30m"
      ),
      (
        ["workloads": [:], "refreshInterval": "100ms"],
        "spec.refreshInterval: Invalid value: \"100ms\": must be a duration of at least 1s"
      ),
      (
        ["workloads": [:], "refreshInterval": "99999h99999h99999h99999h"],
        "spec.refreshInterval: Invalid value: \"99999h99999h99999h99999h\": must be a duration of at least 1s and at most"
      ),
      (
        ["workloads": [:], "refreshInterval": "999999999h"],
        "spec.refreshInterval: Invalid value: \"999999999h\": must be a duration of at least 1s and at most"
      ),
      (
        ["workloads": [:], "parallelism": "0%"],
        "spec.parallelism: Invalid value: \"0%\": must be a number of nodes from 1 on, or a share of them from 1% to 100%"
      ),
      (
        ["workloads": [:], "parallelism": 0],
        "spec.parallelism: Invalid value: 0: must be a number of nodes"
      ),
      (
        ["workloads": [:], "maxFailures": "101%"],
        "spec.maxFailures: Invalid value: \"101%\": must be"
      ),
      (["workloads": [:], "backoffLimit": -1], "spec.backoffLimit: Invalid value: -1"),
      (
        ["workloads": [:], "gate": ["startupTaint": "cold=true:NoSchedule"]],
        "spec.gate.startupTaint: Invalid value: \"cold=true:NoSchedule\": must be the key of a taint, without value and effect, for example prepull.dev/cold"
      ),
      (
        ["workloads": [:], "gate": ["startupTaint": "node.kubernetes.io/not-ready"]],
        "spec.gate.startupTaint: Invalid value: \"node.kubernetes.io/not-ready\": must not be a taint that Kubernetes itself sets and removes"
      ),
      (
        ["workloads": [:], "nodes": ["tolerations": [["effect": "NoSchedule"]]]],
        "spec.nodes.tolerations[0]: Invalid value: needs a key, or the operator Exists to tolerate every taint"
      ),
      (
        ["workloads": [:], "nodes": ["selector": ["matchExpressions": [["key": "a", "operator": "In"]]]]],
        "spec.nodes.selector.matchExpressions[0].values: Invalid value: In and NotIn need at least one value, Exists and DoesNotExist take none"
      ),
    ] as [(JSON, String)])
  func refuses(spec: JSON, message: String) throws {
    let error = #expect(throws: StatusError.self) { try created(spec) }
    #expect(error?.code == 422)
    #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
  }

  @Test("The definitions say the same as the types about names and scope")
  func names() throws {
    let specs = CustomResourceDefinitions.all.map { $0["spec"] ?? .null }
    #expect(specs.map { $0[path: "names", "plural"] } == ["prepulls", "warmnodes"])
    #expect(specs.map { $0["scope"] } == ["Namespaced", "Cluster"])
    #expect(specs.map { $0[path: "names", "shortNames"] } == [["pp"], ["wn"]])
    #expect(specs.map { $0[path: "versions"]?.array?[0][path: "subresources", "status"] } == [[:], [:]])
    #expect(
      CustomResourceDefinitions.all.map { $0[path: "metadata", "name"] } == [
        "prepulls.prepull.dev", "warmnodes.prepull.dev",
      ])
  }

  /// kubectl apply keeps the whole object in an annotation.
  @Test("The definitions are small enough for kubectl apply")
  func size() {
    for definition in CustomResourceDefinitions.all { #expect(definition.bytes().count < 200_000) }
  }
}
