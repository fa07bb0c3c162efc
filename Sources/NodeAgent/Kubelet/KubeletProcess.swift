/// The kubelet of this node as it was started.
package struct KubeletProcess: Hashable, Sendable {
  /// Without the program itself.
  package var arguments: [String] = []
  package var environment: [String: String] = [:]
  /// Where relative paths begin.
  package var workingDirectory = "/"

  package init() {}

  /// Looks for it among the processes, which must be the node's.
  ///
  /// A pod may call its program `kubelet` too, and what a kubelet names is run as root. So only one of root's counts, in
  /// the mount namespace of process 1; that cannot be told without the capability SYS_PTRACE, and then none counts.
  ///
  /// - Parameter folder: `/proc`.
  package static func find(in folder: String = "/proc") -> KubeletProcess? {
    let files = HostFiles()
    guard let home = HostFiles.target(of: "\(folder)/1/ns/mnt") else { return nil }
    for id in files.names(in: folder) ?? [] where id.allSatisfy(\.isNumber) {
      let place = "\(folder)/\(id)"
      guard files.bytes(of: "\(place)/comm").map({ String(decoding: $0, as: UTF8.self) }) == "kubelet\n",
        HostFiles.target(of: "\(place)/ns/mnt") == home, isRoots(files.bytes(of: "\(place)/status") ?? []),
        let line = files.bytes(of: "\(place)/cmdline"), let variables = files.bytes(of: "\(place)/environ")
      else { continue }
      var process = KubeletProcess()
      process.arguments = Array(texts(line).dropFirst())
      for text in texts(variables) {
        guard let equals = text.firstIndex(of: "=") else { continue }
        process.environment[String(text[..<equals])] = String(text[text.index(after: equals)...])
      }
      process.workingDirectory = HostFiles.target(of: "\(place)/cwd") ?? "/"
      return process
    }
    return nil
  }

  /// The value of an option, the last one where it is given more than once: `--name=value` or `--name value`.
  package func option(_ name: String) -> String? {
    var found: String?
    for (index, argument) in arguments.enumerated() {
      let bare = argument.hasPrefix("--") ? argument.dropFirst(2) : argument.hasPrefix("-") ? argument.dropFirst() : ""
      if bare == name, index + 1 < arguments.count { found = arguments[index + 1] }
      if bare.hasPrefix("\(name)=") { found = String(bare.dropFirst(name.count + 1)) }
    }
    return found.flatMap { $0.isEmpty ? nil : $0 }
  }

  private static func texts(_ bytes: [UInt8]) -> [String] {
    bytes.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
  }

  /// Whether a `status` says that the process acts for root.
  private static func isRoots(_ status: [UInt8]) -> Bool {
    String(decoding: status, as: UTF8.self).split(separator: "\n").contains { line in
      line.hasPrefix("Uid:")
        && line.split(whereSeparator: \.isWhitespace).dropFirst().prefix(2).allSatisfy { $0 == "0" }
    }
  }
}
