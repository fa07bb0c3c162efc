/// Numbers of values that nobody uses any more are freed, so that tags and Prepulls that come and go take no memory.
extension FleetMachine {
  /// How many numbers may be taken before it is looked which of them are free; where more are in use, a sixteenth more
  /// than the last look left.
  static let fewNumbers = 1024

  /// Values that are kept at all, for tests.
  package var numberCount: Int {
    references.count + digests.count + owners.count + registries.count + accesses.count + registrySets.count
      + listedNames.count + registryNumbers.count + pulling.count
  }

  mutating func freeNumbers() {
    guard numberCount > numbersAllowed else { return }
    var used = UsedNumbers()
    for plan in plans { used.take(plan) }
    for node in nodes { used.take(node) }
    // Owners of plans that are free are asked for again under their names.
    registrySets.retain(used.sets)
    for set in used.sets { used.registries.formUnion(registrySets[set]) }
    references.retain(used.images)
    digests.retain(used.digests)
    owners.retain(used.owners)
    accesses.retain(used.accesses)
    registryNumbers = registryNumbers.filter { used.images.contains($0.key) }
    used.registries.formUnion(registryNumbers.values)
    registries.retain(used.registries)
    pulling = pulling.filter { $0.value != 0 }
    listedNames = listedNames.compactMapValues { numbers in
      let kept = numbers.filter { used.images.contains($0) }
      return kept.isEmpty ? nil : kept
    }
    numbersAllowed = max(Self.fewNumbers, numberCount + numberCount / 16)
  }
}

/// The numbers that nodes and plans speak of.
private struct UsedNumbers {
  var images: Set<Int32> = []
  var digests: Set<Int32> = []
  var owners: Set<Int32> = []
  var accesses: Set<Int32> = []
  var registries: Set<Int32> = []
  var sets: Set<Int32> = []

  mutating func take(_ plan: FleetMachine.PlanState) {
    guard !plan.isFree else { return }
    owners.insert(plan.owner)
    accesses.insert(plan.access)
    images.formUnion(plan.images)
    registries.formUnion(plan.registries)
    for accepted in plan.accepted { digests.formUnion(accepted ?? []) }
    digests.formUnion(plan.wantedDigests.compactMap(\.self))
    for place in plan.queue.keys { take(place) }
  }

  mutating func take(_ node: FleetMachine.NodeState) {
    for entry in node.held.entries {
      take(entry.key)
      digests.insert(entry.digest)
    }
    for (key, alias) in node.aliases {
      take(key)
      if let digest = alias.disproved { digests.insert(digest) }
    }
    for key in node.unverified ?? [] { take(key) }
    for key in node.missing { take(key) }
    for key in node.troubles.keys {
      images.insert(key.image)
      owners.insert(key.owner)
    }
    images.formUnion(node.listed ?? [])
    for pod in node.pods {
      accesses.insert(pod.access)
      images.formUnion(pod.images.map(\.number))
      registries.formUnion(pod.registries)
    }
    for standing in node.standings {
      if let ticket = standing.ticket { take(ticket.place) }
    }
  }

  private mutating func take(_ key: HeldImages.Key) {
    images.insert(key.image)
    accesses.insert(key.access)
  }

  private mutating func take(_ place: FleetMachine.Place) {
    if place.registries >= 0 { registries.insert(place.registries) }
    if place.registries < -1 { sets.insert(-2 - place.registries) }
  }
}
