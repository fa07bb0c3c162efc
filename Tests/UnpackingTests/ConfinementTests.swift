import Foundation
import Glibc
import SystemPackage
import TestKit
import Testing

@testable import Unpacking

/// What the child may do, as the kernel tells it, before it has read a byte.
@Suite(.timeLimit(.minutes(2))) struct ConfinementTests {
  @Test("It has its folder, few capabilities, and nothing else")
  func confinement() async throws {
    try await withScratchFolder("unp") { folder in
      let unpacking = try Unpacked.start(into: folder("root"))
      let process = "/proc/\(try #require(unpacking.pid))"
      func status() -> [String: String] {
        let text = (try? String(contentsOfFile: process + "/status", encoding: .utf8)) ?? ""
        return Dictionary(
          text.split(separator: "\n").compactMap { line in
            line.firstIndex(of: ":").map {
              (String(line[..<$0]), line[line.index(after: $0)...].trimmingCharacters(in: .whitespaces))
            }
          }
        ) { $1 }
      }
      try await eventually("the child to confine itself") { status()["Threads"] == "2" }
      let found = status()
      // CHOWN, DAC_OVERRIDE, FOWNER, FSETID, MKNOD, SETFCAP.
      let capabilities = [0, 1, 3, 4, 27, 31].reduce(UInt64(0)) { $0 | 1 << UInt64($1) }
      let expected = String(repeating: "0", count: 16) + String(capabilities, radix: 16)
      for set in ["CapEff", "CapPrm", "CapBnd"] { #expect(found[set] == String(expected.suffix(16)), "\(set)") }
      for set in ["CapInh", "CapAmb"] { #expect(found[set] == "0000000000000000", "\(set)") }
      #expect(found["NoNewPrivs"] == "1")
      #expect(found["Seccomp"] == "2")
      #expect(found["Umask"] == "0000")
      for link in ["root", "cwd"] {
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: "\(process)/\(link)") == folder("root"))
      }
      let network = try FileManager.default.destinationOfSymbolicLink(atPath: process + "/ns/net")
      #expect(try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/net") != network)
      // Its own folder is the fourth.
      let files = try FileManager.default.contentsOfDirectory(atPath: process + "/fd").sorted()
      let opened = files.map {
        (try? FileManager.default.destinationOfSymbolicLink(atPath: "\(process)/fd/\($0)")) ?? ""
      }
      #expect(opened.allSatisfy { $0.hasPrefix("pipe:") || $0 == "/dev/null" || $0 == folder("root") }, "\(opened)")
      #expect(files.count <= 4, "\(opened)")
      let limits = try String(contentsOfFile: process + "/limits", encoding: .utf8)
      #expect(limits.contains(/Max cpu time +60 +65/) && limits.contains(/Max file size +1073741824 +1073741824/))
      #expect(limits.contains(/Max core file size +0 +0/))
      try unpacking.input.close()
      let layer = try await unpacking.finish()
      #expect(layer.files == 0)
    }
  }

  @Test("Without the right to confine it, nothing is unpacked")
  func noRights() async throws {
    try await withScratchFolder("unp") { folder in
      let answer = try await output(
        of: "setpriv",
        [
          "--bounding-set=-sys_chroot", "--inh-caps=-sys_chroot", "sh", "-c",
          "cd \(folder.path) && exec \(try PrepullProgram.path) unpack-layer gzip upper 1000 10 10 < /dev/null",
        ])
      #expect(answer.contains(#""error":"permission""#), "\(answer)")
      #expect(
        answer.contains("cannot confine the unpacking of layers: make the folder its root: Operation not permitted"))
    }
  }

  @Test("Both programs have the command, and show it to nobody", arguments: [true, false])
  func programs(_ isDaemon: Bool) async throws {
    let program = isDaemon ? try PrepullProgram.daemonPath : try PrepullProgram.path
    let run = try await PrepullProgram.run(["unpack-layer", "zip"], program: program)
    #expect(run.output.contains("is for Prepull's own use"))
    let help = try await PrepullProgram.run(["--help"], program: program)
    #expect(help.exitCode == 0 && !help.output.contains("unpack-layer"))
  }
}
