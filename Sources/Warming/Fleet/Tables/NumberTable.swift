/// Numbers for values that come again and again, so that a cell of nodes x images takes a few bytes.
///
/// Numbers of values that nobody uses any more are given to others.
struct NumberTable<Value: Hashable & Sendable, Kind>: Sendable {
  typealias Number = TableNumber<Kind>

  private var numbers: [Value: Number] = [:]
  /// Where a number is free, the value that had it last.
  private var values: [Value] = []
  private var free: [Number] = []

  var count: Int { numbers.count }

  mutating func number(of value: Value) -> Number {
    if let known = numbers[value] { return known }
    let new: Number
    if let number = free.popLast() {
      new = number
      values[Int(number.value)] = value
    } else {
      new = Number(value: Int32(values.count))
      values.append(value)
    }
    numbers[value] = new
    return new
  }

  func known(_ value: Value) -> Number? { numbers[value] }

  subscript(number: Number) -> Value { values[Int(number.value)] }

  /// Frees all numbers but these.
  mutating func retain(_ used: Set<Number>) {
    for (value, number) in numbers where !used.contains(number) {
      numbers[value] = nil
      free.append(number)
    }
  }
}
