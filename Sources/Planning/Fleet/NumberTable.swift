/// Numbers for values that come again and again, so that a cell of nodes x images takes a few bytes.
struct NumberTable<Value: Hashable & Sendable>: Sendable {
  private var numbers: [Value: Int32] = [:]
  private var values: [Value] = []

  mutating func number(of value: Value) -> Int32 {
    if let known = numbers[value] { return known }
    let new = Int32(values.count)
    numbers[value] = new
    values.append(value)
    return new
  }

  func known(_ value: Value) -> Int32? { numbers[value] }

  subscript(number: Int32) -> Value { values[Int(number)] }
}
