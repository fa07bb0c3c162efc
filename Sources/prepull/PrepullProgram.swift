import CLI
import Commands
import Unpacking

@main
struct PrepullProgram {
  static func main() async {
    UnpackProgram.runIfAsked()
    await CommandLineTool.runAndExit()
  }
}
