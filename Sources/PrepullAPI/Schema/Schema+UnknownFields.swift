package import Documents

extension Schema {
  /// A step into a document.
  package enum Step: Hashable, Sendable {
    case member(String)
    case element(Int)
  }

  /// A field that a value has and its schema does not: kubectl refuses it, and the API server by itself drops it.
  package struct UnknownField: Hashable, Sendable {
    /// From the object on.
    package let route: [Step]
    /// What the field is called by now, if an earlier version knew it.
    package let replacement: String?
    /// The fields that there are in its place.
    package let others: [String]

    /// `spec.images[0].reference`.
    package var path: String { Schema.path(route) }
    package var name: String { if case .member(let name)? = route.last { name } else { "" } }
  }

  /// `spec.images[0].reference`.
  static func path(_ route: [Step]) -> String {
    route.reduce(into: "") { path, step in
      switch step {
      case .member(let name): path += path.isEmpty ? name : ".\(name)"
      case .element(let index): path += "[\(index)]"
      }
    }
  }

  /// The fields of a Prepull, as an object of a manifest, that are none; its metadata and status are not looked at.
  package static func unknownFields(inPrepull object: JSON) -> [UnknownField] {
    let known = ["apiVersion", "kind", "metadata", "spec", "status"]
    let others = (object.object ?? [:]).keys.sorted().filter { !known.contains($0) }
      .map { UnknownField(route: [.member($0)], replacement: nil, others: known) }
    return others + prepullSpec.unknownFields(in: object["spec"] ?? [:], at: [.member("spec")], general: "spec")
  }

  /// - Parameter general: the path without the numbers of elements, to look up earlier names by.
  private func unknownFields(in json: JSON, at route: [Step], general: String) -> [UnknownField] {
    switch shape {
    case .object(let fields):
      (json.object ?? [:]).sorted { $0.key < $1.key }.flatMap { name, value in
        let place = route + [.member(name)]
        let generalPlace = "\(general).\(name)"
        guard let field = fields.first(where: { $0.name == name }) else {
          return [
            UnknownField(route: place, replacement: Self.replacements[generalPlace], others: fields.map(\.name))
          ]
        }
        return field.schema.unknownFields(in: value, at: place, general: generalPlace)
      }
    case .list(let element, _, _):
      (json.array ?? []).enumerated().flatMap { index, value in
        element.unknownFields(in: value, at: route + [.element(index)], general: "\(general)[]")
      }
    case .map, .text, .duration, .choice, .time, .integer, .number, .boolean, .intOrString: []
    }
  }

  /// What fields of earlier versions are called now.
  private static let replacements = [
    "spec.images[].reference": "image",
    "spec.discover": "spec.workloads",
    "spec.pull": "spec.imagePullPolicy, imagePullSecrets, backoffLimit and nodeTimeout",
    "spec.pacing": "spec.parallelism, registryParallelism and maxFailures",
    "spec.refresh": "spec.refreshInterval",
    "spec.verify": "spec.verifyInterval",
    "spec.gate.taint": "spec.gate.startupTaint",
    "spec.ttlAfterFinished": "spec.ttlSecondsAfterFinished",
  ]
}
