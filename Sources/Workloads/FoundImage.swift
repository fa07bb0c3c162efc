/// An image that a manifest names, and where it stands.
package struct FoundImage: Hashable, Sendable {
  /// As the manifest writes it: text that a `Reference` can be made of.
  package let reference: String
  package let place: ManifestPlace

  package init(reference: String, place: ManifestPlace) {
    self.reference = reference
    self.place = place
  }

  package var source: String { place.source }
  package var path: String { place.path }
  package var container: String { place.container }
}

/// One step on the way through a document.
package enum DocumentStep: Hashable, Sendable {
  case key(String)
  case index(Int)
}

/// Where in a manifest an image stands.
package struct ManifestPlace: Hashable, Sendable, CustomStringConvertible {
  /// The object, `rollout/web`; of an object within another the inner one.
  package let source: String
  /// Nil where the object says none.
  package let namespace: String?
  /// From the object on: `spec.template.spec.containers[0].image`.
  package let path: String
  /// The name of the container or the volume; of what has no name the key under which it stands, `script`.
  package let container: String
  /// From the document on; the last steps may not be there, as of an image that is missing.
  package let route: [DocumentStep]

  package init(source: String, namespace: String?, path: String, container: String, route: [DocumentStep]) {
    self.source = source
    self.namespace = namespace
    self.path = path
    self.container = container
    self.route = route
  }

  package var description: String { "\(source), \(path)" }
}

/// A place of a manifest where an image belongs, and why there is none to take.
package struct ImageProblem: Error, Hashable, Sendable, CustomStringConvertible {
  /// A stable code for machines and tests.
  package enum Code: String, Codable, Hashable, Sendable {
    /// Nothing stands there.
    case empty
    /// Something that is filled in later: by Helm, by a workflow, by the shell, by a webhook.
    case variable
    /// A digest or an image ID without a name: no registry can be asked for it.
    case identifier
    /// No image reference.
    case malformed
    /// Several fields that do not make one image.
    case parts
    /// It may be an image, or something else.
    case unclear
  }

  package let code: Code
  package let place: ManifestPlace
  /// What is wrong and what to do, in one line.
  package let reason: String

  package init(_ code: Code, at place: ManifestPlace, _ reason: String) {
    self.code = code
    self.place = place
    self.reason = reason
  }

  package var description: String { "\(place): \(reason)" }
}
