package import Documents

/// The part of an image's configuration that tells where it runs and what it is made of. Source: config.md.
package struct ImageConfig: Codable, Hashable, Sendable {
  package struct RootFS: Codable, Hashable, Sendable {
    package var type: String
    /// Digests of the layers before compression, from the base up.
    package var diffIDs: [Digest]

    enum CodingKeys: String, CodingKey {
      case type
      case diffIDs = "diff_ids"
    }

    package init(diffIDs: [Digest]) {
      self.type = "layers"
      self.diffIDs = diffIDs
    }
  }

  /// Empty where the configuration names none.
  package var architecture: String
  package var os: String
  package var variant: String?
  package var osVersion: String?
  /// RFC 3339 time of creation.
  package var created: String?
  package var rootfs: RootFS

  enum CodingKeys: String, CodingKey {
    case architecture, os, variant, created, rootfs
    case osVersion = "os.version"
  }

  package init(platform: Platform, created: String? = nil, diffIDs: [Digest]) {
    self.architecture = platform.architecture
    self.os = platform.os
    self.variant = platform.variant
    self.osVersion = platform.osVersion
    self.created = created
    self.rootfs = RootFS(diffIDs: diffIDs)
  }

  package var platform: Platform {
    Platform(os: os, architecture: architecture, variant: variant, osVersion: osVersion)
  }

  /// Whether runtimes start the image of this configuration on a platform.
  ///
  /// - Parameter isAlone: no index chose it. Runtimes then do not look at the platform at all; here one that is named is
  ///   looked at, as its programs would not start.
  package func suits(_ platform: Platform, isAlone: Bool) -> Bool {
    guard isAlone else { return platform.runs(self.platform) }
    guard self.platform.isKnown else { return true }
    let own = self.platform.normalized
    return platform.runnable.contains { $0.os == own.os && $0.architecture == own.architecture }
  }
}

extension ImageConfig: ImageDocument {
  package init(_ json: JSON) throws(DocumentFault) {
    let fields = try Fields(json)
    let platform = try Platform(fields)
    (os, architecture) = (platform.os, platform.architecture)
    (variant, osVersion) = (platform.variant, platform.osVersion)
    created = try fields.time("created")
    let root = try fields.fields("rootfs")
    rootfs = RootFS(
      diffIDs: try root?.list("diff_ids") { value, place throws(DocumentFault) in
        do throws(DigestError) {
          return try Digest(parsing: value.string ?? "")
        } catch {
          throw DocumentFault(description: "'\(place)': \(error)")
        }
      } ?? [])
    rootfs.type = try root?.text("type") ?? ""
    try Self.checkForm(of: fields)
  }

  /// Members that runtimes read as well, and refuse in another form.
  private static func checkForm(of fields: Fields) throws(DocumentFault) {
    _ = try fields.text("author")
    if let config = try fields.fields("config") {
      for key in ["Env", "Entrypoint", "Cmd"] { _ = try config.texts(key) }
      for key in ["User", "WorkingDir", "StopSignal"] { _ = try config.text(key) }
      _ = try config.textsByName("Labels")
      for key in ["ExposedPorts", "Volumes"] { try config.checkSet(key) }
      _ = try config.bool("ArgsEscaped")
    }
    _ = try fields.list("history") { value, place throws(DocumentFault) in
      let entry = try Fields(value, at: place)
      for key in ["created_by", "author", "comment"] { _ = try entry.text(key) }
      _ = try entry.time("created")
      _ = try entry.bool("empty_layer")
    }
  }
}
