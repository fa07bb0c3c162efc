import CHost
import Glibc

/// This program, started anew to become a program of the host: with the host's root, and few rights.
package enum HostProgram {
  /// The hidden command that starts it: `run-on-host ROOT PROGRAM ARGUMENT…`.
  package static let command = "run-on-host"
  /// How it ends when the program cannot be run, as shells say it.
  static let failure: Int32 = 126

  /// Where this process is such a child, becomes the program. To be called before anything else, while the process has
  /// one thread.
  package static func runIfAsked() {
    let arguments = CommandLine.arguments
    guard arguments.dropFirst().first == command else { return }
    guard arguments.count >= 4 else { end("\(command) is for Prepull's own use") }
    var pointers: [UnsafeMutablePointer<CChar>?] = arguments.dropFirst(3).map { strdup($0) }
    pointers.append(nil)
    let step = pointers.withUnsafeBufferPointer { buffer in
      buffer.baseAddress.flatMap { chost_run(arguments[2], $0) }
    }
    let reason = String(cString: strerror(errno))
    end("cannot \(step.map { String(cString: $0) } ?? "run it"): \(reason)")
  }

  private static func end(_ message: String) -> Never {
    let line = Array("prepulld: \(message)\n".utf8)
    _ = line.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
    _exit(failure)
  }
}
