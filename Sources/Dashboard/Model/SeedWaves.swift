import Kubernetes
import PrepullAPI
import Warming

/// The waves in which nodes of a run had their turns: the first begins with the first node, each other one with the first
/// node that began when one of the wave before had ended, and so made room for it.
struct SeedWaves: Hashable, Sendable {
  /// Indices of the turns with which waves begin.
  let starts: [Int]
  private let count: Int

  /// - Parameter turns: in the order of their begin.
  init(_ turns: [LiveRuns.Turn]) {
    var starts: [Int] = []
    var ended = -Double.infinity
    for (index, turn) in turns.enumerated() {
      if turn.begin >= ended {
        starts.append(index)
        ended = .infinity
      }
      ended = min(ended, turn.done ?? .infinity)
    }
    self.starts = starts
    count = turns.count
  }

  /// What each wave is called, by the index of the turn with which it begins; none where there is one wave, or where
  /// nearly each node is one of its own, which tells nothing.
  ///
  /// - Parameter seeds: as many nodes at the most pull first, for others to follow; 0 where none does.
  func labels(seeds: Int) -> [Int: String] {
    let first = starts.dropFirst().first ?? count
    let isSeeded = first <= seeds
    guard starts.count > 1, isSeeded || starts.count * 2 <= count else { return [:] }
    var labels = Dictionary(uniqueKeysWithValues: starts.enumerated().map { ($1, "wave \($0 + 1)") })
    if isSeeded { labels[0] = first == 1 ? "seed" : "seeds" }
    return labels
  }
}

extension MatrixBoard {
  /// How many nodes of a run may be its seeds; 0 where it has none, and where other nodes held its images before.
  func seeds(of run: LiveRuns.Run) -> Int {
    let places = run.images.compactMap { columns.place(of: $0) }
    let isHeld = rows.values.contains { row in
      run.turns[row.name] == nil && places.allSatisfy { row.cells[$0] == Coverage.State.warm.code }
    }
    if isHeld { return 0 }
    if run.kind == .run { return isOwn(run) ? ownRun?.seeds ?? 0 : 0 }
    let seeds = prepulls.objects[.init(namespace: run.namespace, name: run.name)]?.spec.seeds ?? 0
    return seeds * Set(run.turns.keys.compactMap { rows[$0]?.platform }).count
  }
}
