import ArgumentParser

/// Answers kubectl, which asks `kubectl_complete-prepull` what may be typed after `kubectl prepull`.
///
/// The answer is a suggestion per line, a tab and its help, and in the end the directive of Cobra's protocol:
/// 0 lets the shell complete names of files, 4 forbids it.
struct CompleteCommand: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "__complete", shouldDisplay: false)

  @Argument(parsing: .captureForPassthrough)
  var words: [String] = []

  func run() throws {
    let tree = try CommandTree(help: CommandLineTool._dumpHelp())
    let (suggestions, files) = tree.suggestions(for: words)
    let lines = suggestions.map { $0.help.isEmpty ? $0.text : "\($0.text)\t\($0.help)" }
    Console.standardOutput.write(lines: lines + [files ? ":0" : ":4"])
  }
}
