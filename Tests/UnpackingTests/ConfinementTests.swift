import CUnpacking
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

  /// What the kernel keeps a thread to; the rest of this process is left alone.
  @Test("Whatever leads out of its folder, nothing there can be opened, made or removed (Landlock)")
  func keptBelow() async throws {
    try await withScratchFolder("unp") { folder in
      for name in ["root/a", "root/b", "beside"] {
        try FileManager.default.createDirectory(atPath: folder(name), withIntermediateDirectories: true)
      }
      for name in ["root/a/file", "beside/file"] { try Data("x".utf8).write(to: URL(filePath: folder(name))) }
      let (errors, version) = await withCheckedContinuation { continuation in
        Thread.detachNewThread {
          // An open folder outside, as somebody might have kept who took the child over.
          let beside = open(folder("beside"), O_RDONLY | O_DIRECTORY)
          let root = open(folder("root"), O_RDONLY | O_DIRECTORY)
          let version = prepull_keep_below(root)
          func error(_ result: Int32) -> Int32 { result < 0 ? errno : 0 }
          let errors = [
            error(openat(beside, "file", O_RDONLY)), error(mkdirat(beside, "new", 0o755)),
            error(unlinkat(beside, "file", 0)), error(linkat(root, "a/file", beside, "link", 0)),
            error(open("/etc/passwd", O_RDONLY)),
            error(openat(root, "a/file", O_RDWR | O_TRUNC)), error(linkat(root, "a/file", root, "b/link", 0)),
            error(mknodat(root, "b/null", S_IFCHR | 0o644, 0)), error(mkdirat(root, "c", 0o755)),
            error(unlinkat(root, "c", AT_REMOVEDIR)), error(unlinkat(root, "a/file", 0)),
          ]
          close(beside)
          close(root)
          continuation.resume(returning: (errors, version))
        }
      }
      guard version > 0 else {
        // Kernels before 5.19 have nothing of it.
        #expect(version == 0 && errors == Array(repeating: 0, count: errors.count))
        return
      }
      #expect(errors == [EACCES, EACCES, EACCES, EACCES, EACCES, 0, 0, 0, 0, 0, 0])
      #expect(FileManager.default.fileExists(atPath: folder("beside/file")))
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
