import ArgumentParser
import Commands
import Testing

@testable import CLI

@Suite("Help", .timeLimit(.minutes(1)))
struct HelpTests {
  private static func all(below command: any ParsableCommand.Type) -> [any ParsableCommand.Type] {
    [command] + command.configuration.subcommands.flatMap { all(below: $0) }
  }

  @Test("No example is broken in a terminal of 80 columns")
  func examples() {
    for command in Self.all(below: CommandLineTool.self) + Self.all(below: DaemonTool.self) {
      for line in command.helpMessage(columns: 80).split(separator: "\n") { #expect(line.count <= 80, "\(line)") }
      let examples = command.configuration.discussion.split(separator: "\n").filter { $0.hasPrefix("  ") }
      for line in examples { #expect(line.count <= 80, "\(command._commandName): \(line)") }
    }
  }
}
