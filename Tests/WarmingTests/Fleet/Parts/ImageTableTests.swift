import ImageModel
import Testing

@testable import Warming

@Suite("Image table", .timeLimit(.minutes(1)))
struct ImageTableTests {
  private var table = ImageTable()

  @Test("A reference has one number, under whichever name a runtime lists it")
  mutating func names() {
    let image = table.image("nginx:1.27")
    #expect(table.image("nginx:1.27") == image)
    #expect(table.references[image] == "nginx:1.27")
    #expect(table.images(listedAs: "docker.io/library/nginx:1.27") == [image])
    #expect(table.images(listedAs: "nginx:1.28").isEmpty)
  }

  @Test("The registry of an image is what its Prepull says, else what its reference says")
  mutating func registries() {
    let own = table.registry(ofReference: "r.io/a:1")
    #expect(own == table.registry("r.io"))
    let mirror = table.registry("mirror")
    table.setRegistry(mirror, of: table.image("r.io/b:1"))
    #expect(table.registry(ofReference: "r.io/b:1") == mirror)
  }

  @Test("A set of registries is one number, whatever their order")
  mutating func sets() {
    let (a, b) = (table.registry("a"), table.registry("b"))
    let (none, one) = (table.registrySet([]), table.registrySet([a, a]))
    #expect(table.registries(inSet: none).isEmpty && table.registries(inSet: one) == [a])
    let both = table.registrySet([b, a, b])
    #expect(both == table.registrySet([a, b]))
    #expect(table.registries(inSet: both) == [a, b])
  }

  @Test("Numbers that nobody uses are freed, those of sets in use are kept")
  mutating func freed() {
    let images = (0..<2000).map { table.image("r.io/a:\($0)") }
    let (a, b) = (table.registry("a"), table.registry("b"))
    let set = table.registrySet([a, b])
    #expect(table.isFull)
    var used = ImageTable.Used()
    used.images.insert(images[7])
    used.insert(registrySet: set)
    table.retain(used)
    #expect(!table.isFull && table.count < 10)
    #expect(table.references[images[7]] == "r.io/a:7")
    #expect(table.registries(inSet: set) == [a, b])
    #expect(table.registry("a") == a)
    #expect(table.images(listedAs: "r.io/a:8").isEmpty)
  }

  @Test("Equal failures share their texts, and no more than a thousand are kept")
  func failures() {
    var failures = SharedFailures()
    for number in 0..<3000 {
      let failure = WarmFailure(code: "notFound", detail: "\(number % 1500)", remedy: "")
      #expect(failures.share(failure) == failure)
    }
  }
}
