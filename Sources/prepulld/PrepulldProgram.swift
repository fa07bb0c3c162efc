import Commands
import Unpacking

@main
struct PrepulldProgram {
  static func main() async {
    UnpackProgram.runIfAsked()
    await DaemonTool.runAndExit()
  }
}
