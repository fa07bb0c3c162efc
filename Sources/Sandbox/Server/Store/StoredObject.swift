package import Documents
import Synchronization

/// One state of one object: never changed, only replaced, so that readers and watchers share it.
package final class StoredObject: Sendable {
  package let json: JSON
  package let key: ObjectKey
  /// The revision that wrote it.
  package let revision: Int
  private let encoding = Mutex<[UInt8]?>(nil)

  init(_ json: JSON, key: ObjectKey, revision: Int) {
    self.json = json
    self.key = key
    self.revision = revision
  }

  /// The object as compact JSON, encoded once for all who ask.
  var bytes: [UInt8] {
    if let bytes = encoding.withLock({ $0 }) { return bytes }
    let bytes = json.bytes()
    encoding.withLock { $0 = bytes }
    return bytes
  }
}

/// An object's place among those of its resource, in the order in which lists have them.
package struct ObjectKey: Hashable, Sendable, Comparable {
  /// Empty for objects of the cluster.
  package let namespace: String
  package let name: String

  package init(_ namespace: String?, _ name: String) {
    self.namespace = namespace ?? ""
    self.name = name
  }

  package static func < (a: ObjectKey, b: ObjectKey) -> Bool { (a.namespace, a.name) < (b.namespace, b.name) }
}
