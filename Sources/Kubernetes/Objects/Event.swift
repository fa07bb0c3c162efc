/// An event: what a component says happened to an object. Kept for an hour, and may be lost.
package struct Event: Resource {
  package static let apiVersion = "v1"
  package static let kind = "Event"
  package static let plural = "events"

  package struct ObjectReference: Codable, Hashable, Sendable {
    package var apiVersion: String?
    package var kind: String?
    package var namespace: String?
    package var name: String?
    package var uid: String?
    /// `spec.containers{nginx}`: the container, for the kubelet's events on pods.
    package var fieldPath: String?

    package init(
      apiVersion: String? = nil, kind: String? = nil, namespace: String? = nil, name: String? = nil,
      uid: String? = nil, fieldPath: String? = nil
    ) {
      self.apiVersion = apiVersion
      self.kind = kind
      self.namespace = namespace
      self.name = name
      self.uid = uid
      self.fieldPath = fieldPath
    }
  }

  package struct Source: Codable, Hashable, Sendable {
    package var component: String?
    package var host: String?

    package init(component: String? = nil, host: String? = nil) {
      self.component = component
      self.host = host
    }
  }

  package var metadata: ObjectMeta
  package var involvedObject: ObjectReference
  /// `Pulling`, `Pulled`, `Failed`, `BackOff`, …
  package var reason: String?
  package var message: String?
  package var source: Source?
  package var firstTimestamp: String?
  package var lastTimestamp: String?
  package var count: Int?
  /// `Normal` or `Warning`.
  package var type: String?
  package var reportingComponent: String?
  package var reportingInstance: String?

  package init(metadata: ObjectMeta, involvedObject: ObjectReference) {
    self.metadata = metadata
    self.involvedObject = involvedObject
  }
}
