/// Numbers for values that come again and again, so that a cell of nodes x images takes a few bytes.
///
/// Numbers of values that nobody uses any more are given to others.
struct NumberTable<Value: Hashable & Sendable>: Sendable {
  private var numbers: [Value: Int32] = [:]
  /// Where a number is free, the value that had it last.
  private var values: [Value] = []
  private var free: [Int32] = []

  var count: Int { numbers.count }

  mutating func number(of value: Value) -> Int32 {
    if let known = numbers[value] { return known }
    let new: Int32
    if let number = free.popLast() {
      new = number
      values[Int(number)] = value
    } else {
      new = Int32(values.count)
      values.append(value)
    }
    numbers[value] = new
    return new
  }

  func known(_ value: Value) -> Int32? { numbers[value] }

  subscript(number: Int32) -> Value { values[Int(number)] }

  /// Frees all numbers but these.
  mutating func retain(_ used: Set<Int32>) {
    for (value, number) in numbers where !used.contains(number) {
      numbers[value] = nil
      free.append(number)
    }
  }
}
