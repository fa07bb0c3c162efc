import Documents
import KubeAPIServer
import Testing

@Suite("API server: custom resources", .timeLimit(.minutes(10))) struct CustomResourceTests {
  static let crds = ResourceName(group: "apiextensions.k8s.io", plural: "customresourcedefinitions")
  static let widgets = ResourceName(group: "example.dev", plural: "widgets")

  static let definition: JSON = [
    "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
    "metadata": ["name": "widgets.example.dev"],
    "spec": [
      "group": "example.dev", "scope": "Namespaced",
      "names": ["plural": "widgets", "kind": "Widget", "shortNames": ["wd"]],
      "versions": [
        [
          "name": "v1alpha1", "served": true, "storage": true, "subresources": ["status": [:]],
          "additionalPrinterColumns": [
            ["name": "Size", "type": "integer", "jsonPath": ".spec.size"],
            ["name": "Ready", "type": "string", "jsonPath": ".status.conditions[?(@.type==\"Ready\")].status"],
            ["name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"],
          ],
          "schema": [
            "openAPIV3Schema": [
              "type": "object", "required": ["spec"],
              "properties": [
                "spec": [
                  "type": "object", "required": ["images"],
                  "properties": [
                    "images": ["type": "array", "minItems": 1, "items": ["type": "string", "pattern": "^[a-z]+$"]],
                    "size": ["type": "integer", "minimum": 1, "default": 3],
                    "mode": ["type": "string", "enum": ["Once", "Keep"], "default": "Once"],
                    "share": ["x-kubernetes-int-or-string": true],
                  ],
                ],
                "status": ["type": "object", "x-kubernetes-preserve-unknown-fields": true],
              ],
            ]
          ],
        ]
      ],
    ],
  ]

  static func widget(_ spec: JSON) -> JSON {
    [
      "apiVersion": "example.dev/v1alpha1", "kind": "Widget",
      "metadata": ["name": "w", "namespace": "default"], "spec": spec,
    ]
  }

  private func store() throws -> Store {
    let store = Store()
    try store.create(Self.definition, as: Self.crds)
    return store
  }

  @Test func servesDefinitionsAtOnce() throws {
    let store = try store()
    let crd = try #require(store.get(Self.crds, name: "widgets.example.dev"))
    let established = crd[path: "status", "conditions"]?.array?.first { $0["type"] == "Established" }
    #expect(established?["status"] == "True")
    #expect(crd[path: "spec", "names", "singular"] == "widget")
    #expect(store.definition(Self.widgets)?.shortNames == ["wd"])
    try store.create(Self.widget(["images": ["a"]]), as: Self.widgets)
    try store.delete(Self.crds, name: "widgets.example.dev")
    #expect(store.definition(Self.widgets) == nil)
    #expect(store.list(Self.widgets).items.isEmpty)
  }

  @Test("A watch of a kind whose definition goes tells of its objects' end, and ends as that of a real server does")
  func watchEnds() async throws {
    let store = try store()
    try store.create(Self.widget(["images": ["a"]]), as: Self.widgets)
    let watch = store.watch(Self.widgets)
    try store.delete(Self.crds, name: "widgets.example.dev")
    var kinds: [String] = []
    for await event in watch {
      switch event {
      case .added: kinds.append("added")
      case .modified: kinds.append("modified")
      case .deleted: kinds.append("deleted")
      case .bookmark: kinds.append("bookmark")
      }
    }
    #expect(kinds == ["added", "bookmark", "deleted"])
  }

  @Test func prunesAndDefaults() throws {
    let store = try store()
    let made = try store.create(
      Self.widget(["images": ["a"], "unknown": 1, "share": "10%"]), as: Self.widgets)
    #expect(made["spec"] == ["images": ["a"], "size": 3, "mode": "Once", "share": "10%"])
    #expect(made[path: "metadata", "generation"] == 1)
    let status = try store.modify(Self.widgets, namespace: "default", name: "w", subresource: .status) {
      $0[path: "status", "phase"] = "Ready"
      $0[path: "spec", "size"] = 9
      $0[path: "metadata", "labels"] = ["a": "b"]
    }
    #expect(status[path: "status", "phase"] == "Ready")
    #expect(status[path: "spec", "size"] == 3)
    #expect(status[path: "metadata", "labels"] == nil)
    #expect(status[path: "metadata", "generation"] == 1)
    let changed = try store.modify(Self.widgets, namespace: "default", name: "w") {
      $0[path: "spec", "size"] = 4
      $0["status"] = nil
    }
    #expect(changed[path: "metadata", "generation"] == 2)
    #expect(changed[path: "status", "phase"] == "Ready")
  }

  @Test(
    arguments: [
      ([:], "spec.images: Required value"),
      (["images": []], "spec.images: Invalid value: 0: spec.images in body should have at least 1 items"),
      (["images": ["A"]], "spec.images[0]: Invalid value: \"A\": spec.images[0] in body should match '^[a-z]+$'"),
      (
        ["images": [1]],
        "spec.images[0]: Invalid value: \"integer\": spec.images[0] in body must be of type string: \"integer\""
      ),
      (
        ["images": ["a"], "size": 0],
        "spec.size: Invalid value: 0: spec.size in body should be greater than or equal to 1"
      ),
      (["images": ["a"], "mode": "x"], "spec.mode: Unsupported value: \"x\": supported values: \"Keep\", \"Once\""),
    ] as [(JSON, String)])
  func refusesWhatTheSchemaForbids(spec: JSON, problem: String) throws {
    let store = try store()
    let error = #expect(throws: StatusError.self) {
      try store.create(Self.widget(spec), as: Self.widgets)
    }
    #expect(error?.code == 422)
    #expect(error?.message == "Widget.example.dev \"w\" is invalid: \(problem)")
  }

  @Test func refusesBrokenDefinitions() {
    var broken = Self.definition
    broken[path: "metadata", "name"] = "other.example.dev"
    broken[path: "spec", "versions"] = [["name": "v1", "served": true, "storage": true]]
    let error = #expect(throws: StatusError.self) { try Store().create(broken, as: Self.crds) }
    #expect(error?.message.contains("must be spec.names.plural+\".\"+spec.group") == true)
    #expect(error?.message.contains("schemas are required") == true)
  }
}
