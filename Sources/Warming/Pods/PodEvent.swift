package import Kubernetes

/// An event about a pod, read for what it says about images.
///
/// The texts are those of the kubelet's image manager (`pkg/kubelet/images`), 1.24 to 1.36.
package struct PodEvent: Hashable, Sendable {
  package enum Content: Hashable, Sendable {
    case pulling
    /// How long the pull itself took, and the size of the image, where the kubelet says so.
    case pulled(Duration?, bytes: Int64?)
    case present
    case failed(reason: String, String)
    /// What keeps the pod as a whole from going on.
    case warning(String)
  }

  package let pod: String
  package let container: String?
  package let content: Content

  /// Nil when it is not about a pod, or tells nothing that the status does not tell better.
  package init?(_ event: Event) {
    guard event.involvedObject.kind == "Pod", let pod = event.involvedObject.name, let reason = event.reason else {
      return nil
    }
    self.pod = pod
    container = event.involvedObject.fieldPath.flatMap(Self.container)
    let message = event.message ?? ""
    switch reason {
    case "Pulling": content = .pulling
    case "Pulled" where message.contains("already present"): content = .present
    case "Pulled": content = .pulled(Self.duration(in: message), bytes: Self.bytes(in: message))
    case "Failed" where message.hasPrefix("Failed to pull image"): content = .failed(reason: reason, message)
    case "InspectFailed", "ErrImageNeverPull": content = .failed(reason: reason, message)
    // Said by the status, or by an event of the kinds above.
    case "Failed", "BackOff": return nil
    // Other warnings (MissingClusterDNS, Unhealthy, …) keep no pod from pulling.
    default:
      guard event.type == "Warning", Self.holdingReasons.contains(reason) else { return nil }
      content = .warning(message.isEmpty ? reason : "\(reason): \(message)")
    }
  }

  /// Reasons for which a pod does not come so far that it pulls.
  private static let holdingReasons: Set<String> = [
    "FailedScheduling", "FailedMount", "FailedAttachVolume", "FailedMapVolume", "FailedCreatePodSandBox",
    "FailedCreatePodContainer", "FailedSync", "NetworkNotReady", "NodeNotReady", "Evicted", "Preempted",
    "FailedValidation", "InvalidDiskCapacity", "FailedKillPod",
  ]

  /// `nginx` of `spec.containers{nginx}`.
  package static func container(in path: String) -> String? {
    guard let open = path.firstIndex(of: "{"), path.hasSuffix("}") else { return nil }
    return String(path[path.index(after: open)...].dropLast())
  }

  /// Of `… in 4.1s (5.3s including waiting)`: the time without the wait for other pulls.
  private static func duration(in message: String) -> Duration? {
    guard let start = message.firstRange(of: "\" in ") else { return nil }
    return Duration(goText: message[start.upperBound...].prefix { $0 != " " })
  }

  /// Of `Image size: 120021710 bytes.`
  private static func bytes(in message: String) -> Int64? {
    guard let start = message.firstRange(of: "Image size: ") else { return nil }
    return Int64(message[start.upperBound...].prefix { $0.isNumber })
  }
}

extension Duration {
  /// A duration as Go writes it: `1m2.5s`, `850ms`, `12µs`.
  package init?(goText text: some StringProtocol) {
    let units: [(name: String, seconds: Double)] = [
      ("ns", 1e-9), ("µs", 1e-6), ("us", 1e-6), ("ms", 1e-3), ("h", 3600), ("m", 60), ("s", 1),
    ]
    var rest = text[...]
    var seconds = 0.0
    guard !rest.isEmpty else { return nil }
    while !rest.isEmpty {
      let number = rest.prefix { $0.isNumber || $0 == "." }
      rest = rest[number.endIndex...]
      guard let value = Double(number), let unit = units.first(where: { rest.hasPrefix($0.name) }) else { return nil }
      rest = rest.dropFirst(unit.name.count)
      seconds += value * unit.seconds
    }
    self = .seconds(seconds)
  }
}
