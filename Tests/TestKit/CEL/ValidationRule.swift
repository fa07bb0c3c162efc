import Documents
import KubeAPIServer

/// One entry of `x-kubernetes-validations`, ready to be evaluated.
struct ValidationRule: Sendable {
  let source: String
  let expression: CELExpression
  let message: String?
  let messageExpression: CELExpression?
  /// Without its leading dot; empty for the value itself.
  let fieldPath: String
  let reason: String?

  var usesOldSelf: Bool { expression.uses("oldSelf") }

  /// What stands for the rule in messages about it.
  var title: String { message ?? source }

  private static let reasons = [
    "FieldValueInvalid", "FieldValueForbidden", "FieldValueRequired", "FieldValueDuplicate",
  ]

  /// Reads one rule; nil, with what is wrong told to `tell`, when it cannot be evaluated.
  init?(_ json: JSON, _ schema: JSON, isRoot: Bool, at place: String, tell: (FieldProblem) -> Void) {
    func trimmed(_ name: String) -> String? {
      json[name]?.string.map { $0.trimming(while: \.isWhitespace) }.flatMap { $0.isEmpty ? nil : $0 }
    }
    guard let type = CELType(schema, isRoot: isRoot) else {
      tell(.invalid(place, json, "rules cannot be evaluated where the schema says no type"))
      return nil
    }
    let checker = CELChecker(["self": type, "oldSelf": type])
    func compiled(_ name: String, _ text: String, _ wanted: CELType) -> CELExpression? {
      do throws(CELError) {
        let expression = try CELParser.expression(text)
        let found = try checker.type(of: expression)
        if found.fits(wanted) { return expression }
        let problem =
          name == "rule"
          ? "compilation failed: cel expression must evaluate to a bool"
          : "messageExpression compilation failed: must evaluate to a string"
        tell(.invalid("\(place).\(name)", json, problem))
      } catch {
        let prefix = name == "rule" ? "" : "messageExpression "
        tell(.invalid("\(place).\(name)", json, "\(prefix)compilation failed: \(error.description(in: text))"))
      }
      return nil
    }
    guard let source = trimmed("rule") else {
      tell(.required("\(place).rule", "rule is not specified"))
      return nil
    }
    guard let expression = compiled("rule", source, .bool) else { return nil }
    self.source = source
    self.expression = expression
    message = trimmed("message")
    if let message, message.contains(where: \.isNewline) {
      tell(.invalid("\(place).message", .string(message), "message must not contain line breaks"))
    }
    messageExpression = trimmed("messageExpression").flatMap { compiled("messageExpression", $0, .string) }
    reason = json["reason"]?.string
    if let reason, !Self.reasons.contains(reason) {
      tell(.unsupported("\(place).reason", .string(reason), Self.reasons))
    }
    let path = json["fieldPath"]?.string ?? ""
    fieldPath = path.hasPrefix(".") ? String(path.dropFirst()) : path
    let target = fieldPath.split(separator: ".").reduce(JSON?.some(schema)) {
      $0?[path: "properties", String($1)] ?? $0?["additionalProperties"]
    }
    if !path.isEmpty, !path.hasPrefix(".") || target == nil {
      tell(
        .invalid(
          "\(place).fieldPath", .string(path),
          "fieldPath must be a valid path: \(path.hasPrefix(".") ? "does not refer to a valid field" : "expected [ or . but got: \(path)")"
        ))
    }
  }

  /// What is wrong with a value; nil when the rule holds.
  func problem(of value: JSON, old: JSON?, _ schema: JSON, at path: String, _ patterns: CELPatterns) -> FieldProblem? {
    var names = ["self": CELValue(value, schema)]
    names["oldSelf"] = old.map { CELValue($0, schema) }
    let evaluator = CELEvaluator(names, patterns: patterns)
    do throws(CELFault) {
      if case .bool(true) = try evaluator.value(of: expression) { return nil }
    } catch {
      let detail =
        error == .noOverload
        ? "'no such overload': call arguments did not match a supported operator, function or macro signature for rule: "
          + title : "\(error.problem) evaluating rule: \(title)"
      return .refused(path, value, detail, reason: nil)
    }
    let place = fieldPath.isEmpty ? path : path.isEmpty ? fieldPath : "\(path).\(fieldPath)"
    return .refused(place, value, detail(evaluator), reason: reason)
  }

  private func detail(_ evaluator: CELEvaluator) -> String {
    if let messageExpression, case .string(let text)? = try? evaluator.value(of: messageExpression) {
      let line = text.trimming(while: \.isWhitespace)
      if !line.isEmpty, !line.contains(where: \.isNewline) { return line }
    }
    return message ?? "failed rule: \(source)"
  }
}

extension FieldProblem {
  /// As the API server of 1.35 and later words it: simple values are shown, others are not. Older ones show the type.
  fileprivate static func refused(_ path: String, _ value: JSON, _ detail: String, reason: String?) -> FieldProblem {
    let shown =
      switch value {
      case .object, .array, .null: ""
      default: " \(value.text):"
      }
    switch reason {
    case "FieldValueRequired": return .required(path, detail)
    case "FieldValueForbidden": return .forbidden(path, detail)
    case "FieldValueDuplicate":
      return FieldProblem(
        reason: "FieldValueDuplicate", field: path,
        message: "Duplicate value" + (shown.isEmpty ? "" : ":\(shown.dropLast())"))
    default:
      return FieldProblem(reason: "FieldValueInvalid", field: path, message: "Invalid value:\(shown) \(detail)")
    }
  }
}

extension String {
  fileprivate func trimming(while isTrimmed: (Character) -> Bool) -> String {
    String(drop(while: isTrimmed).reversed().drop(while: isTrimmed).reversed())
  }
}
