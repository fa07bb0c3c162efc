import Kubernetes
import Workloads

/// The workloads there are, and what images a Prepull finds in them. Pure.
struct WorkloadIndex {
  /// What one watch covers.
  struct Scope: Hashable, Sendable {
    let kind: WorkloadKind
    let namespace: String
  }

  enum Event: Sendable {
    case listed([WorkloadEntry])
    case put(WorkloadEntry)
    case removed(String)
  }

  /// How many workloads are named that want an image.
  static let named = 5

  private var entries: [Scope: [String: WorkloadEntry]] = [:]

  func isListed(_ scope: Scope) -> Bool { entries[scope] != nil }

  /// Takes in what a watch tells.
  ///
  /// - Returns: whether anything changed.
  mutating func apply(_ event: Event, in scope: Scope) -> Bool {
    switch event {
    case .listed(let list):
      let new = Dictionary(list.map { ($0.key.name, $0) }) { $1 }
      guard entries[scope] != new else { return false }
      entries[scope] = new
      return true
    case .put(let entry):
      // The last word of a watch that has ended.
      guard isListed(scope) else { return false }
      return entries[scope]?.updateValue(entry, forKey: entry.key.name) != entry
    case .removed(let name): return entries[scope]?.removeValue(forKey: name) != nil
    }
  }

  /// Forgets scopes that nobody needs any more.
  mutating func retain(_ scopes: Set<Scope>) { entries = entries.filter { scopes.contains($0.key) } }

  /// The images that workloads of these namespaces use.
  func images(for request: DiscoveryRequest) -> [DiscoveredImage] {
    var reasons: [String: [WorkloadKind: Set<String>]] = [:]
    var direct: [String: Set<String>] = [:]
    for namespace in request.namespaces {
      for kind in WorkloadKind.present {
        for entry in (entries[Scope(kind: kind, namespace: namespace)] ?? [:]).values {
          // Pods of the revision before may not bear the labels of their workload, and are wanted all the same.
          let chain = chain(of: entry)
          let isChosen = chain.contains { one in request.selector.allSatisfy { $0.isMet(by: one.labels) } }
          guard isChosen, !chain.contains(where: \.isIgnored) else { continue }
          let root = chain.last?.key ?? entry.key
          for use in entry.uses {
            let text = "\(root.text) (\(use.container))"
            if root == entry.key {
              direct[use.reference, default: []].insert(text)
              reasons[use.reference, default: [:]][kind, default: []].insert(text)
            } else {
              reasons[use.reference, default: [:]][kind, default: []].insert("\(kind.plural) of \(text)")
            }
          }
        }
      }
    }
    for entry in history(for: request) {
      guard let owner = entry.owner, let revision = entry.revision else { continue }
      for use in entry.uses {
        let text = "revision \(revision) of \(owner.text) (\(use.container))"
        reasons[use.reference, default: [:]][entry.key.kind, default: []].insert(text)
      }
    }
    return reasons.sorted { $0.key < $1.key }.map { reference, byKind in
      var all: [String] = []
      for (kind, texts) in byKind.sorted(by: { $0.key < $1.key }) {
        // That its pods have what the workload's template has goes without saying.
        all += texts.subtracting((direct[reference] ?? []).map { "\(kind.plural) of \($0)" }).sorted()
      }
      let rest = all.count - Self.named
      let named = rest > 0 ? all.prefix(Self.named) + ["and \(rest) more"] : all[...]
      return DiscoveredImage(reference: reference, wantedBy: Array(named))
    }
  }

  /// Revisions before the present one, as many as are asked for of each workload that is chosen.
  private func history(for request: DiscoveryRequest) -> [WorkloadEntry] {
    guard request.history > 0 else { return [] }
    var revisions: [WorkloadEntry.Key: [WorkloadEntry]] = [:]
    for namespace in request.namespaces {
      for kind in WorkloadKind.past {
        for entry in (entries[Scope(kind: kind, namespace: namespace)] ?? [:]).values {
          guard let owner = entry.owner, entry.revision != nil, !entry.isIgnored,
            let workload = entries[Scope(kind: owner.kind, namespace: namespace)]?[owner.name], !workload.isIgnored,
            request.selector.allSatisfy({ $0.isMet(by: workload.labels) })
          else { continue }
          revisions[owner, default: []].append(entry)
        }
      }
    }
    return revisions.values.flatMap { entries in
      entries.sorted { ($0.revision ?? 0) > ($1.revision ?? 0) }.dropFirst().prefix(request.history)
    }
  }

  /// The entry, what made it, and so on, as far as that is known.
  private func chain(of entry: WorkloadEntry) -> [WorkloadEntry] {
    var chain = [entry]
    // A pod of a Job of a CronJob is the longest there is.
    while chain.count < 3, let owner = chain[chain.count - 1].owner,
      let next = entries[Scope(kind: owner.kind, namespace: owner.namespace)]?[owner.name]
    {
      chain.append(next)
    }
    return chain
  }
}
