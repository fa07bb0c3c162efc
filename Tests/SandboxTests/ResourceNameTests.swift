import Kubernetes
import Sandbox
import Testing

@Test("Resources are named as kubectl names them", .timeLimit(.minutes(10)))
func resourceNames() {
  #expect(ResourceName(Pod.self).description == "pods")
  #expect(ResourceName(DaemonSet.self).description == "daemonsets.apps")
}
