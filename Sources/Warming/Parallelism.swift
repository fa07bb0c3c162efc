/// A number of nodes, or a share of them: `20`, `10%`. Says how many at a time, and how many may fail.
package enum Parallelism: Hashable, Sendable {
  case nodes(Int)
  case percent(Int)

  /// How many of `total` nodes may be in work at a time: a share is rounded up, and one may always be.
  package func limit(of total: Int) -> Int {
    switch self {
    case .nodes(let count): max(1, count)
    case .percent(let percent): max(1, (total * percent + 99) / 100)
    }
  }

  /// How many of `total` nodes may fail before it is too much: a share is rounded down, and stands for one
  /// node at least: of three nodes, 20% is not none. 0 and 0% are.
  package func allowance(of total: Int) -> Int {
    switch self {
    case .nodes(let count): max(0, count)
    case .percent(let percent): percent > 0 ? max(1, total * percent / 100) : 0
    }
  }
}

extension Parallelism: CustomStringConvertible {
  /// Reads `20` or `10%`.
  ///
  /// - Parameter least: the smallest number that makes sense: 1 for nodes at a time, 0 for failures.
  package init(parsing text: String, least: Int = 1) throws(ParallelismError) {
    let isShare = text.hasSuffix("%")
    let digits = isShare ? text.dropLast() : text[...]
    let isNumber = !digits.isEmpty && digits.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    guard isNumber, let number = Int32(digits), number >= least, !isShare || number <= 100 else {
      throw ParallelismError(text: text, least: least)
    }
    self = isShare ? .percent(Int(number)) : .nodes(Int(number))
  }

  package var description: String {
    switch self {
    case .nodes(let count): "\(count)"
    case .percent(let percent): "\(percent)%"
    }
  }
}

/// A text that is neither a number of nodes nor a share of them.
package struct ParallelismError: Error, Hashable, Sendable, CustomStringConvertible {
  package let text: String
  package let least: Int

  package var description: String {
    "'\(text)' is no number of nodes: write a number from \(least), or \(least)% to 100%"
  }
}
