package import Kubernetes

extension Toleration {
  /// Reads a toleration as `kubectl taint` writes taints, without what it leaves out: `key=value:Effect`, `key=value`,
  /// `key:Effect`, `key`; `all` tolerates every taint.
  package init(parsing text: String) throws(ManifestError) {
    if text == "all" {
      self.init(operator: .exists)
      return
    }
    func fault(_ problem: String) -> ManifestError {
      ManifestError(
        .toleration, "toleration '\(text)' \(problem); write key=value:Effect, key:Effect, key=value, key or all")
    }
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    var effect: Effect?
    if parts.count == 2 {
      effect = Effect.allCases.first { $0.rawValue == parts[1] }
      if effect == nil {
        let effects = Effect.allCases.map(\.rawValue).joined(separator: ", ")
        throw fault("has the effect '\(parts[1])', which is none of \(effects)")
      }
    }
    let pair = (parts.first ?? "").split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      .map(String.init)
    let key = pair.first ?? ""
    if let problem = NamingRule.key.problem(in: key) { throw fault("has a key that \(problem)") }
    if pair.count == 2, let problem = NamingRule.value.problem(in: pair[1]) {
      throw fault("has a value that \(problem)")
    }
    self.init(
      key: key, operator: pair.count == 2 ? .equal : .exists, value: pair.count == 2 ? pair[1] : nil, effect: effect)
  }
}

extension IntOrString {
  /// Reads how many nodes may be without their pod during an update: a number from 1, or 1% to 100%.
  package init(maxUnavailable text: String) throws(ManifestError) {
    let isPercentage = text.hasSuffix("%")
    let digits = isPercentage ? text.dropLast() : text[...]
    let isNumber = !digits.isEmpty && digits.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    guard isNumber, let number = Int32(digits), number >= 1, !isPercentage || number <= 100 else {
      throw ManifestError(
        .maxUnavailable, "max-unavailable '\(text)' is no number of nodes: write a number from 1, or 1% to 100%")
    }
    self = isPercentage ? .string("\(number)%") : .int(Int(number))
  }
}
