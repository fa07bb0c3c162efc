/// Files that the containers of a pod may mount. Exactly one source is set.
package struct Volume: Codable, Hashable, Sendable {
  package struct ConfigMapSource: Codable, Hashable, Sendable {
    package var name: String
    package var defaultMode: Int?
    package var items: [KeyToPath]?

    package init(name: String, defaultMode: Int? = nil, items: [KeyToPath]? = nil) {
      self.name = name
      self.defaultMode = defaultMode
      self.items = items
    }
  }

  package struct HostPathSource: Codable, Hashable, Sendable {
    package var path: String
    package var type: String?

    package init(path: String, type: String? = nil) {
      self.path = path
      self.type = type
    }
  }

  package struct ProjectedSource: Codable, Hashable, Sendable {
    package struct Source: Codable, Hashable, Sendable {
      package var secret: SecretProjection?

      package init(secret: SecretProjection) { self.secret = secret }
    }

    package var defaultMode: Int?
    package var sources: [Source]

    package init(defaultMode: Int? = nil, sources: [Source]) {
      self.defaultMode = defaultMode
      self.sources = sources
    }
  }

  package struct SecretProjection: Codable, Hashable, Sendable {
    package var name: String
    package var items: [KeyToPath]?

    package init(name: String, items: [KeyToPath]? = nil) {
      self.name = name
      self.items = items
    }
  }

  package struct KeyToPath: Codable, Hashable, Sendable {
    package var key: String
    package var path: String

    package init(key: String, path: String) {
      self.key = key
      self.path = path
    }
  }

  package var name: String
  package var configMap: ConfigMapSource?
  package var hostPath: HostPathSource?
  package var projected: ProjectedSource?

  package init(
    name: String, configMap: ConfigMapSource? = nil, hostPath: HostPathSource? = nil, projected: ProjectedSource? = nil
  ) {
    self.name = name
    self.configMap = configMap
    self.hostPath = hostPath
    self.projected = projected
  }
}
