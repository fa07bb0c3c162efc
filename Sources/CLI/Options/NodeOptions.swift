import Warming
import ArgumentParser
import Commands
import Kubernetes

/// Which nodes are meant.
struct NodeOptions: ParsableArguments {
  static let selectorHelp = ArgumentHelp(
    "Only nodes with these labels, as kubectl -l takes them: pool=gpu,zone in (a,b),!spot. Repeatable.",
    valueName: "labels")
  static let tolerationHelp = ArgumentHelp(
    "Also nodes with this taint: key=value:Effect, key:Effect, key=value, key, or all. Repeatable.",
    valueName: "taint")

  @Option(
    name: [.customShort("l"), .long], help: Self.selectorHelp)
  var selector: [String] = []

  @Option(
    name: .customLong("node"), help: ArgumentHelp("Only this node. Repeatable, or with commas.", valueName: "name"),
    completion: .names(.node))
  var nodes: [String] = []

  @Option(
    help: ArgumentHelp("Not this node. Repeatable, or with commas.", valueName: "name"), completion: .names(.node))
  var excludeNode: [String] = []

  @Option(help: Self.tolerationHelp)
  var toleration: [String] = []

  @Flag(help: "Also nodes that are cordoned.")
  var includeCordoned = false

  @Flag(help: "Also nodes that are not ready; they are warm when they come back in time.")
  var includeNotReady = false

  /// - Throws: `ValidationError` for a name, a selector or a taint that cannot be.
  func choice() throws -> NodeChoice {
    var choice = NodeChoice()
    choice.selector = try Self.requirements(selector)
    let names = try Self.names(nodes, of: "--node")
    choice.names = names.isEmpty ? nil : names
    choice.exclude = try Self.names(excludeNode, of: "--exclude-node")
    if let both = names.intersection(choice.exclude).min() {
      throw ValidationError("the node '\(both)' is both wanted and excluded: leave out --node or --exclude-node")
    }
    choice.tolerations = try tolerations().compactMap(TolerationRule.init)
    choice.includeCordoned = includeCordoned
    choice.includeNotReady = includeNotReady
    return choice
  }

  /// What `-l` says, each time it is given.
  static func requirements(_ selectors: [String]) throws -> [NodeRequirement] {
    try selectors.flatMap { text in try usage { try NodeRequirement.all(parsing: text) } }
  }

  func tolerations() throws -> [Toleration] {
    try toleration.map { text in try usage { try Toleration(parsing: text) } }
  }

  private static func names(_ texts: [String], of option: String) throws -> Set<String> {
    let names = texts.flatMap { $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) }
    for name in names {
      if let problem = NamingRule.subdomain.problem(in: name) {
        throw ValidationError("\(option) '\(name)' \(problem)")
      }
    }
    return Set(names)
  }
}
