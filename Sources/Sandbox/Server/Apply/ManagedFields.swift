import Documents

/// Who set which fields of an object.
enum ManagedFields {
  static func written(_ object: JSON, over old: JSON?, by call: APICall) -> JSON { object }
}
