import Documents
import Kubernetes
import Testing

@Suite("Objects as clusters write them")
struct ObjectTests {
  @Test("A template without metadata, and a toleration without operator, are read")
  func sparse() throws {
    let text = #"""
      {"metadata":{"name":"a"},"spec":{"selector":{},"template":{"spec":{"containers":[{"name":"c","image":"i"}],
       "tolerations":[{"key":"k","effect":"NoSchedule"}],"unknown":{"field":1}}}}}
      """#
    let set = try JSON(parsing: text).decoded(as: DaemonSet.self)
    #expect(set.spec.template.metadata == ObjectMeta())
    #expect(set.spec.template.spec.tolerations?.first?.operator == nil)
  }

  @Test("A resource is sent with its version and kind")
  func typed() throws {
    let json = try JSON(encoding: TypedResource(Namespace(metadata: ObjectMeta(name: "a"))))
    #expect(json == ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": "a"]])
  }
}
