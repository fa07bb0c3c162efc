package import Documents

extension Schema {
  /// What in a Prepull's spec is of another kind than its field, or missing: what an API server refuses before it looks
  /// at what the values mean.
  package static func misfits(inPrepullSpec spec: JSON) -> [SpecError] {
    prepullSpec.misfits(in: spec, at: [.member("spec")])
  }

  private func misfits(in json: JSON, at route: [Step]) -> [SpecError] {
    func misfit(_ wanted: String) -> [SpecError] {
      [SpecError(Self.path(route), "\(Self.words(for: json)); write \(wanted)")]
    }
    switch shape {
    case .object(let fields):
      guard let members = json.object else { return misfit("fields: \(fields.map(\.name).joined(separator: ", "))") }
      return fields.flatMap { field in
        let place = route + [.member(field.name)]
        // An API server drops what is null.
        if let value = members[field.name], value != .null { return field.schema.misfits(in: value, at: place) }
        return field.isRequired ? [SpecError(Self.path(place), "is missing")] : []
      }
    case .map(let value):
      guard let members = json.object else { return misfit("names with their values") }
      return members.sorted { $0.key < $1.key }.flatMap { value.misfits(in: $1, at: route + [.member($0)]) }
    case .list(let element, _, _):
      guard let elements = json.array else { return misfit("a list, each element after a -") }
      return elements.enumerated().flatMap { element.misfits(in: $1, at: route + [.element($0)]) }
    case .text, .time:
      return json.string == nil ? misfit("a text, in quotes where it looks like something else") : []
    case .duration: return json.string == nil ? misfit("a duration, for example 10m or 1h30m") : []
    case .choice(let values): return json.string == nil ? misfit("one of \(values.joined(separator: ", "))") : []
    case .integer(let least, _):
      if case .integer = json { return [] }
      return misfit("a whole number" + (least.map { " from \($0) on" } ?? ""))
    case .number:
      switch json {
      case .integer, .number: return []
      default: return misfit("a number")
      }
    case .boolean:
      if case .bool = json { return [] }
      return misfit("true or false")
    case .intOrString:
      switch json {
      case .integer, .string: return []
      default: return misfit("a whole number, or a text such as 10%")
      }
    }
  }

  /// `is '50%'`.
  private static func words(for json: JSON) -> String {
    switch json {
    case .null: "is empty"
    case .bool(let value): "is \(value)"
    case .integer(let value): "is the number \(value)"
    case .number(let value): "is the number \(value)"
    case .string(let text): "is '\(ForeignText.clean(text, limit: 60))'"
    case .array: "is a list"
    case .object: "has fields"
    }
  }
}
