import Documents

extension APIServer {
  /// What a request says about fields that its kind does not have, or has twice: `fieldValidation`.
  enum FieldValidation: String, CaseIterable {
    case ignore = "Ignore"
    case warn = "Warn"
    case strict = "Strict"

    init(_ call: APICall) throws(StatusError) {
      // What real servers take when nothing is said.
      guard let value = call.query["fieldValidation"], !value.isEmpty else {
        self = .warn
        return
      }
      guard let known = FieldValidation(rawValue: value) else {
        let kind = ["patch": "PatchOptions", "update": "UpdateOptions"][call.verb.rawValue] ?? "CreateOptions"
        throw .invalid(
          ResourceName(group: "meta.k8s.io", plural: kind), kind: kind, name: "",
          [.unsupported("fieldValidation", .string(value), Self.allCases.map(\.rawValue))])
      }
      self = known
    }
  }

  /// Takes out the fields that the kind does not have, and says what the client is to be warned of.
  ///
  /// - Parameter text: the body as it came, where keys may be there twice.
  func checkFields(_ object: inout JSON, _ call: APICall, text: [UInt8]? = nil) throws(StatusError) -> [String] {
    let validation = try FieldValidation(call)
    var unknown: [String]
    do {
      unknown = try prune(&object, call)
    } catch {
      let problem = error.message
      guard call.verb == .patch else { throw unhandled(call, problem) }
      throw .invalid(ResourceName(plural: ""), kind: "", name: "", [.invalid("patch", object, problem)])
    }
    unknown = unknown.map { "unknown field \"\($0)\"" }
    if let text, validation != .ignore, !call.contentType.hasSuffix("protobuf") {
      unknown = DuplicateFields.paths(in: text).map { "duplicate field \"\($0)\"" } + unknown
    }
    guard !unknown.isEmpty, validation != .ignore else { return [] }
    if validation == .warn { return unknown }
    let problem = "strict decoding error: " + unknown.joined(separator: ", ")
    guard call.verb == .patch else { throw unhandled(call, problem) }
    throw .invalid(
      ResourceName(plural: ""), kind: "", name: "",
      [.invalid("patch", .string(String(decoding: call.body, as: UTF8.self)), problem)])
  }

  private func unhandled(_ call: APICall, _ problem: String) -> StatusError {
    .badRequest(
      "\(call.definition.kind) in version \"\(call.version)\" cannot be handled as a \(call.definition.kind): \(problem)"
    )
  }

  private func prune(_ object: inout JSON, _ call: APICall) throws(BuiltInFields.Mismatch) -> [String] {
    let fields = BuiltInFields.all
    if let custom = call.definition.custom {
      var metadata: JSON = ["metadata": object["metadata"] ?? [:]]
      let unknown = try fields.prune(&metadata, as: "ObjectOnly")
      object["metadata"] = metadata["metadata"]
      return unknown + custom.unknownFields(object, version: call.version)
    }
    guard let type = fields.type(of: call.definition.kind) else { return [] }
    return try fields.prune(&object, as: type)
  }
}
