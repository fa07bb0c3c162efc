import Documents
import Logging
import Synchronization

/// An object of a list or a watch that cannot be decoded, and so is left out: what can be read of it.
package struct SkippedObject: Hashable, Sendable {
  /// `pods`, `prepulls.prepull.dev`.
  package let resource: String
  package let namespace: String?
  package let name: String
  /// Where in it decoding ended: `spec.taints[0].key`.
  package let place: String
}

/// What a decoder can read of an object that it cannot decode.
struct UndecodableObject: Decodable, Hashable, Sendable {
  private enum CodingKeys: CodingKey { case metadata }
  private enum MetadataKeys: CodingKey { case namespace, name, resourceVersion }

  private(set) var namespace: String?
  private(set) var name: String?
  private(set) var resourceVersion: String?
  var place = ""

  init(from decoder: any Decoder) throws {
    guard
      let metadata = try? decoder.container(keyedBy: CodingKeys.self)
        .nestedContainer(keyedBy: MetadataKeys.self, forKey: .metadata)
    else { return }
    namespace = try? metadata.decode(String.self, forKey: .namespace)
    name = try? metadata.decode(String.self, forKey: .name)
    resourceVersion = try? metadata.decode(String.self, forKey: .resourceVersion)
  }

  var key: String { "\(namespace ?? "")/\(name ?? "")" }
}

/// An object, or what can be read of it: one that is odd must not hide the others.
enum Lenient<Item: Decodable & Sendable>: Decodable, Sendable {
  case object(Item)
  case undecodable(UndecodableObject)

  init(from decoder: any Decoder) throws {
    do {
      self = .object(try Item(from: decoder))
    } catch {
      var odd = try UndecodableObject(from: decoder)
      odd.place = DecodingPlace.text(of: error, below: decoder.codingPath.count)
      self = .undecodable(odd)
    }
  }
}

/// Where in a document decoding ended.
enum DecodingPlace {
  /// - Parameter depth: how much of the path leads to the document itself.
  static func text(of error: any Error, below depth: Int = 0) -> String {
    let path: [any CodingKey] =
      switch error {
      case DecodingError.keyNotFound(let key, let context): context.codingPath + [key]
      case DecodingError.dataCorrupted(let context), DecodingError.typeMismatch(_, let context),
        DecodingError.valueNotFound(_, let context):
        context.codingPath
      default: []
      }
    var text = ""
    for key in path.dropFirst(depth) {
      text += key.intValue.map { "[\($0)]" } ?? (text.isEmpty ? "" : ".") + key.stringValue
    }
    return ForeignText.clean(text, limit: 200)
  }
}

/// Reports objects that are left out: each time to the counter, and once for each object and reason in a warning.
final class SkippedObjects: Sendable {
  /// Objects remembered, so that the same is not warned of again.
  private static let memory = 1000

  private let logger: Logger
  private let report: @Sendable (SkippedObject) -> Void
  private let warned = Mutex<Set<SkippedObject>>([])

  init(logger: Logger, report: @escaping @Sendable (SkippedObject) -> Void) {
    self.logger = logger
    self.report = report
  }

  func note(_ object: UndecodableObject, of request: APIRequest) {
    let skipped = SkippedObject(
      resource: request.group.isEmpty ? request.resource : "\(request.resource).\(request.group)",
      namespace: object.namespace.map { ForeignText.clean($0, limit: 253) },
      name: ForeignText.clean(object.name ?? "?", limit: 253), place: object.place)
    report(skipped)
    let isNew = warned.withLock { warned in
      if warned.count >= Self.memory { warned = [] }
      return warned.insert(skipped).inserted
    }
    guard isNew else { return }
    logger.warning(
      "an object cannot be read and is left out",
      metadata: [
        "resource": "\(skipped.resource)",
        "object": "\(skipped.namespace.map { "\($0)/" } ?? "")\(skipped.name)",
        "reason": "\(place(skipped))",
      ])
  }

  private func place(_ object: SkippedObject) -> String {
    object.place.isEmpty
      ? "it is not what this version of Prepull expects"
      : "its field \(object.place) is not what this version of Prepull expects"
  }
}
