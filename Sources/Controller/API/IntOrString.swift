/// A number or a text, as `intstr.IntOrString` of Kubernetes: `20`, `10%`.
package enum IntOrString: Codable, Hashable, Sendable {
  case int(Int)
  case string(String)

  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let number = try? container.decode(Int.self) {
      self = .int(number)
    } else {
      self = .string(try container.decode(String.self))
    }
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .int(let value): try container.encode(value)
    case .string(let value): try container.encode(value)
    }
  }

  package var text: String {
    switch self {
    case .int(let value): "\(value)"
    case .string(let value): value
    }
  }
}
