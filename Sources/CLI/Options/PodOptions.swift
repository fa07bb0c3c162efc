import ArgumentParser
import Commands
import Kubernetes
import PrepullAPI
import Warming

/// What quotas, LimitRanges and admission policies of a cluster ask of the pods that pull.
struct PodOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Label of the pods, and of what else is made. Repeatable.", valueName: "key=value"))
  var label: [String] = []

  @Option(help: ArgumentHelp("Annotation of the pods, and of what else is made. Repeatable.", valueName: "key=value"))
  var annotation: [String] = []

  @Option(
    help: ArgumentHelp(
      "What each container of the pods requests: cpu=10m,memory=64Mi. Repeatable.", valueName: "resource=quantity"))
  var request: [String] = []

  @Option(
    help: ArgumentHelp(
      "What each container of the pods may use: cpu=100m,memory=64Mi. Repeatable. (default: no limit)",
      valueName: "resource=quantity"))
  var limit: [String] = []

  /// What the options say, whether or not an API server would take it.
  ///
  /// - Throws: `ValidationError` for what is no pair.
  func template() throws -> PodTemplateOptions {
    PodTemplateOptions(
      labels: try KeyValues.pairs(label, of: "--label"),
      annotations: try KeyValues.pairs(annotation, of: "--annotation"),
      requests: try KeyValues.pairs(Self.parts(request), of: "--request"),
      limits: try KeyValues.pairs(Self.parts(limit), of: "--limit"))
  }

  /// - Throws: `ValidationError` also for what an API server would refuse.
  func check() throws {
    let template = try template()
    if let problem = template.problem {
      let option =
        switch problem.part {
        case .labels: "--label"
        case .annotations: "--annotation"
        case .requests: "--request"
        case .limits: "--limit"
        }
      throw ValidationError("\(option): \(problem.text)")
    }
    for key in template.labels.entries.keys.sorted() where Self.isOurs(key) {
      throw ValidationError("--label '\(key)' is set by Prepull, which finds its objects by it")
    }
  }

  private static func isOurs(_ key: String) -> Bool {
    key.hasPrefix("prepull.dev/")
      || [RunObjects.Key.name, RunObjects.Key.managedBy, RunObjects.Key.instance].contains(key)
  }

  /// No quantity has a comma.
  private static func parts(_ texts: [String]) -> [String] {
    texts.flatMap { $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) }
  }
}
