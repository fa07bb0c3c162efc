import Documents

/// What a pod takes of its node: a place, and what its containers request.
struct PodNeeds: Sendable, Hashable {
  /// Cores.
  var cpu = 0.0
  /// Bytes.
  var memory = 0.0
  var ephemeralStorage = 0.0

  /// The containers together, or the greediest init container where that is more.
  init(_ spec: JSON) {
    for (list, combine) in [("initContainers", max), ("containers", +)] as [(String, (Double, Double) -> Double)] {
      var sum = PodNeeds()
      for container in spec[list]?.array ?? [] {
        guard let requests = container[path: "resources", "requests"] else { continue }
        func request(_ name: String) -> Double { requests[name].flatMap(Quantity.init)?.value ?? 0 }
        sum.cpu = combine(sum.cpu, request("cpu"))
        sum.memory = combine(sum.memory, request("memory"))
        sum.ephemeralStorage = combine(sum.ephemeralStorage, request("ephemeral-storage"))
      }
      cpu = max(cpu, sum.cpu)
      memory = max(memory, sum.memory)
      ephemeralStorage = max(ephemeralStorage, sum.ephemeralStorage)
    }
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
