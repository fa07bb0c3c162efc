import Documents
import KubeAPIServer

/// What a pod takes of its node: a place, and what its containers request.
struct PodNeeds: Sendable, Hashable {
  /// Cores.
  var cpu = 0.0
  /// Bytes.
  var memory = 0.0
  var ephemeralStorage = 0.0

  /// The containers and native sidecars together, or the greediest init container where that is more.
  init(_ spec: JSON) {
    let requests = PodUsage(["spec": spec]).requests
    cpu = requests["cpu"] ?? 0
    memory = requests["memory"] ?? 0
    ephemeralStorage = requests["ephemeral-storage"] ?? 0
  }

  init() {}

  static func + (a: PodNeeds, b: PodNeeds) -> PodNeeds {
    var sum = a
    sum.cpu += b.cpu
    sum.memory += b.memory
    sum.ephemeralStorage += b.ephemeralStorage
    return sum
  }

  static func - (a: PodNeeds, b: PodNeeds) -> PodNeeds {
    var difference = a
    difference.cpu -= b.cpu
    difference.memory -= b.memory
    difference.ephemeralStorage -= b.ephemeralStorage
    return difference
  }
}
