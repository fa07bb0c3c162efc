package import ArgumentParser
import Documents

import Glibc

/// The root of a program's commands.
package protocol ProgramRoot: AsyncParsableCommand {}

extension ProgramRoot {
  /// Runs the command line of this process and ends it.
  ///
  /// Exit codes: 0 it worked, 1 it did not, 2 the command line is wrong, 130 and 143 it was interrupted.
  package static func runAndExit() async -> Never {
    signal(SIGPIPE, SIG_IGN)
    if let fault = unknownCommand(in: Array(CommandLine.arguments.dropFirst())) {
      Console.standardError.write(fault)
      Glibc.exit(2)
    }
    do {
      let command = try parseAsRoot()
      do {
        try await run(command)
        Glibc.exit(0)
      } catch let error as ValidationError {
        // The parser would show the usage of the root command.
        let name = path(to: type(of: command)).joined(separator: " ")
        complain("Error: \(error.message)\nSee '\(Program.name) \(name) --help' for more information.")
        Glibc.exit(2)
      }
    } catch {
      finish(error)
    }
  }

  /// The words by which a command is called, without the program's own name.
  private static func path(to type: any ParsableCommand.Type) -> [String] {
    func path(below parent: any ParsableCommand.Type) -> [String]? {
      for child in parent.configuration.subcommands {
        if child == type { return [child._commandName] }
        if let rest = path(below: child) { return [child._commandName] + rest }
      }
      return nil
    }
    return path(below: Self.self) ?? []
  }

  /// What to say to a word that stands where a command should; nil where there is none.
  package static func unknownCommand(in arguments: [String]) -> String? {
    var parent: any ParsableCommand.Type = self
    var path = [Program.name]
    for word in arguments {
      let children = parent.configuration.subcommands
      // Options before a command are the parser's to judge; so is a command's own argument.
      guard !children.isEmpty, !word.hasPrefix("-"), word != "help" else { return nil }
      if let child = children.first(where: { $0._commandName == word }) {
        parent = child
        path.append(word)
        continue
      }
      let names = children.filter { $0.configuration.shouldDisplay }.map { $0._commandName }
      let shown = ForeignText.clean(word, limit: 60)
      let guess = NearWord.nearest(to: word, among: names).map { "; did you mean '\($0)'?" } ?? ""
      let name = path.joined(separator: " ")
      return "Error: '\(shown)' is no command of \(name)\(guess)\n"
        + (guess.isEmpty ? "The commands are \(names.joined(separator: ", ")).\n" : "")
        + "See '\(name) --help' for more information.\n"
    }
    return nil
  }

  private static func run(_ command: any ParsableCommand) async throws {
    var command = command
    if var asynchronous = command as? any AsyncParsableCommand {
      try await asynchronous.run()
    } else {
      try command.run()
    }
  }

  /// Says why the program ends: in the form of its log lines, where it has such. Other lines that are too wide for the
  /// terminal are broken between words.
  private static func complain(_ text: String) {
    let console = Console.standardError
    if let line = LogFormat.lastLine(text, arguments: CommandLine.arguments) { return console.write(line) }
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    console.write(lines: console.wrapped(lines))
  }

  /// The parser's message of an option that there is not, without another one that has little in common with it.
  private static func withoutFarGuess(_ text: String) -> String {
    let question = ". Did you mean '"
    guard let guess = text.firstRange(of: question), let end = text[guess.upperBound...].firstRange(of: "'?"),
      let start = text.firstRange(of: "Unknown option '"), start.upperBound < guess.lowerBound
    else { return text }
    func name(_ option: Substring) -> String { String(option.drop { $0 == "-" }.prefix { $0 != "'" && $0 != "=" }) }
    let unknown = name(text[start.upperBound..<guess.lowerBound])
    let near = NearWord.nearest(to: unknown, among: [name(text[guess.upperBound..<end.lowerBound])])
    return near == nil ? "\(text[..<guess.lowerBound])\(text[end.upperBound...])" : text
  }

  private static func finish(_ error: any Error) -> Never {
    let code = exitCode(for: error)
    switch code {
    case .success:
      do {
        try Console.standardOutput.writeAll(fullMessage(for: error) + "\n")
      } catch {
        complain("Error: \(error)")
        Glibc.exit(1)
      }
    case .validationFailure:
      complain(withoutFarGuess(fullMessage(for: error)))
      Glibc.exit(2)
    default:
      if !(error is ExitCode) { complain("Error: \(error)") }
    }
    Glibc.exit(code.rawValue)
  }
}
