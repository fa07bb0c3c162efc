import Documents
import Testing

@testable import KubeAPIServer

@Suite("API server: server-side apply", .timeLimit(.minutes(10))) struct ServerSideApplyTests {
  private let store = Store()

  private func apply(
    _ object: JSON, by manager: String, to live: JSON?, isForced: Bool = false
  ) throws -> JSON {
    let definition = try #require(store.definition(Samples.daemonSets))
    return try ServerSideApply(
      manager: .init(name: manager, operation: "Apply", apiVersion: "apps/v1", subresource: ""), isForced: isForced,
      rules: MergeRules(definition, version: "v1")
    ).apply(object, to: live, time: "2026-01-01T00:00:00Z")
  }

  private func set(_ containers: JSON, labels: JSON = ["a": "1"]) -> JSON {
    [
      "metadata": ["name": "d", "labels": labels],
      "spec": ["template": ["spec": ["containers": containers]]],
    ]
  }

  private func containers(_ object: JSON) -> [JSON] {
    object[path: "spec", "template", "spec", "containers"]?.array ?? []
  }

  @Test func mergesWhatManagersWant() throws {
    var live = try apply(set([["name": "main", "image": "x"]]), by: "one", to: nil)
    live = try apply(
      ["spec": ["template": ["spec": ["containers": [["name": "side", "image": "y"]]]]]], by: "two", to: live)
    #expect(containers(live).compactMap { $0["name"]?.string }.sorted() == ["main", "side"])
    #expect(live[path: "metadata", "labels"] == ["a": "1"])
    #expect(live[path: "metadata", "managedFields"]?.array?.count == 2)
  }

  @Test func removesWhatItsManagerNoLongerWants() throws {
    var live = try apply(
      set(
        [["name": "main", "image": "x", "args": ["a"]], ["name": "side", "image": "y"]], labels: ["a": "1", "b": "2"]),
      by: "one", to: nil)
    // Somebody else cares for label b.
    live = try apply(["metadata": ["labels": ["b": "2"]]], by: "two", to: live)
    live = try apply(set([["name": "main", "image": "x"]], labels: ["c": "3"]), by: "one", to: live)
    #expect(containers(live) == [["name": "main", "image": "x"]])
    #expect(live[path: "metadata", "labels"] == ["b": "2", "c": "3"])
  }

  @Test func refusesToTakeOverAndTakesOverByForce() throws {
    let live = try apply(set([["name": "main", "image": "x"]]), by: "one", to: nil)
    let wanted = set([["name": "main", "image": "z"]])
    let error = #expect(throws: StatusError.self) { try apply(wanted, by: "two", to: live) }
    #expect(error?.code == 409)
    #expect(
      error?.message
        == "Apply failed with 1 conflict: conflict with \"one\": .spec.template.spec.containers[name=\"main\"].image")
    let forced = try apply(wanted, by: "two", to: live, isForced: true)
    #expect(containers(forced).first?["image"] == "z")
    // What was taken over is no longer the first one's to conflict about.
    let again = try apply(set([["name": "main", "image": "y"]]), by: "two", to: forced)
    #expect(containers(again).first?["image"] == "y")
  }

  @Test func changesNothingTheSecondTime() throws {
    let wanted = set([["name": "main", "image": "x", "ports": [["containerPort": 80]]]])
    let live = try apply(wanted, by: "one", to: nil)
    #expect(try apply(wanted, by: "one", to: live) == live)
  }

  @Test func writesFieldsAsKubernetesDoes() throws {
    let live = try apply(set([["name": "main", "image": "x"]]), by: "one", to: nil)
    let entry = live[path: "metadata", "managedFields"]?.array?.first
    #expect(
      entry?["fieldsV1"] == [
        "f:metadata": ["f:labels": ["f:a": [:]]],
        "f:spec": [
          "f:template": [
            "f:spec": ["f:containers": ["k:{\"name\":\"main\"}": [".": [:], "f:name": [:], "f:image": [:]]]]
          ]
        ],
      ])
    #expect(FieldSet(fieldsV1: entry?["fieldsV1"] ?? [:]).fieldsV1 == entry?["fieldsV1"])
  }
}
