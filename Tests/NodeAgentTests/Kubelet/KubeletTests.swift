import Foundation
import TestKit
import Testing

@testable import NodeAgent

/// Writes a file and the folders above it.
func write(_ text: String, to path: String, mode: Int = 0o644) throws {
  try FileManager.default.createDirectory(
    atPath: URL(filePath: path).deletingLastPathComponent().path, withIntermediateDirectories: true)
  try Data(text.utf8).write(to: URL(filePath: path))
  try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
}

func link(_ path: String, to target: String) throws {
  try FileManager.default.createDirectory(
    atPath: URL(filePath: path).deletingLastPathComponent().path, withIntermediateDirectories: true)
  try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: target)
}

@Suite("The node's kubelet", .timeLimit(.minutes(2))) struct KubeletTests {
  /// A process of a `/proc` of the test's own.
  private func process(
    _ id: Int, in folder: String, name: String = "kubelet", line: [String], variables: [String] = [],
    namespace: String = "mnt:[1]", user: Int = 0
  ) throws {
    let place = "\(folder)/\(id)"
    try write("\(name)\n", to: "\(place)/comm")
    try write("Name:\tx\nUid:\t\(user)\t\(user)\t\(user)\t\(user)\n", to: "\(place)/status")
    try write(line.joined(separator: "\0") + "\0", to: "\(place)/cmdline")
    try write(variables.joined(separator: "\0") + "\0", to: "\(place)/environ")
    try link("\(place)/ns/mnt", to: namespace)
    try link("\(place)/cwd", to: "/work")
  }

  @Test("It is found among the processes, and its command line and environment are read")
  func found() throws {
    try withFolder { folder in
      try process(1, in: folder, name: "init", line: ["/init"])
      try process(
        20, in: folder,
        line: ["/usr/bin/kubelet", "--config", "/etc/k.yaml", "--root-dir=/r", "-v=2", "--config=/etc/last.yaml"],
        variables: ["AWS_REGION=eu", "EMPTY=", "A=b=c"])
      let found = try #require(KubeletProcess.find(in: folder))
      #expect(found.option("config") == "/etc/last.yaml")
      #expect(found.option("root-dir") == "/r")
      #expect(found.option("config-dir") == nil)
      #expect(found.environment == ["AWS_REGION": "eu", "EMPTY": "", "A": "b=c"])
      let kubelet = Kubelet(Kubelet.Options(), process: found)
      #expect(kubelet.root == "/r" && kubelet.configuration == "/etc/last.yaml")
      var options = Kubelet.Options()
      options.configuration = "/mine"
      #expect(Kubelet(options, process: found).configuration == "/mine")
      #expect(Kubelet(options, process: nil).root == "/var/lib/kubelet")
    }
  }

  @Test("A pod's process of that name, or one of another user, is no kubelet")
  func impostors() throws {
    try withFolder { folder in
      try process(1, in: folder, name: "init", line: ["/init"])
      try process(30, in: folder, line: ["kubelet", "--root-dir=/evil"], namespace: "mnt:[2]")
      try process(31, in: folder, line: ["kubelet", "--root-dir=/evil"], user: 1000)
      try process(32, in: folder, name: "kubelet2", line: ["kubelet2"])
      #expect(KubeletProcess.find(in: folder) == nil)
      try process(33, in: folder, line: ["kubelet"])
      #expect(KubeletProcess.find(in: folder) != nil)
      // Where nobody can tell the namespaces, nobody is believed.
      try FileManager.default.removeItem(atPath: "\(folder)/1/ns/mnt")
      #expect(KubeletProcess.find(in: folder) == nil)
    }
  }

  @Test("Thresholds come from the file, its folder, and the old options, in this order")
  func thresholds() throws {
    try withFolder { root in
      var options = Kubelet.Options()
      options.hostRoot = root
      var process = KubeletProcess()
      process.arguments = ["--config=/etc/kubelet.yaml", "--config-dir=/etc/kubelet.d"]
      func read() -> (settings: KubeletSettings, problems: [String]) {
        KubeletSettings.read(of: Kubelet(options, process: process))
      }
      #expect(read().settings == KubeletSettings())
      #expect(read().problems.count == 2)
      try write("imageGCHighThresholdPercent: 70\nimageGCLowThresholdPercent: 60\n", to: "\(root)/etc/kubelet.yaml")
      try write(#"{"imageGCHighThresholdPercent": 75}"#, to: "\(root)/etc/kubelet.d/10-a.conf")
      try write("imageGCHighThresholdPercent: 72\n", to: "\(root)/etc/kubelet.d/05-b.conf")
      try write("imageGCHighThresholdPercent: 1\n", to: "\(root)/etc/kubelet.d/20-c.yaml")
      #expect(read().settings.highThresholdPercent == 75 && read().settings.lowThresholdPercent == 60)
      #expect(read().problems.isEmpty)
      process.arguments.append("--image-gc-high-threshold=90")
      #expect(read().settings.highThresholdPercent == 90)
      // What is wrong is said, and the rest holds.
      try write(
        "imageGCHighThresholdPercent: 'lots'\nimageGCLowThresholdPercent: 400\n", to: "\(root)/etc/kubelet.yaml")
      #expect(read().settings.lowThresholdPercent == 80)
      try write("a: [", to: "\(root)/etc/kubelet.yaml")
      #expect(read().problems.first?.contains("/etc/kubelet.yaml") == true)
    }
  }

  @Test("Links lead where they lead on the node")
  func links() throws {
    try withFolder { root in
      try write("inside", to: "\(root)/real/file")
      try write("secret", to: "\(root).outside")
      defer { try? FileManager.default.removeItem(atPath: "\(root).outside") }
      try link("\(root)/etc/absolute", to: "/real/file")
      try link("\(root)/etc/relative", to: "../real/file")
      try link("\(root)/etc/folder", to: "/real")
      try link("\(root)/etc/up", to: "../../../../\(root.split(separator: "/").last ?? "").outside")
      try link("\(root)/etc/circle", to: "circle")
      let files = HostFiles(root: root + "/")
      func text(_ path: String) -> String? { files.bytes(of: path).map { String(decoding: $0, as: UTF8.self) } }
      for path in ["/etc/absolute", "/etc/relative", "/etc/folder/file", "/etc/../real/./file"] {
        #expect(text(path) == "inside", "\(path)")
      }
      for path in ["/etc/up", "/etc/circle", "/etc/none", "/real"] { #expect(text(path) == nil, "\(path)") }
      #expect(files.names(in: "/etc/folder") == ["file"])
      try write(String(repeating: "x", count: (1 << 20) + 1), to: "\(root)/real/large")
      #expect(text("/real/large") == nil)
    }
  }

  private func withFolder(_ body: (String) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.path + "/pp-kubelet-\(UInt32.random(in: 0 ... .max))"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try body(folder)
  }
}
