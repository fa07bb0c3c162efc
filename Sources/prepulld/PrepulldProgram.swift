import Commands
import NodeAgent
import Unpacking

@main
struct PrepulldProgram {
  static func main() async {
    UnpackProgram.runIfAsked()
    HostProgram.runIfAsked()
    await DaemonTool.runAndExit()
  }
}
