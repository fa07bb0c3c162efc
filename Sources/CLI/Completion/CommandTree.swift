import Documents

/// What may be typed: the commands with their options, read from the parser's own description of itself.
struct CommandTree {
  struct Suggestion: Hashable {
    let text: String
    let help: String
  }

  /// What may stand at a place.
  struct Answer: Hashable {
    var suggestions: [Suggestion] = []
    /// Whether names of files may stand there too.
    var files = false
    /// What of the kubeconfig or the cluster may stand there.
    var names: NameKind?
  }

  private struct Option {
    let names: [String]
    let takesValue: Bool
    let values: [String]
    let completesFiles: Bool
    let help: String

    init?(_ argument: JSON) {
      guard argument["shouldDisplay"]?.bool != false, let kind = argument["kind"]?.string, kind != "positional" else {
        return nil
      }
      names = (argument["names"]?.array ?? []).compactMap { name in
        guard let text = name["name"]?.string else { return nil }
        return name["kind"]?.string == "long" ? "--\(text)" : "-\(text)"
      }
      takesValue = kind == "option"
      values = (argument["allValues"]?.array ?? []).compactMap(\.string)
      let valueName = argument["valueName"]?.string ?? ""
      completesFiles = argument["completionKind"]?["file"] != nil || ["file", "path", "folder"].contains(valueName)
      help = argument["abstract"]?.string ?? ""
    }
  }

  private let root: JSON

  /// - Parameter help: what `--experimental-dump-help` prints.
  init(help: String) throws(JSONError) {
    root = try JSON(parsing: help)["command"] ?? .null
  }

  /// What may stand where the last of `words` is being typed.
  func suggestions(for words: [String]) -> Answer {
    let prefix = words.last ?? ""
    var command = root
    var expectsValue: Option?
    var hasArgument = false
    for word in words.dropLast() {
      if expectsValue != nil {
        expectsValue = nil
      } else if let option = options(of: command).first(where: { $0.names.contains(word) }), option.takesValue {
        expectsValue = option
      } else if let next = subcommands(of: command).first(where: { $0["commandName"]?.string == word }) {
        command = next
      } else if !word.hasPrefix("-") {
        hasArgument = true
      }
    }
    if let option = expectsValue {
      let values = option.values.filter { $0.hasPrefix(prefix) }.map { Suggestion(text: $0, help: "") }
      return Answer(suggestions: values, files: option.completesFiles, names: NameKind(option: option.names))
    }
    if prefix.hasPrefix("-") {
      let matching = options(of: command).flatMap { option in
        option.names.filter { $0.hasPrefix(prefix) && $0.hasPrefix("--") }.map {
          Suggestion(text: $0, help: option.help)
        }
      }
      return Answer(suggestions: matching)
    }
    let names = subcommands(of: command).compactMap { command -> Suggestion? in
      guard let name = command["commandName"]?.string, name.hasPrefix(prefix) else { return nil }
      return Suggestion(text: name, help: command["abstract"]?.string ?? "")
    }
    let takesName = ["status", "delete"].contains(command["commandName"]?.string) && !hasArgument
    return Answer(suggestions: names, names: takesName ? .kept : nil)
  }

  private func options(of command: JSON) -> [Option] { (command["arguments"]?.array ?? []).compactMap(Option.init) }

  private func subcommands(of command: JSON) -> [JSON] {
    (command["subcommands"]?.array ?? []).filter { $0["shouldDisplay"]?.bool != false }
  }
}
