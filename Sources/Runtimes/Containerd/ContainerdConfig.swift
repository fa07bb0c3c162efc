import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// What containerd's configuration files say of what its socket does not tell: where a registry's `hosts.toml` and image
/// verifiers are.
struct ContainerdConfig: Hashable, Sendable {
  /// `config_path` of the registries; nil where nothing is said.
  private(set) var registryFolders: [FilePath]?
  /// Registries with mirrors or logins in these files, the older way.
  private(set) var namedRegistries: Set<String> = []
  /// `bin_dir` of the verifiers; nil where nothing is said.
  private(set) var verifierFolder: FilePath?
  /// Where the file system begins that containerd sees: empty where it is ours as far as is known.
  private(set) var root = ""

  /// Reads what the containerd at a socket was started with, or else the usual file; nothing where neither can be read.
  static func find(socket path: String) -> ContainerdConfig {
    let process = UnixSocket(path: path).owner.flatMap { Process($0) }
    let root = process?.root ?? ""
    return ContainerdConfig(reading: process?.configuration ?? usual, below: root)
  }

  private static let usual = "/etc/containerd/config.toml"

  /// - Parameters:
  ///   - file: as containerd names it. Those that it imports are read after it, and what they say holds.
  ///   - root: where containerd's file system begins.
  init(reading file: String, below root: String = "") {
    self.root = root
    var seen: Set<String> = []
    read(file, &seen)
  }

  private mutating func read(_ file: String, _ seen: inout Set<String>) {
    let file = FilePath(file).lexicallyNormalized().string
    guard seen.insert(file).inserted, seen.count <= 100,
      let bytes = SmallFile.bytes(of: FilePath(root + file)),
      let text = String(validating: bytes, as: UTF8.self), let table = try? TOMLTable(parsing: text)
    else { return }
    take(table)
    let folder = FilePath(file).removingLastComponent()
    for pattern in (try? table.texts("imports")) ?? [] {
      for path in Self.matches(of: root + folder.pushing(FilePath(pattern)).string) {
        read(String(path.dropFirst(root.count)), &seen)
      }
    }
  }

  private mutating func take(_ table: TOMLTable) {
    guard let plugins = (try? table.table("plugins")) ?? nil else { return }
    func plugin(_ name: String) -> TOMLTable? { (try? plugins.table(name)) ?? nil }
    // Versions 1, 2 and 3 of the configuration.
    for name in ["cri", "io.containerd.grpc.v1.cri", "io.containerd.cri.v1.images"] {
      guard let registry = (try? plugin(name)?.table("registry")) ?? nil else { continue }
      if let path = (try? registry.text("config_path")) ?? nil {
        registryFolders = path.split(separator: ":").map { FilePath(String($0)) }
      }
      for list in ["mirrors", "configs"] {
        namedRegistries.formUnion(((try? registry.table(list)) ?? nil)?.members.map(\.name) ?? [])
      }
    }
    let folder = (try? plugin("io.containerd.image-verifier.v1.bindir")?.text("bin_dir")) ?? nil
    if let folder { verifierFolder = FilePath(folder) }
  }

  private static func matches(of pattern: String) -> [String] {
    var found = glob_t()
    defer { globfree(&found) }
    guard glob(pattern, 0, nil, &found) == 0 else { return [] }
    return (0..<Int(found.gl_pathc)).compactMap { found.gl_pathv[$0].map { String(cString: $0) } }
  }
}

extension ContainerdConfig {
  /// A process that is containerd, as `/proc` shows it.
  private struct Process {
    let root: String
    /// The file that it was told to read, if it was told.
    let configuration: String?

    init?(_ pid: pid_t) {
      guard let line = SmallFile.bytes(of: FilePath("/proc/\(pid)/cmdline")) else { return nil }
      let words = line.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
      // A socket that systemd opened tells of systemd.
      guard let program = words.first, FilePath(program).lastComponent?.string == "containerd"
      else { return nil }
      root = "/proc/\(pid)/root"
      configuration = Self.option(words.dropFirst())
    }

    private static func option(_ words: ArraySlice<String>) -> String? {
      for (index, word) in zip(words.indices, words) {
        for name in ["--config", "-config", "-c"] {
          if word == name, index + 1 < words.endIndex { return words[index + 1] }
          if word.hasPrefix(name + "=") { return String(word.dropFirst(name.count + 1)) }
        }
      }
      return nil
    }
  }
}
