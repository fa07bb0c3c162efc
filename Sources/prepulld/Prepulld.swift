import Commands

@main
struct Prepulld {
  static func main() async { await DaemonTool.runAndExit() }
}
