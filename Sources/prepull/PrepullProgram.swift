import CLI
import Commands

@main
struct PrepullProgram {
  static func main() async { await CommandLineTool.runAndExit() }
}
