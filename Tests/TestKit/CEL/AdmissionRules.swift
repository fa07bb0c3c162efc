import Documents
import KubeAPIServer

/// The CEL of a ValidatingAdmissionPolicy: `matchConditions`, `variables`, `validations` and `failurePolicy`, over
/// `request`, `object`, `oldObject` and `variables`.
///
/// Not done: `params`, `authorizer`, `namespaceObject`, `auditAnnotations`. Objects have no schema here, so what is
/// written about their fields is not checked before it is evaluated.
struct AdmissionRules: PolicyRules {
  private struct Named: Sendable {
    let name: String
    let expression: CELExpression
  }

  private struct Validation: Sendable {
    let source: String
    let expression: CELExpression
    let message: String?
    let messageExpression: CELExpression?
    let reason: String
  }

  private var conditions: [Named] = []
  private var variables: [Named] = []
  private var validations: [Validation] = []
  private let isStrict: Bool

  /// Reads a policy's `spec`.
  static let compiled: @Sendable (JSON) -> RuleCompiler.CompiledPolicy = { spec in
    var problems: [FieldProblem] = []
    let rules = AdmissionRules(spec) { problems.append($0) }
    return (problems.isEmpty ? rules : nil, problems)
  }

  private static let group: CELType = .object(["group": .string, "version": .string, "resource": .string])
  private static let kind: CELType = .object(["group": .string, "version": .string, "kind": .string])
  private static let user: CELType = .object([
    "username": .string, "uid": .string, "groups": .list(.string), "extra": .map(.list(.string)),
  ])
  private static let request: CELType = .object([
    "operation": .string, "name": .string, "namespace": .string, "subResource": .string, "resource": group,
    "requestResource": group, "kind": kind, "requestKind": kind, "userInfo": user, "dryRun": .bool,
  ])
  /// How names of keys are kept as they are: those of maps, not of fields.
  private static let requestSchema: JSON = [
    "properties": ["userInfo": ["properties": ["extra": ["additionalProperties": [:]]]]]
  ]
  private static let objectSchema: JSON = [
    "properties": [
      "metadata": [
        "properties": ["labels": ["additionalProperties": [:]], "annotations": ["additionalProperties": [:]]]
      ]
    ]
  ]

  private init(_ spec: JSON, tell: (FieldProblem) -> Void) {
    isStrict = spec["failurePolicy"] != "Ignore"
    let names: [String: CELType] = [
      "request": Self.request, "object": .dyn, "oldObject": .dyn,
    ]
    // Conditions are asked before variables are there.
    let (first, full) = (CELChecker(names), CELChecker(names.merging(["variables": .dyn]) { $1 }))
    func compiled(_ text: String, _ path: String, _ checker: CELChecker, _ wanted: CELType) -> CELExpression? {
      do throws(CELError) {
        let expression = try CELParser.expression(text)
        if try checker.type(of: expression).fits(wanted) { return expression }
        tell(.invalid(path, .string(text), "must evaluate to \(wanted.name)"))
      } catch {
        tell(.invalid(path, .string(text), "compilation failed: \(error.description(in: text))"))
      }
      return nil
    }
    func text(_ entry: JSON, _ field: String) -> String { entry[field]?.string ?? "" }
    for (index, entry) in (spec["matchConditions"]?.array ?? []).enumerated() {
      let path = "spec.matchConditions[\(index)].expression"
      guard let expression = compiled(text(entry, "expression"), path, first, .bool) else { continue }
      conditions.append(Named(name: text(entry, "name"), expression: expression))
    }
    for (index, entry) in (spec["variables"]?.array ?? []).enumerated() {
      let path = "spec.variables[\(index)].expression"
      guard let expression = compiled(text(entry, "expression"), path, full, .dyn) else { continue }
      variables.append(Named(name: text(entry, "name"), expression: expression))
    }
    for (index, entry) in (spec["validations"]?.array ?? []).enumerated() {
      let path = "spec.validations[\(index)]"
      guard let expression = compiled(text(entry, "expression"), "\(path).expression", full, .bool) else { continue }
      let message = entry["messageExpression"]?.string
      validations.append(
        Validation(
          source: text(entry, "expression"), expression: expression, message: entry["message"]?.string,
          messageExpression: message.flatMap { compiled($0, "\(path).messageExpression", full, .string) },
          reason: entry["reason"]?.string ?? "Invalid"))
    }
  }

  func refusal(of request: JSON, object: JSON, old: JSON) -> PolicyRefusal? {
    var names = [
      "request": CELValue(request, Self.requestSchema), "object": CELValue(object, Self.objectSchema),
      "oldObject": CELValue(old, Self.objectSchema),
    ]
    let patterns = CELPatterns()
    do throws(CELFault) {
      let evaluator = CELEvaluator(names, patterns: patterns)
      for condition in conditions {
        guard case .bool(true) = try evaluator.value(of: condition.expression) else { return nil }
      }
    } catch {
      return isStrict ? PolicyRefusal(message: "match condition evaluation error: \(error.problem)") : nil
    }
    var values: [CELValue: CELValue] = [:]
    for variable in variables {
      names["variables"] = .map(values)
      // A variable without a value is a fault where it is used.
      values[.string(variable.name)] = try? CELEvaluator(names, patterns: patterns).value(of: variable.expression)
    }
    names["variables"] = .map(values)
    let evaluator = CELEvaluator(names, patterns: patterns)
    for validation in validations {
      do throws(CELFault) {
        if case .bool(true) = try evaluator.value(of: validation.expression) { continue }
        return PolicyRefusal(message: message(validation, evaluator), reason: validation.reason)
      } catch {
        if isStrict {
          return PolicyRefusal(message: "expression '\(validation.source)' resulted in error: \(error.problem)")
        }
      }
    }
    return nil
  }

  private func message(_ validation: Validation, _ evaluator: CELEvaluator) -> String {
    if let expression = validation.messageExpression, case .string(let text)? = try? evaluator.value(of: expression),
      !text.isEmpty
    {
      return text
    }
    return validation.message ?? "failed expression: \(validation.source)"
  }
}
