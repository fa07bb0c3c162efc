/// A regular expression of Go's kind (RE2): matched in time that grows with text times pattern, whatever they are.
///
/// Backtracking takes for ever on `^(a+)+$`, and a CustomResourceDefinition may bring any pattern. Known are literals,
/// `.`, classes, `\d \w \s` and their opposites, groups without memory, `|`, `* + ? {m,n}`, `^ $ \A \z`, `(?i)` and
/// `(?s)` at the start. Source of the method: Thompson 1968, as Cox describes it.
package struct LinearPattern: Sendable {
  package struct Fault: Error {
    package let problem: String
  }

  private enum Step: Sendable {
    case scalars([ClosedRange<UInt32>], isNegated: Bool)
    case start
    case end
    /// Both ways, the first one preferred; which does not matter here.
    case split(Int, Int)
    case jump(Int)
    case match
  }

  /// What a pattern takes at the most, its repetitions written out; as RE2 refuses large ones.
  private static let limit = 20_000

  private var steps: [Step] = []

  init(_ pattern: String) throws(Fault) {
    var parser = Parser(Array(pattern.unicodeScalars.map(\.value)))
    let tree = try parser.pattern()
    try emit(tree)
    steps.append(.match)
  }

  /// Whether the pattern fits somewhere in the text.
  package func matches(in text: String) -> Bool {
    end(in: Array(text.unicodeScalars.map(\.value)), from: 0, isAnywhere: true) != nil
  }

  /// The pieces where the pattern fits, from left to right, each as long as can be.
  package func places(in text: String) -> [String] {
    let scalars = Array(text.unicodeScalars.map(\.value))
    var places: [String] = []
    var position = 0
    while position <= scalars.count {
      guard let end = end(in: scalars, from: position, isAnywhere: false) else {
        position += 1
        continue
      }
      places.append(String(String.UnicodeScalarView(scalars[position..<end].compactMap(Unicode.Scalar.init))))
      position = max(end, position + 1)
    }
    return places
  }

  /// Where the longest match that begins at a place ends; or, anywhere, the end of the first match that is found.
  private func end(in scalars: [UInt32], from start: Int, isAnywhere: Bool) -> Int? {
    var current = ThreadList(steps.count)
    var next = ThreadList(steps.count)
    var end: Int?
    for position in start...scalars.count {
      if isAnywhere || position == start, add(0, at: position, scalars.count, to: &current) {
        end = position
        if isAnywhere { return end }
      }
      guard position < scalars.count, isAnywhere || !current.threads.isEmpty else { return end }
      next.clear()
      for thread in current.threads {
        guard case .scalars(let ranges, let isNegated) = steps[thread] else { continue }
        if ranges.contains(where: { $0.contains(scalars[position]) }) != isNegated,
          add(thread + 1, at: position + 1, scalars.count, to: &next)
        {
          end = position + 1
          if isAnywhere { return end }
        }
      }
      swap(&current, &next)
    }
    return end
  }

  private struct ThreadList {
    private(set) var threads: [Int] = []
    private var isIn: [Bool]

    init(_ count: Int) { isIn = Array(repeating: false, count: count) }

    mutating func insert(_ thread: Int) -> Bool {
      if isIn[thread] { return false }
      isIn[thread] = true
      threads.append(thread)
      return true
    }

    mutating func clear() {
      for thread in threads { isIn[thread] = false }
      threads.removeAll(keepingCapacity: true)
    }
  }

  /// Follows what takes no character; true when that leads to the end of the pattern.
  private func add(_ thread: Int, at position: Int, _ count: Int, to list: inout ThreadList) -> Bool {
    var pending = [thread]
    var isEnd = false
    while let next = pending.popLast() {
      guard list.insert(next) else { continue }
      switch steps[next] {
      case .match: isEnd = true
      case .jump(let target): pending.append(target)
      case .split(let first, let second): pending += [second, first]
      case .start: if position == 0 { pending.append(next + 1) }
      case .end: if position == count { pending.append(next + 1) }
      case .scalars: break
      }
    }
    return isEnd
  }

  // MARK: Program

  private mutating func emit(_ tree: Parser.Tree) throws(Fault) {
    guard steps.count < Self.limit else { throw Fault(problem: "expression too large") }
    switch tree {
    case .scalars(let ranges, let isNegated): steps.append(.scalars(ranges, isNegated: isNegated))
    case .start: steps.append(.start)
    case .end: steps.append(.end)
    case .sequence(let parts): for part in parts { try emit(part) }
    case .choice(let branches): try emit(branches: branches[...])
    case .repeated(let part, let least, let most):
      for _ in 0..<least { try emit(part) }
      if let most {
        var splits: [Int] = []
        for _ in least..<max(least, most) {
          splits.append(steps.count)
          steps.append(.match)
          try emit(part)
        }
        for split in splits { steps[split] = .split(split + 1, steps.count) }
      } else {
        let split = steps.count
        steps.append(.match)
        try emit(part)
        steps.append(.jump(split))
        steps[split] = .split(split + 1, steps.count)
      }
    }
  }

  private mutating func emit(branches: ArraySlice<Parser.Tree>) throws(Fault) {
    var ends: [Int] = []
    for (number, branch) in branches.enumerated() {
      guard number < branches.count - 1 else {
        try emit(branch)
        break
      }
      let split = steps.count
      steps.append(.match)
      try emit(branch)
      ends.append(steps.count)
      steps.append(.match)
      steps[split] = .split(split + 1, steps.count)
    }
    for end in ends { steps[end] = .jump(steps.count) }
  }
}
