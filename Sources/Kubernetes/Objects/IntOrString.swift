/// A number or a text, as Kubernetes takes for counts that may be a percentage: `3`, `10%`.
package enum IntOrString: Hashable, Sendable {
  case int(Int)
  case string(String)

  package var text: String {
    switch self {
    case .int(let number): "\(number)"
    case .string(let text): text
    }
  }
}

extension IntOrString: Codable {
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
    case .int(let number): try container.encode(number)
    case .string(let text): try container.encode(text)
    }
  }
}
