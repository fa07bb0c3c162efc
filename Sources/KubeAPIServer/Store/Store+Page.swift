import Documents
import Synchronization

/// A part of a list.
struct StorePage {
  var objects: [StoredObject]
  var revision: Int
  var token: String?
  var remaining = 0

  var metadata: JSON {
    var metadata: JSON = ["resourceVersion": .string(String(revision))]
    if let token {
      metadata["continue"] = .string(token)
      metadata["remainingItemCount"] = .integer(Int64(remaining))
    }
    return metadata
  }
}

extension Store {
  /// The first `limit` objects (0: all), or the next after a token; all pages show the moment of the first.
  func page(
    _ resource: ResourceName, namespace: String?, _ filter: ObjectFilter, limit: Int, token: String
  ) throws(StatusError) -> StorePage {
    let objects: [StoredObject]
    let revision: Int
    var offset = 0
    var snapshot: Int?
    if token.isEmpty {
      (objects, revision) = select(resource, namespace: namespace, filter)
    } else {
      let parts = token.split(separator: "-").compactMap { Int($0) }
      guard parts.count == 2 else { throw .badRequest("continue key is not valid: \(token)") }
      guard let found = state.withLock({ $0.snapshots.objects(parts[0]) }) else {
        throw .expired(
          "The provided continue parameter is too old to display a consistent list result. You can start a new list "
            + "without the continue parameter, or use the continue token in this response to retrieve the remainder "
            + "of the results.")
      }
      (objects, revision, offset, snapshot) = (
        found.objects, found.revision, min(parts[1], found.objects.count), parts[0]
      )
    }
    guard limit > 0, objects.count - offset > limit else {
      return StorePage(objects: Array(objects[offset...]), revision: revision)
    }
    let kept = snapshot ?? state.withLock { $0.snapshots.keep(objects, revision: revision) }
    let end = offset + limit
    return StorePage(
      objects: Array(objects[offset..<end]), revision: revision, token: "\(kept)-\(end)",
      remaining: objects.count - end)
  }
}
