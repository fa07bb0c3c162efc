package import Documents

extension Schema {
  /// A field that a value has and its schema does not: the API server drops it.
  package struct UnknownField: Hashable, Sendable, CustomStringConvertible {
    /// `spec.images[0].reference`.
    package let path: String
    /// What the field is called by now, if an earlier version knew it.
    package let replacement: String?

    package var description: String { path + (replacement.map { " (now \($0))" } ?? "") }
  }

  /// The fields of a Prepull's spec that are none.
  package static func unknownFields(inPrepullSpec spec: JSON) -> [UnknownField] {
    guard case .object(let fields) = prepull.shape, let schema = fields.first(where: { $0.name == "spec" })?.schema
    else { return [] }
    return schema.unknownFields(in: spec, at: "spec", general: "spec")
  }

  /// - Parameter general: the path without the numbers of elements, to look up earlier names by.
  private func unknownFields(in json: JSON, at path: String, general: String) -> [UnknownField] {
    switch shape {
    case .object(let fields):
      (json.object ?? [:]).sorted { $0.key < $1.key }.flatMap { name, value in
        let place = "\(path).\(name)"
        let generalPlace = "\(general).\(name)"
        guard let field = fields.first(where: { $0.name == name }) else {
          return [UnknownField(path: place, replacement: Self.replacements[generalPlace])]
        }
        return field.schema.unknownFields(in: value, at: place, general: generalPlace)
      }
    case .list(let element, _, _):
      (json.array ?? []).enumerated().flatMap { index, value in
        element.unknownFields(in: value, at: "\(path)[\(index)]", general: "\(general)[]")
      }
    default: []
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
