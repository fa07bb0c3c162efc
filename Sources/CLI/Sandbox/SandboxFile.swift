import ArgumentParser
import Documents
import Foundation
import Glibc
import VirtualCluster

/// The kubeconfig of a sandbox on disk: a file of its own, or one of the user's that it adds itself to.
struct SandboxFile {
  let path: String
  private let entry: SandboxEntry?

  /// - Parameter given: the user's choice; nil for a file in the sandbox's folder, which goes with that.
  init(_ sandbox: Sandbox, at given: String?) throws {
    path = given ?? sandbox.folder + "/kubeconfig"
    guard given != nil else {
      entry = nil
      try Self.write(sandbox.kubeconfig, to: path)
      return
    }
    let isNew = !FileManager.default.fileExists(atPath: path)
    let text = try Self.text(of: path)
    do {
      let own = try JSON(parsing: sandbox.kubeconfig)
      let (document, entry) = try SandboxEntry.add(
        own, to: try text.map(Self.document), isNew: isNew, of: .current, isAlive: \.isAlive)
      self.entry = entry
      try Self.write(Self.text(document, like: text), to: path)
    } catch is SandboxEntry.NotKubeconfig {
      throw ValidationError("\(path) exists and is not a kubeconfig: choose another file for --kubeconfig")
    }
  }

  /// Takes out what was added, whatever else was written meanwhile; a file that held nothing else goes.
  func remove() {
    guard let entry else { return Self.delete(path) }
    guard let text = try? Self.text(of: path), let document = try? Self.document(text) else { return }
    guard let rest = entry.removed(from: document) else { return Self.delete(path) }
    if rest != document { try? Self.write(Self.text(rest, like: text), to: path) }
  }

  private static func delete(_ path: String) { try? FileManager.default.removeItem(atPath: path) }

  /// Nil for no file, or an empty one.
  private static func text(of path: String) throws -> String? {
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    guard let data = FileManager.default.contents(atPath: path) else {
      throw ValidationError("cannot read \(path): \(problem); check --kubeconfig")
    }
    let text = String(decoding: data, as: UTF8.self)
    return text.allSatisfy(\.isWhitespace) ? nil : text
  }

  private static func document(_ text: String) throws -> JSON {
    guard let documents = try? YAMLDocuments.parse(text), documents.count == 1 else {
      throw SandboxEntry.NotKubeconfig()
    }
    return documents[0].json
  }

  /// In the form that the file has: JSON or YAML.
  private static func text(_ document: JSON, like old: String?) throws -> String {
    let isJSON = old.map { $0.first { !$0.isWhitespace } == "{" } ?? true
    return isJSON ? document.text + "\n" : try ManifestOutput.yaml(of: document)
  }

  /// Writes beside the file and puts it in place, so that nobody ever reads half of it. Readable by its owner only, as
  /// the file was before.
  private static func write(_ text: String, to path: String) throws {
    // The file that a link leads to, not the link.
    let target = URL(filePath: path).resolvingSymlinksInPath().path(percentEncoded: false)
    let mode = try? FileManager.default.attributesOfItem(atPath: target)[.posixPermissions] as? Int
    let beside = "\(target).prepull-\(getpid())"
    guard
      FileManager.default.createFile(
        atPath: beside, contents: Data(text.utf8), attributes: [.posixPermissions: mode ?? 0o600])
    else { throw ValidationError("cannot write \(path): \(problem); check --kubeconfig") }
    guard rename(beside, target) == 0 else {
      let problem = problem
      try? FileManager.default.removeItem(atPath: beside)
      throw ValidationError("cannot write \(path): \(problem); check --kubeconfig")
    }
  }

  private static var problem: String { String(cString: strerror(errno)).lowercased() }
}

extension SandboxEntry.Owner {
  /// This process.
  fileprivate static var current: SandboxEntry.Owner {
    let process = Int(getpid())
    return SandboxEntry.Owner(process: process, start: fields(of: process)?.start ?? "")
  }

  fileprivate var isAlive: Bool {
    guard process > 0, kill(pid_t(process), 0) == 0 || errno == EPERM else { return false }
    guard let fields = Self.fields(of: process) else { return true }
    // One that has ended and is not waited for yet is a zombie.
    return fields.start == start && !["Z", "X"].contains(fields.state)
  }

  /// The 3rd and 22nd field of `/proc/PID/stat`; the second one is a name in brackets that may hold anything. Nil where
  /// there is no such file.
  private static func fields(of process: Int) -> (state: String, start: String)? {
    guard let data = FileManager.default.contents(atPath: "/proc/\(process)/stat") else { return nil }
    let fields = String(decoding: data, as: UTF8.self).split(separator: ")").last?.split(separator: " ") ?? []
    return fields.count > 19 ? (String(fields[0]), String(fields[19])) : nil
  }
}
