import ArgumentParser
import Commands

/// Answers kubectl, which asks `kubectl_complete-prepull` what may be typed after `kubectl prepull`.
///
/// The answer is a suggestion per line, a tab and its help, and in the end the directive of Cobra's protocol:
/// 0 lets the shell complete names of files, 4 forbids it, 2 puts no space behind what is completed.
struct CompleteCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(commandName: "__complete", shouldDisplay: false)

  @Argument(parsing: .captureForPassthrough)
  var words: [String] = []

  func run() async throws {
    let tree = try CommandTree(help: CommandLineTool._dumpHelp())
    var answer = tree.suggestions(for: words)
    if let kind = answer.names {
      let names = await NameSource(words: Array(words.dropLast())).names(kind, prefix: words.last ?? "")
      answer.suggestions += names.map { .init(text: $0, help: "") }
    }
    let lines = answer.suggestions.map { $0.help.isEmpty ? $0.text : "\($0.text)\t\($0.help)" }
    // 2: kinds of workloads want a name behind their slash, not a space.
    let isOpen = answer.suggestions.contains { $0.text.hasSuffix("/") }
    Console.standardOutput.write(lines: lines + [":\((answer.files ? 0 : 4) + (isOpen ? 2 : 0))"])
  }
}
