extension JSON {
  /// The value with texts that cannot steer a terminal that they are printed to: without control characters but line ends and
  /// tabs, and without characters that turn the direction of writing.
  package var withoutControls: JSON {
    switch self {
    case .string(let text): .string(Self.withoutControls(text))
    case .array(let elements): .array(elements.map(\.withoutControls))
    case .object(let members): .object(members.mapValues(\.withoutControls))
    case .null, .bool, .integer, .number: self
    }
  }

  private static func withoutControls(_ text: String) -> String {
    func isKept(_ scalar: Unicode.Scalar) -> Bool {
      switch scalar {
      case "\n", "\r", "\t": true
      default: scalar.properties.generalCategory != .control && scalar.properties.generalCategory != .format
      }
    }
    return text.unicodeScalars.allSatisfy(isKept)
      ? text : String(String.UnicodeScalarView(text.unicodeScalars.filter(isKept)))
  }
}
