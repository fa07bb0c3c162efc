import Kubernetes
import Testing

@Suite("The objects of a watch", .timeLimit(.minutes(5)))
struct ObjectStoreTests {
  static func object(_ name: String, version: Int, uid: String = "u") -> ConfigMap {
    var object = ConfigMap(metadata: ObjectMeta(name: name, namespace: "n"))
    object.metadata.resourceVersion = "\(version)"
    object.metadata.uid = "\(uid)-\(name)"
    return object
  }

  @Test("A new list says what vanished, what came and what changed")
  func relist() {
    var store = ObjectStore<ConfigMap>()
    let (a, b, c) = (Self.object("a", version: 1), Self.object("b", version: 1), Self.object("c", version: 2))
    #expect(store.apply(.restarted([a, b])) == [.added(a), .added(b)])
    let changed = Self.object("b", version: 3)
    #expect(store.apply(.restarted([changed, c])) == [.deleted(a), .modified(from: b, to: changed), .added(c)])
    #expect(store.apply(.restarted([changed, c])).isEmpty)
    #expect(Set(store.objects.values) == [changed, c])
  }

  @Test("An object that was created again under its name is not the old one")
  func replaced() {
    var store = ObjectStore<ConfigMap>()
    let (old, new) = (Self.object("a", version: 1), Self.object("a", version: 5, uid: "v"))
    _ = store.apply(.applied(old))
    #expect(store.apply(.applied(new)) == [.deleted(old), .added(new)])
    #expect(store.apply(.deleted(new)) == [.deleted(new)])
    #expect(store.apply(.deleted(new)).isEmpty)
  }

  @Test("The changes reported always lead to what the store holds")
  func random() {
    let seed = UInt64.random(in: 0 ... .max)
    var chance = Chance(state: seed)
    var store = ObjectStore<ConfigMap>()
    var mirror: [String: ConfigMap] = [:]
    for version in 0..<2000 {
      let name = "o\(chance.next() % 8)"
      let event: WatchEvent<ConfigMap> =
        switch chance.next() % 10 {
        case 0:
          .restarted(
            (0..<8).filter { _ in chance.next() % 2 == 0 }.map { Self.object("o\($0)", version: version) })
        case 1..<4: .deleted(Self.object(name, version: version))
        case 4: .applied(Self.object(name, version: version, uid: "v\(chance.next() % 2)"))
        default: .applied(Self.object(name, version: version))
        }
      for change in store.apply(event) {
        switch change {
        case .added(let object):
          #expect(mirror.updateValue(object, forKey: object.metadata.name ?? "") == nil, "seed \(seed)")
        case .modified(let from, let to):
          #expect(mirror.updateValue(to, forKey: to.metadata.name ?? "") == from, "seed \(seed)")
        case .deleted(let object):
          #expect(mirror.removeValue(forKey: object.metadata.name ?? "") != nil, "seed \(seed)")
        }
      }
      #expect(Set(mirror.values) == Set(store.objects.values), "seed \(seed)")
    }
  }
}
