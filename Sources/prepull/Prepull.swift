import CLI
import Commands

@main
struct Prepull {
  static func main() async { await CommandLineTool.runAndExit() }
}
