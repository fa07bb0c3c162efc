import Documents

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension Kubeconfig {
  /// What a decoder says of a text that is not even YAML: where, and why in words that quote nothing of it.
  package struct SyntaxError: Error {
    package let line: Int?
    package let reason: String

    package init(line: Int?, reason: String) {
      self.line = line
      self.reason = reason
    }
  }

  /// The kubeconfig that kubectl would use, nil when there is none.
  ///
  /// `--kubeconfig` stands alone and must exist. Of the files of `KUBECONFIG` those that exist are merged; without
  /// that variable it is `~/.kube/config`.
  package static func load(
    explicit: String?, environment: [String: String], decode: (String) throws -> Kubeconfig
  ) throws(ConfigurationError) -> Kubeconfig? {
    if let explicit, !explicit.isEmpty {
      guard let one = try read(explicit, decode) else {
        throw ConfigurationError(
          .unreadable, "the kubeconfig \(explicit) does not exist", remedy: "Correct --kubeconfig.")
      }
      return one
    }
    var paths: [String] = []
    if let list = environment["KUBECONFIG"], !list.isEmpty {
      for path in list.split(separator: ":").map(String.init) where !paths.contains(path) { paths.append(path) }
    } else if let home = environment["HOME"], !home.isEmpty {
      paths = ["\(home)/.kube/config"]
    }
    var merged: Kubeconfig?
    for path in paths {
      guard let next = try read(path, decode) else { continue }
      merged = merged?.merging(next) ?? next
    }
    return merged
  }

  /// Both in one: an entry of this one wins over an entry of the same name, and so does its current context.
  package func merging(_ other: Kubeconfig) -> Kubeconfig {
    var merged = self
    if currentContext?.isEmpty ?? true { merged.currentContext = other.currentContext }
    merged.clusters = Self.merge(clusters, other.clusters)
    merged.users = Self.merge(users, other.users)
    merged.contexts = Self.merge(contexts, other.contexts)
    return merged
  }

  private static func merge<Value>(_ first: [Named<Value>]?, _ second: [Named<Value>]?) -> [Named<Value>]? {
    var names = Set<String>()
    return ((first ?? []) + (second ?? [])).filter { names.insert($0.name).inserted }
  }

  /// The file's content with its relative paths made whole; nil when there is no such file.
  private static func read(
    _ path: String, _ decode: (String) throws -> Kubeconfig
  ) throws(ConfigurationError) -> Kubeconfig? {
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    guard let bytes = FileContent.read(path), let text = DocumentText.decode(bytes) else {
      throw ConfigurationError(
        .unreadable, "the kubeconfig \(path) cannot be read", remedy: "Check its permissions, and that it is a file.")
    }
    // An empty file is an empty kubeconfig.
    if text.allSatisfy(\.isWhitespace) { return Kubeconfig() }
    do {
      var config = try decode(text)
      config.resolvePaths(in: folder(of: path))
      return config
    } catch {
      throw ConfigurationError(
        .malformed, "the kubeconfig \(path) is not well-formed\(place(of: error))",
        remedy: "See what is wrong with: kubectl config view --kubeconfig \(path)")
    }
  }

  private static func folder(of path: String) -> String {
    let whole = path.hasPrefix("/") ? path : "\(FileManager.default.currentDirectoryPath)/\(path)"
    return String(whole[..<(whole.lastIndex(of: "/") ?? whole.startIndex)])
  }

  private mutating func resolvePaths(in folder: String) {
    func resolve(_ path: inout String?) {
      if let relative = path, !relative.isEmpty, !relative.hasPrefix("/") { path = "\(folder)/\(relative)" }
    }
    clusters = clusters?.map { cluster in
      var cluster = cluster
      resolve(&cluster.value.certificateAuthority)
      return cluster
    }
    users = users?.map { user in
      var user = user
      resolve(&user.value.clientCertificate)
      resolve(&user.value.clientKey)
      resolve(&user.value.tokenFile)
      // A bare name is looked for on the PATH.
      if user.value.exec?.command?.contains("/") ?? false {
        var command = user.value.exec?.command
        resolve(&command)
        user.value.exec?.command = command
      }
      return user
    }
  }

  /// Where the decoder gave up. Its own text is not shown: it quotes the file, and so may quote a token.
  private static func place(of error: any Error) -> String {
    if let error = error as? SyntaxError { return ": \(error.line.map { "line \($0): " } ?? "")\(error.reason)" }
    let context: DecodingError.Context? =
      switch error {
      case DecodingError.keyNotFound(_, let context), DecodingError.typeMismatch(_, let context),
        DecodingError.valueNotFound(_, let context), DecodingError.dataCorrupted(let context):
        context
      default: nil
      }
    let path = context?.codingPath.map { $0.intValue.map { "[\($0)]" } ?? $0.stringValue }.joined(separator: ".") ?? ""
    return path.isEmpty ? "" : ": look at \(path)"
  }
}
