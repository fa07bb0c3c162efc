import Documents
import KubeAPIServer
import Testing

@Suite("API server: selectors", .timeLimit(.minutes(10))) struct SelectorTests {
  private let labels: JSON = ["metadata": ["labels": ["app": "web", "tier": "front", "n": "5"]]]

  @Test(arguments: [
    ("", true), ("app=web", true), ("app==web", true), ("app=db", false), ("app!=db", true), ("other!=x", true),
    ("app in (db, web)", true), ("app in (db)", false), ("app notin (db)", true), ("other notin (x)", true),
    ("app", true), ("other", false), ("!app", false), ("!other", true), ("n>4", true), ("n<4", false),
    ("app=web,tier in (front,back),!other", true), (" app = web , tier = back ", false), ("app=", false),
    ("other in (,x)", false),
  ])
  func selectByLabels(text: String, isSelected: Bool) throws {
    #expect(try LabelQuery(parsing: text).matches(labels) == isSelected, "\(text)")
  }

  @Test(arguments: ["a in", "a in (b", "=b", "a b", "a=b=c", "!", "-a=b", "a=-b", "a>b", "a,,b", "a in (b,c/d)"])
  func refusesBrokenSelectors(text: String) {
    let error = #expect(throws: StatusError.self) { try LabelQuery(parsing: text) }
    #expect(error?.code == 400)
  }

  @Test func selectsByFieldsThatTheKindOffers() throws {
    let store = Store()
    let pods = try #require(store.definition(Samples.pods))
    let pod: JSON = ["metadata": ["name": "a"], "spec": ["nodeName": "n1"], "status": ["phase": "Running"]]
    #expect(try FieldQuery(parsing: "spec.nodeName=n1,status.phase!=Failed", for: pods).matches(pod))
    #expect(try !FieldQuery(parsing: "spec.nodeName==n2", for: pods).matches(pod))
    #expect(try FieldQuery(parsing: "metadata.name=a,spec.hostNetwork=false", for: pods).matches(pod))
    let error = #expect(throws: StatusError.self) { try FieldQuery(parsing: "spec.x=1", for: pods) }
    #expect(error?.message.hasSuffix("field label not supported: spec.x") == true)
  }

  @Test func readsSelectorsOfObjects() {
    let query = LabelQuery(selector: [
      "matchLabels": ["app": "web"],
      "matchExpressions": [
        ["key": "tier", "operator": "In", "values": ["front"]], ["key": "x", "operator": "DoesNotExist"],
      ],
    ])
    #expect(query.matches(labels))
    #expect(!query.matches(["metadata": ["labels": ["app": "web"]]]))
  }
}
