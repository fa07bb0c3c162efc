/// What the value of a field may be, as the Go types of the API have it.
indirect enum FieldType: Hashable, Sendable {
  case text, integer, number, truth, time, quantity, anything
  case list(FieldType)
  case map(FieldType)
  /// A type of ``BuiltInFields``, by its name.
  case object(String)

  init(_ word: Substring) {
    switch word.first {
    case "[": self = .list(FieldType(word.dropFirst().dropLast()))
    case "{": self = .map(FieldType(word.dropFirst().dropLast()))
    default:
      self =
        switch word {
        case "s": .text
        case "i": .integer
        case "n": .number
        case "b": .truth
        case "t": .time
        case "q": .quantity
        case "x": .anything
        default: .object(String(word))
        }
    }
  }

  /// As Go's decoder calls it in messages.
  var goName: String {
    switch self {
    case .text, .time: "string"
    case .integer: "int64"
    case .number: "float64"
    case .truth: "bool"
    case .quantity: "resource.Quantity"
    case .anything: "interface {}"
    case .list(let element): "[]\(element.goName)"
    case .map(let element): "map[string]\(element.goName)"
    case .object(let name): "v1.\(name)"
    }
  }
}
