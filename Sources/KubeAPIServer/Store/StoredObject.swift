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

  /// The object as compact JSON without `kind` and `apiVersion`, as lists have it; encoded once for all who ask.
  var bareBytes: [UInt8] {
    if let bytes = encoding.withLock({ $0 }) { return bytes }
    var bare = json
    bare["kind"] = nil
    bare["apiVersion"] = nil
    let bytes = bare.bytes()
    encoding.withLock { $0 = bytes }
    return bytes
  }

  /// Appends the whole object, as of a version of its kind.
  func write(to output: inout [UInt8], kind: String, apiVersion: String) {
    output.append(contentsOf: "{\"kind\":\"\(kind)\",\"apiVersion\":\"\(apiVersion)\",".utf8)
    output.append(contentsOf: bareBytes.dropFirst())
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
