import Documents

/// An answer of the Docker Engine, as far as it is used here. Source: Docker Engine API reference.
///
/// Members that are missing, null or of another type are as good as absent, but for those without which the answer says
/// nothing.
protocol DockerAnswer: Sendable {
  /// Nil for what is not this answer.
  init?(_ json: JSON)
}

/// `GET /version`
struct DockerEngineVersion: DockerAnswer {
  let version: String
  let apiVersion: String
  let minAPIVersion: String?
  let os: String
  let arch: String

  init?(_ json: JSON) {
    guard let apiVersion = json["ApiVersion"]?.string else { return nil }
    self.apiVersion = apiVersion
    version = json["Version"]?.string ?? ""
    minAPIVersion = json["MinAPIVersion"]?.string
    os = json["Os"]?.string ?? ""
    arch = json["Arch"]?.string ?? ""
  }
}

/// `GET /images/json`, `GET /images/{name}/json`
struct DockerImage: DockerAnswer {
  let id: String
  let repoTags: [String]
  let repoDigests: [String]
  /// Digest of what the name stands for, with the containerd image store since API 1.48.
  let target: String?
  let size: Int64
  /// Only the answer for one image has these.
  let os: String?
  let architecture: String?
  let variant: String?

  init?(_ json: JSON) {
    guard let id = json["Id"]?.string else { return nil }
    func texts(_ key: String) -> [String] { (json[key]?.array ?? []).compactMap(\.string) }
    func text(_ key: String) -> String? { json[key]?.string.flatMap { $0.isEmpty ? nil : $0 } }
    self.id = id
    (repoTags, repoDigests) = (texts("RepoTags"), texts("RepoDigests"))
    target = json["Descriptor"]?["digest"]?.string
    size = json["Size"]?.integer ?? 0
    (os, architecture, variant) = (text("Os"), text("Architecture"), text("Variant"))
  }
}

/// `GET /containers/json`
struct DockerContainer: DockerAnswer {
  /// As it was named when the container was made.
  let image: String
  let imageID: String

  init?(_ json: JSON) {
    guard json["Id"]?.string != nil else { return nil }
    image = json["Image"]?.string ?? ""
    imageID = json["ImageID"]?.string ?? ""
  }
}

/// `GET /info`
struct DockerInfo: DockerAnswer {
  let dockerRootDir: String

  init?(_ json: JSON) {
    guard json.object != nil else { return nil }
    dockerRootDir = json["DockerRootDir"]?.string ?? ""
  }
}

/// `GET /system/df`
struct DockerDiskUsage: DockerAnswer {
  let layersSize: Int64?

  init?(_ json: JSON) {
    guard json.object != nil else { return nil }
    // API 1.52 has it in an object of its own.
    layersSize = json["LayersSize"]?.integer ?? json["ImageUsage"]?["TotalSize"]?.integer
  }
}

/// An answer whose content does not matter.
struct DockerDone: DockerAnswer {
  init?(_ json: JSON) {}
}

extension Array: DockerAnswer where Element: DockerAnswer {
  init?(_ json: JSON) {
    guard json.isNull || json.array != nil else { return nil }
    self = (json.array ?? []).compactMap(Element.init)
  }
}
