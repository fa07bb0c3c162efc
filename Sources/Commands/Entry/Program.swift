/// How this program was called.
package enum Program {
  /// What a person types to run it: `kubectl prepull` where kubectl runs it as its plugin, else its own name.
  package static let name = name(calledAs: CommandLine.arguments.first ?? "")

  /// What a person types to run `prepull`, which has the commands for people.
  package static let nameForPeople = name == "prepulld" ? "prepull" : name

  package static func name(calledAs path: String) -> String {
    switch path.split(separator: "/").last {
    case let name? where name.hasPrefix("prepulld"): "prepulld"
    case let name? where name.hasPrefix("kubectl-prepull"): "kubectl prepull"
    default: "prepull"
    }
  }
}
