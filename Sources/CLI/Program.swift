/// How this program was called.
enum Program {
  /// What a person types to run it: `kubectl prepull` where kubectl runs it as its plugin, else `prepull`.
  static let name = name(calledAs: CommandLine.arguments.first ?? "")

  static func name(calledAs path: String) -> String {
    path.split(separator: "/").last?.hasPrefix("kubectl-prepull") == true ? "kubectl prepull" : "prepull"
  }
}
