import KubeAPIServer
import Testing

@Test("Resources are named as kubectl names them", .timeLimit(.minutes(10)))
func resourceNames() {
  #expect(ResourceName(plural: "pods").description == "pods")
  #expect(ResourceName(group: "apps", plural: "daemonsets").description == "daemonsets.apps")
}
