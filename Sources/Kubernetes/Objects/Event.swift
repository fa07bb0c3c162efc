import Documents

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

extension Event {
  /// Everyone who may write Events may write anything into them: their texts are cleaned here.
  package init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    func text(_ key: CodingKeys, limit: Int) throws -> String? {
      try fields.decodeIfPresent(String.self, forKey: key).map { ForeignText.clean($0, limit: limit) }
    }
    metadata = try fields.decode(ObjectMeta.self, forKey: .metadata)
    involvedObject = try fields.decode(ObjectReference.self, forKey: .involvedObject)
    reason = try text(.reason, limit: 128)
    // As long as the API allows, as figures of ours are read from it.
    message = try text(.message, limit: 1024)
    source = try fields.decodeIfPresent(Source.self, forKey: .source)
    firstTimestamp = try fields.decodeIfPresent(String.self, forKey: .firstTimestamp)
    lastTimestamp = try fields.decodeIfPresent(String.self, forKey: .lastTimestamp)
    count = try fields.decodeIfPresent(Int.self, forKey: .count)
    type = try text(.type, limit: 128)
    reportingComponent = try text(.reportingComponent, limit: 253)
    reportingInstance = try text(.reportingInstance, limit: 253)
  }
}
