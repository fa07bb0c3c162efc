import Kubernetes

/// One of the operator's pods with no more than what is read of it: decoding its 50 containers whole was a third of the
/// operator's work when many nodes join.
struct PullerPod: Resource {
  static let apiVersion = Pod.apiVersion
  static let kind = Pod.kind
  static let plural = Pod.plural

  struct Spec: Codable, Hashable, Sendable {
    struct Container: Codable, Hashable, Sendable {
      var name: String
      var image: String?
      var imagePullPolicy: Kubernetes.Container.PullPolicy?
    }

    var nodeName: String?
    var imagePullSecrets: [LocalObjectReference]?
    var containers: [Container]
  }

  var metadata: ObjectMeta
  var spec: Spec
  var status: PodStatus?

  var pod: Pod {
    var spec = PodSpec(
      containers: spec.containers.map { container in
        var whole = Container(name: container.name, image: container.image ?? "")
        whole.imagePullPolicy = container.imagePullPolicy
        return whole
      })
    spec.nodeName = self.spec.nodeName
    spec.imagePullSecrets = self.spec.imagePullSecrets
    var pod = Pod(metadata: metadata, spec: spec)
    pod.status = status
    return pod
  }
}

extension WatchEvent<PullerPod> {
  var ofPods: WatchEvent<Pod> {
    switch self {
    case .restarted(let pods): .restarted(pods.map(\.pod))
    case .applied(let pod): .applied(pod.pod)
    case .deleted(let pod): .deleted(pod.pod)
    case .failed(let error, let pause): .failed(error, retryingAfter: pause)
    }
  }
}
