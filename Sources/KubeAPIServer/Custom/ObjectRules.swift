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

  package init(_ compile: @escaping @Sendable (_ schema: JSON, _ place: String) -> Compiled) {
    self.compile = compile
  }

  /// Takes every object that the schema takes.
  package static let none = RuleCompiler { _, _ in (nil, []) }
}
