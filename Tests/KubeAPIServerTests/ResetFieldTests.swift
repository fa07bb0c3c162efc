import Documents
import NIOHTTP1
import Testing

@testable import KubeAPIServer

/// A write owns no fields that its address does not reach.
@Suite("API server: reset fields", .timeLimit(.minutes(2))) struct ResetFieldTests {
  private static let path = "/apis/example.dev/v1alpha1/namespaces/default/widgets"
  private static let yaml = ["Content-Type": "application/apply-patch+yaml"]

  private func owners(_ object: JSON) -> [String: [String]] {
    Dictionary(
      (object[path: "metadata", "managedFields"]?.array ?? []).map { entry in
        let fields = (entry["fieldsV1"]?.object ?? [:]).keys.sorted()
        return ((entry["manager"]?.string ?? "") + "/" + (entry["subresource"]?.string ?? ""), fields)
      }, uniquingKeysWith: +)
  }

  private func widget(_ size: Int64, phase: String) -> JSON {
    var widget = CustomResourceTests.widget(["images": ["a"], "size": .integer(size)])
    widget["status"] = ["phase": .string(phase)]
    return widget
  }

  @Test func specAndStatusHaveOwnersOfTheirOwn() async throws {
    let store = Store()
    try store.create(CustomResourceTests.definition, as: CustomResourceTests.crds)
    try await Wire.with(store: store) { wire in
      func send(_ method: HTTPMethod, _ suffix: String, _ object: JSON, _ headers: [String: String] = [:]) async throws
        -> Wire.Answer
      { try await wire.send(method, Self.path + suffix, object, headers: headers) }
      let created = try await send(.POST, "?fieldManager=maker", widget(1, phase: "Made"))
      #expect(owners(created.json) == ["maker/": ["f:spec"]])
      // Nobody owns the status yet, so nothing is in the way.
      let told = try await send(
        .PATCH, "/w/status?fieldManager=teller", widget(9, phase: "Told"), Self.yaml)
      #expect(told.status == 200)
      #expect(owners(told.json) == ["maker/": ["f:spec"], "teller/status": ["f:status"]])
      #expect(told.json[path: "spec", "size"] == 1)
      // An apply with another status wants no status, and one that is not forced is in nobody's way.
      let applied = try await send(.PATCH, "/w?fieldManager=maker2", widget(1, phase: "Other"), Self.yaml)
      #expect(applied.status == 200)
      #expect(owners(applied.json)["maker2/"] == ["f:spec"])
      #expect(applied.json[path: "status", "phase"] == "Told")
      // A whole object without its status takes none of it from anybody.
      var whole = applied.json
      whole["status"] = nil
      whole[path: "spec", "size"] = 5
      let replaced = try await send(.PUT, "/w?fieldManager=third", whole)
      #expect(replaced.status == 200)
      #expect(owners(replaced.json)["teller/status"] == ["f:status"])
      #expect(owners(replaced.json)["third/"] == ["f:spec"])
      // Nor does a write of the status take the spec or labels.
      var labelled = replaced.json
      labelled[path: "metadata", "labels"] = ["a": "b"]
      labelled["spec"] = ["images": ["b"]]
      labelled["status"] = ["phase": "Again"]
      let last = try await send(.PUT, "/w/status?fieldManager=fourth", labelled)
      #expect(last.status == 200)
      #expect(owners(last.json)["fourth/status"] == ["f:status"])
      #expect(last.json[path: "spec", "images"] == ["a"])
      #expect(owners(last.json)["teller/status"] == nil)
    }
  }
}
