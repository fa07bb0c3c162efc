import Documents
import Kubernetes
import Testing

@Suite("Objects as clusters write them", .timeLimit(.minutes(5)))
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

  @Test("Words that we do not know are read, kept and written back")
  func unknownWords() throws {
    let text = #"""
      {"metadata":{"name":"a"},"spec":{"containers":[{"name":"c","imagePullPolicy":"WhenIdle"}],"tolerations":[
      {"key":"k","operator":"Gt","value":"5","effect":"NoAdmit"}],"affinity":{"nodeAffinity":{
      "requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[{"matchExpressions":[
      {"key":"k","operator":"Like","values":["x"]}]}]}}}}}
      """#
    let pod = try JSON(parsing: text).decoded(as: Pod.self)
    #expect(pod.spec.tolerations?.first?.operator == .gt && pod.spec.containers[0].image.isEmpty)
    let back = try JSON(encoding: pod)
    #expect(back[path: "spec", "tolerations"]?.array?.first?["effect"] == "NoAdmit")
    #expect(back[path: "spec", "containers"]?.array?.first?["imagePullPolicy"] == "WhenIdle")
  }

  @Test(
    "Objects with next to nothing in them are read",
    arguments: [
      #"{"metadata":{"name":"n"}}"#,
      #"{"metadata":{"name":"n"},"spec":{"taints":null},"status":{"conditions":null,"images":[{"names":null}]}}"#,
      #"{"metadata":{"name":"n","labels":null,"annotations":{},"managedFields":[{"x":1}]},"status":{"nodeInfo":{}}}"#,
    ])
  func sparseNodes(_ text: String) throws {
    #expect(try JSON(parsing: text).decoded(as: Node.self).metadata.name == "n")
  }
}
