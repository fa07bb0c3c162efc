import CLI

@main
struct Prepull {
  static func main() async { await CommandLineTool.runAndExit() }
}
