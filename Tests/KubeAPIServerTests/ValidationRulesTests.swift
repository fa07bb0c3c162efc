import Documents
import TestKit
import Testing

@testable import KubeAPIServer

@Suite("API server: rules of custom resources", .timeLimit(.minutes(10))) struct ValidationRulesTests {
  /// A definition whose spec and its members bear these rules.
  private static func definition(spec: [JSON] = [], size: [JSON] = [], item: [JSON] = []) -> JSON {
    func ruled(_ schema: JSON, _ rules: [JSON]) -> JSON {
      var schema = schema
      if !rules.isEmpty { schema["x-kubernetes-validations"] = .array(rules) }
      return schema
    }
    var definition = CustomResourceTests.definition
    definition[path: "spec", "versions"] = [
      [
        "name": "v1alpha1", "served": true, "storage": true, "subresources": ["status": [:]],
        "schema": [
          "openAPIV3Schema": [
            "type": "object",
            "properties": [
              "spec": ruled(
                [
                  "type": "object", "required": ["mode"],
                  "properties": [
                    "mode": ["type": "string", "enum": ["Once", "Keep"]],
                    "size": ruled(["type": "integer"], size),
                    "items": [
                      "type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"],
                      "items": ruled(
                        [
                          "type": "object", "required": ["name"],
                          "properties": ["name": ["type": "string"], "n": ["type": "integer"]],
                        ], item),
                    ],
                  ],
                ], spec),
              "status": ["type": "object", "properties": ["phase": ["type": "string"]]],
            ],
          ]
        ],
      ]
    ]
    return definition
  }

  private func refusal(_ spec: JSON, by definition: JSON) throws -> String? {
    let store = Store(rules: .cel)
    try store.create(definition, as: CustomResourceTests.crds)
    do {
      try store.create(CustomResourceTests.widget(spec), as: CustomResourceTests.widgets)
      return nil
    } catch {
      #expect(error.code == 422)
      return String(error.message.trimmingPrefix("Widget.example.dev \"w\" is invalid: "))
    }
  }

  @Test("Words a refusal as the API server does")
  func words() throws {
    let small: JSON = ["rule": "self < 10", "message": "must be small"]
    #expect(try refusal(["mode": "Once", "size": 9], by: Self.definition(size: [small])) == nil)
    #expect(
      try refusal(["mode": "Once", "size": 10], by: Self.definition(size: [small]))
        == "spec.size: Invalid value: 10: must be small")
    let bare: JSON = ["rule": "self.size < 10"]
    #expect(
      try refusal(["mode": "Once", "size": 10], by: Self.definition(spec: [bare]))
        == "spec: Invalid value: failed rule: self.size < 10")
    #expect(
      try refusal(["mode": "Once"], by: Self.definition(spec: [bare]))
        == "spec: Invalid value: no such key: size evaluating rule: self.size < 10")
    let required: JSON = [
      "rule": "self.mode == 'Keep' || has(self.size)", "messageExpression": "'needs a size with ' + self.mode",
      "fieldPath": ".size", "reason": "FieldValueRequired",
    ]
    #expect(
      try refusal(["mode": "Once"], by: Self.definition(spec: [required]))
        == "spec.size: Required value: needs a size with Once")
    let forbidden: JSON = [
      "rule": "!has(self.n)", "message": "no n", "reason": "FieldValueForbidden", "fieldPath": ".n",
    ]
    #expect(
      try refusal(
        ["mode": "Once", "items": [["name": "a"], ["name": "b", "n": 1]]], by: Self.definition(item: [forbidden]))
        == "spec.items[1].n: Forbidden: no n")
  }

  @Test("Rules wait until the object has its shape")
  func shapeFirst() throws {
    let rule: JSON = ["rule": "self.mode == 'x'"]
    #expect(
      try refusal(["mode": "Never"], by: Self.definition(spec: [rule]))
        == "[spec.mode: Unsupported value: \"Never\": supported values: \"Keep\", \"Once\", <nil>: Invalid value: null: "
        + "some validation rules were not checked because the object was invalid; correct the existing errors to "
        + "complete validation]")
  }

  @Test("A rule with oldSelf is about changes only")
  func transitions() throws {
    let store = Store(rules: .cel)
    let immutable: JSON = ["rule": "self == oldSelf", "message": "is immutable"]
    let grows: JSON = [
      "rule": "!has(self.n) || !has(oldSelf.n) || self.n >= oldSelf.n", "message": "n must not shrink",
    ]
    try store.create(Self.definition(size: [immutable], item: [grows]), as: CustomResourceTests.crds)
    try store.create(
      CustomResourceTests.widget([
        "mode": "Once", "size": 1, "items": [["name": "a", "n": 5], ["name": "b", "n": 1]],
      ]),
      as: CustomResourceTests.widgets)
    func change(_ change: (inout JSON) -> Void) throws {
      try store.modify(CustomResourceTests.widgets, namespace: "default", name: "w") { change(&$0) }
    }
    try change { $0[path: "spec", "mode"] = "Keep" }
    let size = #expect(throws: StatusError.self) { try change { $0[path: "spec", "size"] = 2 } }
    #expect(size?.message.hasSuffix("spec.size: Invalid value: 2: is immutable") == true)
    // Elements are told apart by their keys.
    try change { $0[path: "spec", "items"] = [["name": "b", "n": 2], ["name": "a", "n": 5], ["name": "c", "n": 0]] }
    let item = #expect(throws: StatusError.self) {
      try change { $0[path: "spec", "items"] = [["name": "a", "n": 4]] }
    }
    #expect(item?.message.hasSuffix("spec.items[0]: Invalid value: n must not shrink") == true)
  }

  @Test("What did not change is not held against an update")
  func ratcheting() throws {
    let store = Store(rules: .cel)
    try store.create(Self.definition(), as: CustomResourceTests.crds)
    try store.create(
      CustomResourceTests.widget(["mode": "Once", "size": 100, "items": [["name": "a", "n": 1]]]),
      as: CustomResourceTests.widgets)
    let strict = Self.definition(
      spec: [["rule": "self.mode == 'Keep'", "message": "must be Keep"]],
      size: [["rule": "self < 10", "message": "must be small"]], item: [["rule": "self.n > 1", "message": "n"]])
    try store.modify(CustomResourceTests.crds, name: "widgets.example.dev") { $0["spec"] = strict["spec"] }
    try store.modify(CustomResourceTests.widgets, namespace: "default", name: "w", subresource: .status) {
      $0["status"] = ["phase": "x"]
    }
    try store.modify(CustomResourceTests.widgets, namespace: "default", name: "w") {
      $0[path: "metadata", "labels"] = ["a": "b"]
    }
    let error = #expect(throws: StatusError.self) {
      try store.modify(CustomResourceTests.widgets, namespace: "default", name: "w") {
        $0[path: "spec", "size"] = 99
      }
    }
    #expect(
      error?.message.hasSuffix(
        "[spec: Invalid value: must be Keep, spec.size: Invalid value: 99: must be small]") == true)
  }

  @Test(
    "A definition with a broken rule is refused",
    arguments: [
      (
        ["rule": "self.size <"],
        ".rule: Invalid value: {\"rule\":\"self.size <\"}: compilation failed: ERROR: <input>:1:12"
      ),
      (
        ["rule": "self.sise < 1"],
        "compilation failed: ERROR: <input>:1:5: undefined field 'sise'\n | self.sise < 1\n | ....^"
      ),
      (["rule": "self.size"], "compilation failed: cel expression must evaluate to a bool"),
      (["rule": " "], ".rule: Required value: rule is not specified"),
      (
        ["rule": "true", "message": "a\nb"], ".message: Invalid value: \"a\\nb\": message must not contain line breaks"
      ),
      (["rule": "true", "messageExpression": "1"], "messageExpression compilation failed: must evaluate to a string"),
      (["rule": "true", "fieldPath": ".sise"], ".fieldPath: Invalid value: \".sise\": fieldPath must be a valid path"),
      (["rule": "true", "reason": "Because"], ".reason: Unsupported value: \"Because\""),
    ] as [(JSON, String)])
  func brokenRules(rule: JSON, problem: String) throws {
    let error = #expect(throws: StatusError.self) {
      try Store(rules: .cel).create(Self.definition(spec: [rule]), as: CustomResourceTests.crds)
    }
    #expect(error?.code == 422)
    let message = error?.message ?? ""
    #expect(message.contains(problem), "\(message)")
    #expect(
      message.contains("spec.versions[0].schema.openAPIV3Schema.properties[spec].x-kubernetes-validations[0]"))
  }
}
