@testable import Warming
import Kubernetes
import Testing

@Suite("Options of puller pods", .timeLimit(.minutes(1)))
struct PodTemplateOptionsTests {
  @Test("Requests and limits reach every container, ours stay where nothing is named")
  func resources() {
    let template = PodTemplateOptions(requests: ["memory": "32Mi"], limits: ["memory": "64Mi"])
    let container = PodShell.container(named: "a", on: "nginx", policy: .ifNotPresent, template: template)
    #expect(container.resources?.requests == ["cpu": "1m", "memory": "32Mi"])
    #expect(container.resources?.limits == ["memory": "64Mi"])
    let plain = PodShell.container(named: "a", on: "nginx", policy: .ifNotPresent)
    #expect(plain.resources?.requests == ["cpu": "1m", "memory": "1Mi"])
    #expect(plain.resources?.limits == nil)
  }

  @Test("Pods resolve names as their node does")
  func dns() {
    let spec = PodShell.spec(
      containers: [], touch: "touch", for: .amd64, pullSecrets: [], tolerations: [], priorityClass: nil)
    #expect(spec.dnsPolicy == "Default")
  }

  @Test("What is given wins over defaults, key by key")
  func defaults() {
    let given = PodTemplateOptions(labels: ["team": "a"], limits: ["cpu": "1"])
    let all = given.filling(in: PodTemplateOptions(labels: ["team": "b", "cost": "c"], limits: ["memory": "1Gi"]))
    #expect(all.labels == ["team": "a", "cost": "c"])
    #expect(all.limits == ["cpu": "1", "memory": "1Gi"])
  }

  @Test("Quantities as Kubernetes reads them", arguments: ["1", "10m", "0.5", "64Mi", "1e3", "1E6", "128M", "0", ".5"])
  func quantity(text: String) { #expect(PodTemplateOptions.isQuantity(text)) }

  @Test("What is no quantity", arguments: ["", "-1", "1.2.3", "Mi", "10 Mi", "1mi", "1e", ".", "1Mb", "ten"])
  func noQuantity(text: String) { #expect(!PodTemplateOptions.isQuantity(text)) }

  @Test("What the API server would refuse is named")
  func problems() {
    #expect(PodTemplateOptions(labels: ["a": "b"], requests: ["cpu": "1m"]).problem == nil)
    #expect(PodTemplateOptions(labels: ["-a": "b"]).problem?.part == .labels)
    #expect(PodTemplateOptions(labels: ["a": "b c"]).problem?.text.contains("'b c'") == true)
    #expect(PodTemplateOptions(annotations: ["a": "b c"]).problem == nil)
    #expect(PodTemplateOptions(annotations: ["a b": ""]).problem?.part == .annotations)
    #expect(PodTemplateOptions(requests: ["cpu": "much"]).problem?.part == .requests)
    #expect(PodTemplateOptions(limits: ["memory": "1Mb"]).problem?.text.contains("'1Mb' of memory") == true)
  }
}
