package import Documents

/// The validation rules of a custom resource, ready to be evaluated.
package protocol ObjectRules: Sendable {
  /// What breaks a rule.
  ///
  /// - Parameter old: what the object was.
  func problems(in object: JSON, old: JSON?) -> [FieldProblem]
}

/// Makes rules of schemas. The sandbox of the product has none, as CEL takes a compiler; that of the tests has one.
package struct RuleCompiler: Sendable {
  /// Rules, or none where the schema has none, and what is wrong with them.
  package typealias Compiled = (rules: (any ObjectRules)?, problems: [FieldProblem])

  /// - Parameter place: where the schema stands, for messages.
  let compile: @Sendable (_ schema: JSON, _ place: String) -> Compiled
  /// The expressions of a ValidatingAdmissionPolicy's `spec`, nil where nobody evaluates them, and what is wrong.
  let policy: @Sendable (_ spec: JSON) -> CompiledPolicy

  package typealias CompiledPolicy = (rules: (any PolicyRules)?, problems: [FieldProblem])

  package init(
    policy: @escaping @Sendable (_ spec: JSON) -> CompiledPolicy = { _ in (nil, []) },
    _ compile: @escaping @Sendable (_ schema: JSON, _ place: String) -> Compiled
  ) {
    self.policy = policy
    self.compile = compile
  }

  /// Takes every object that the schema takes.
  package static let none = RuleCompiler { _, _ in (nil, []) }
}
