import Documents

/// Events have two addresses, `v1` and `events.k8s.io/v1`, over one storage: here in the form of `v1`.
enum EventConversion {
  static let definition = ResourceDefinition(
    "events.k8s.io", "v1", "Event", plural: "events", shortNames: ["ev"],
    selectableFields: ["reason", "type", "reportingController", "regarding.name", "regarding.kind", "regarding.uid"])

  private static let fields = [
    ("involvedObject", "regarding"), ("message", "note"), ("reportingComponent", "reportingController"),
    ("source", "deprecatedSource"), ("count", "deprecatedCount"), ("firstTimestamp", "deprecatedFirstTimestamp"),
    ("lastTimestamp", "deprecatedLastTimestamp"),
  ]

  static func toNew(_ event: JSON) -> JSON {
    var event = event
    for (old, new) in fields {
      event[new] = event[old]
      event[old] = nil
    }
    event["apiVersion"] = "events.k8s.io/v1"
    return event
  }

  static func toOld(_ event: JSON) -> JSON {
    var event = event
    for (old, new) in fields {
      event[old] = event[new]
      event[new] = nil
    }
    event["apiVersion"] = "v1"
    return event
  }
}
