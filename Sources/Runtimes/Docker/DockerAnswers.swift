/// The parts of the Docker Engine's answers that are used here. Source: Docker Engine API reference.
enum DockerAnswer {
  /// `GET /version`
  struct Version: Decodable {
    let version: String
    let apiVersion: String
    let minAPIVersion: String?
    let os: String
    let arch: String

    enum CodingKeys: String, CodingKey {
      case version = "Version"
      case apiVersion = "ApiVersion"
      case minAPIVersion = "MinAPIVersion"
      case os = "Os"
      case arch = "Arch"
    }
  }

  /// `GET /images/json`, `GET /images/{name}/json`
  struct Image: Decodable {
    let id: String
    let repoTags: [String]?
    let repoDigests: [String]?
    let size: Int64
    /// Only the answer for one image has these.
    let os: String?
    let architecture: String?
    let variant: String?

    enum CodingKeys: String, CodingKey {
      case id = "Id"
      case os = "Os"
      case architecture = "Architecture"
      case variant = "Variant"
      case repoTags = "RepoTags"
      case repoDigests = "RepoDigests"
      case size = "Size"
    }
  }

  /// `GET /info`
  struct Info: Decodable {
    let dockerRootDir: String

    enum CodingKeys: String, CodingKey {
      case dockerRootDir = "DockerRootDir"
    }
  }

  /// `GET /system/df`
  struct DiskUsage: Decodable {
    let layersSize: Int64?

    enum CodingKeys: String, CodingKey {
      case layersSize = "LayersSize"
    }
  }

  /// Any failure before a stream has begun.
  struct Failure: Decodable {
    let message: String
  }
}
