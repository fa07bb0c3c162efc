extension JSON {
  /// This value with a JSON merge patch applied (RFC 7396): `null` removes a member, arrays are replaced whole.
  package func merging(patch: JSON) -> JSON {
    guard case .object(let changes) = patch else { return patch }
    var members = object ?? [:]
    for (key, change) in changes {
      if change == .null {
        members[key] = nil
      } else {
        members[key] = (members[key] ?? .null).merging(patch: change)
      }
    }
    return .object(members)
  }
}
