package import Documents

/// A field selector: `spec.nodeName=n1,status.phase!=Running`; all terms have to hold.
package struct FieldQuery: Hashable, Sendable {
  struct Term: Hashable, Sendable {
    let path: [String]
    let value: String
    let isEqual: Bool
  }

  var terms: [Term]

  package init() { terms = [] }

  package static func equal(_ field: String, _ value: String) -> FieldQuery {
    var query = FieldQuery()
    query.terms = [Term(path: field.split(separator: ".").map(String.init), value: value, isEqual: true)]
    return query
  }

  package var isEmpty: Bool { terms.isEmpty }

  package func matches(_ object: JSON) -> Bool {
    terms.allSatisfy { term in (Self.text(of: object[path: term.path[...]], term) == term.value) == term.isEqual }
  }

  private static func text(of value: JSON?, _ term: Term) -> String {
    switch value {
    case .string(let text): text
    case .bool(let flag): flag ? "true" : "false"
    case .integer(let number): String(number)
    // spec.unschedulable=false, spec.hostNetwork=false: absent means false.
    default: ["unschedulable", "hostNetwork"].contains(term.path.last) ? "false" : ""
    }
  }

  /// The value that the field has to have, when the query demands one.
  func value(of field: [String]) -> String? { terms.first { $0.path == field && $0.isEqual }?.value }

  /// Parses the text of `fieldSelector=`; throws 400 for a field that the kind does not offer.
  package init(parsing text: String, for definition: ResourceDefinition) throws(StatusError) {
    terms = []
    for part in text.split(separator: ",") {
      guard let sign = part.firstIndex(where: { $0 == "=" || $0 == "!" }) else {
        throw .badRequest(
          "invalid selector: '\(text)'; can't understand '\(part)'")
      }
      let field = part[..<sign]
      var rest = part[sign...]
      let isEqual = rest.first == "="
      rest = rest.drop { $0 == "=" || $0 == "!" }
      let known = definition.selectableFields + ["metadata.name", "metadata.namespace"]
      guard known.contains(String(field)) else {
        throw .badRequest(
          "Unable to find \"\(definition.apiVersion), Resource=\(definition.name.plural)\" that match label selector \"\", field selector \"\(text)\": field label not supported: \(field)"
        )
      }
      terms.append(
        Term(path: field.split(separator: ".").map(String.init), value: String(rest), isEqual: isEqual))
    }
  }
}

extension FieldQuery {
  /// Demands one more value.
  mutating func add(_ field: String, _ value: String) {
    terms.append(Term(path: field.split(separator: ".").map(String.init), value: value, isEqual: true))
  }
}
