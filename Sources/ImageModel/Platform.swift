package import Documents

/// What an image runs on: operating system, architecture and its variant, in the names of Go (GOOS, GOARCH).
///
/// Source: OCI image specification, image-index.md ("Platform Variants"), and containerd's platform matching.
package struct Platform: Codable, Hashable, Sendable {
  package var os: String
  package var architecture: String
  /// `v7` for arm, `v8` for arm64, `v1`…`v4` for amd64.
  package var variant: String?
  /// Only Windows images carry one.
  package var osVersion: String?

  enum CodingKeys: String, CodingKey {
    case os, architecture, variant
    case osVersion = "os.version"
  }

  package init(os: String, architecture: String, variant: String? = nil, osVersion: String? = nil) {
    self.os = os
    self.architecture = architecture
    self.variant = variant
    self.osVersion = osVersion
  }

  /// Parses `os/arch[/variant]`, or an architecture alone (`arm64`), which means Linux.
  package init(parsing text: String) throws(PlatformError) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    guard (1...3).contains(parts.count), parts.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy(Self.isAllowed) }) else {
      throw PlatformError(text: text, reason: "write os/arch or os/arch/variant, for example linux/arm64")
    }
    let known = Self(os: "linux", architecture: parts[0]).normalized.architecture
    if parts.count == 1 {
      guard Self.architectures.contains(known) else {
        throw PlatformError(text: text, reason: "'\(text)' is no known architecture; write for example linux/arm64")
      }
      self = Self(os: "linux", architecture: parts[0]).normalized
    } else {
      self = Self(os: parts[0], architecture: parts[1], variant: parts.count == 3 ? parts[2] : nil).normalized
    }
  }

  /// The platform of the program that runs.
  package static var host: Platform {
    #if arch(x86_64)
      let architecture = "amd64"
    #elseif arch(arm64)
      let architecture = "arm64"
    #elseif arch(arm)
      let architecture = "arm"
    #elseif arch(s390x)
      let architecture = "s390x"
    #elseif arch(powerpc64le)
      let architecture = "ppc64le"
    #elseif arch(riscv64)
      let architecture = "riscv64"
    #else
      #error("name this architecture as Go does")
    #endif
    return Platform(os: "linux", architecture: architecture).normalized
  }

  /// The one spelling of several that mean the same: `x86_64` is `amd64`, `arm64/v8` is `arm64`, `arm` is `arm/v7`.
  /// Without an operating system it is Linux, as containerd has it there.
  package var normalized: Platform {
    var result = self
    result.os = os.isEmpty ? "linux" : os.lowercased() == "macos" ? "darwin" : os.lowercased()
    switch architecture.lowercased() {
    case "i386", "i486", "i586", "i686", "x86": (result.architecture, result.variant) = ("386", nil)
    case "x86_64", "x86-64", "amd64":
      (result.architecture, result.variant) = ("amd64", variant == "v1" ? nil : variant)
    case "aarch64", "arm64":
      (result.architecture, result.variant) = ("arm64", variant == "8" || variant == "v8" ? nil : variant)
    case "armhf": (result.architecture, result.variant) = ("arm", "v7")
    case "armel": (result.architecture, result.variant) = ("arm", "v6")
    case "arm":
      result.architecture = "arm"
      switch variant ?? "" {
      case "", "7": result.variant = "v7"
      case "5", "6", "8": result.variant = "v" + (variant ?? "")
      default: break
      }
    case let other: result.architecture = other
    }
    if result.variant == "" { result.variant = nil }
    return result
  }

  /// Whether it names an architecture. What does not, such as an attestation (`unknown/unknown`), runs nowhere.
  package var isKnown: Bool { !architecture.isEmpty && architecture != "unknown" }

  /// By which resolutions for nodes of this platform are kept: the architecture, of Windows with system and build.
  package var key: String { os == "linux" ? architecture : fullName }

  /// With the version of Windows: `windows/amd64 10.0.20348`.
  package var fullName: String { description + (osVersion.map { " \($0)" } ?? "") }

  private static let architectures: Set = [
    "386", "amd64", "arm", "arm64", "loong64", "mips64le", "ppc64le", "riscv64", "s390x",
  ]

  private static func isAllowed(_ byte: UInt8) -> Bool {
    let character = Character(UnicodeScalar(byte))
    return character.isASCII && (character.isLetter || character.isNumber || "._-".contains(character))
  }
}

extension Platform: CustomStringConvertible {
  package var description: String {
    [os, architecture, variant ?? ""].filter { !$0.isEmpty }.joined(separator: "/")
  }
}

extension Platform: ImageDocument {
  package init(_ json: JSON) throws(DocumentFault) {
    try self.init(Fields(json))
  }

  init(_ fields: Fields) throws(DocumentFault) {
    func name(_ key: String) throws(DocumentFault) -> String? {
      try fields.text(key).map { ForeignText.clean($0, limit: 64) }
    }
    self.init(
      os: try name("os") ?? "", architecture: try name("architecture") ?? "", variant: try name("variant"),
      osVersion: try name("os.version"))
    _ = try fields.texts("os.features")
  }
}

/// A text that names no platform.
package struct PlatformError: Error, Hashable, Sendable, CustomStringConvertible {
  package let text: String
  package let reason: String

  package var description: String { "'\(text)' is not a platform: \(reason)" }
}
