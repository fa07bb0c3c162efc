import Commands

@main
struct PrepulldProgram {
  static func main() async { await DaemonTool.runAndExit() }
}
