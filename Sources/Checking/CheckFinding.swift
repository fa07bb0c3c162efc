import Documents
package import ImageModel

/// Something that will fail, may fail, or is worth knowing.
package struct CheckFinding: Hashable, Sendable {
  package enum Level: String, CaseIterable, Comparable, Sendable {
    case note
    /// It may fail, or do something that nobody wants.
    case warning
    /// It will fail.
    case error

    package static func < (a: Level, b: Level) -> Bool { a.rank < b.rank }

    private var rank: Int {
      switch self {
      case .note: 0
      case .warning: 1
      case .error: 2
      }
    }
  }

  package var code: CheckCode
  package var level: Level
  /// The image as it was given; nil when it is about the cluster, or about a place where no image stands.
  package var image: String?
  /// What happened, to be read after the image: `it has images for linux/amd64 only`.
  package var detail: String
  /// What to do next.
  package var remedy: String
  /// Where the image, or what should be one, was named.
  package var origins: [ImageOrigin]
  /// Whether it would be an error, had nobody said that it does not count.
  package var isIgnored = false

  package init(
    _ code: CheckCode, level: Level? = nil, image: String? = nil, _ detail: String, _ remedy: String,
    origins: [ImageOrigin] = []
  ) {
    self.code = code
    self.level = level ?? code.level
    self.image = image
    self.detail = ForeignText.clause(detail, limit: 2000)
    self.remedy = ForeignText.clean(remedy, limit: 2000)
    self.origins = origins
  }
}

/// Where an image was named.
package struct ImageOrigin: Hashable, Sendable, CustomStringConvertible {
  /// A file, as it was given; nil for arguments, standard input and the cluster.
  package var file: String?
  /// From 1.
  package var line: Int?
  /// `deployment/web`.
  package var object: String?
  /// `spec.template.spec.containers[0].image`.
  package var path: String?

  package init(file: String? = nil, line: Int? = nil, object: String? = nil, path: String? = nil) {
    self.file = file
    self.line = line
    self.object = object
    self.path = path
  }

  /// `web.yaml:12 (deployment/web)`.
  package var description: String {
    let place = file.map { file in line.map { "\(file):\($0)" } ?? file }
    return place.map { place in object.map { "\(place) (\($0))" } ?? place } ?? object ?? "command line"
  }
}

/// An image that is to be checked.
package struct CheckSubject: Hashable, Sendable {
  /// As it was given first.
  package let given: String
  package let reference: Reference
  package var origins: [ImageOrigin]
  /// What it is for, as places in `CheckRequest.placements`.
  package var placements: [Int] = []
  /// Whether it is meant for every wanted node, and not only for those of its placements.
  package var isEverywhere = true

  package init(given: String, reference: Reference, origins: [ImageOrigin] = []) {
    self.given = given
    self.reference = reference
    self.origins = origins
  }
}
