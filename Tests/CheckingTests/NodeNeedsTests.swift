@testable import Checking
import ImageModel
import Testing

@Suite("What nodes lack", .timeLimit(.minutes(10)))
struct NodeNeedsTests {
  private let first: InspectedImage
  private let second: InspectedImage
  private let images: [(reference: Reference, image: InspectedImage?)]

  init() throws {
    first = CheckLab.image(100, [CheckLab.layer(1, 1000), CheckLab.layer(2, 200)])
    second = CheckLab.image(150, [CheckLab.layer(1, 1000), CheckLab.layer(3, 30)])
    images = [
      (try Reference(parsing: "shop/web:1"), first), (try Reference(parsing: "shop/web:2"), second),
      (try Reference(parsing: "shop/lost:1"), nil),
    ]
  }

  private func need(
    _ held: [NodeSurvey.Held], platform: Platform = CheckLab.amd64, relatives: [Digest: InspectedImage] = [:]
  ) throws -> NodeNeeds.Need {
    let needs = NodeNeeds(of: [CheckLab.node("n", platform, held: held)], images: images, relatives: relatives)
    return try #require(needs.needs.first)
  }

  private func held(_ tags: Set<String>, _ digests: Set<Digest>) -> [NodeSurvey.Held] {
    [NodeSurvey.Held(repository: "docker.io/shop/web", tags: tags, digests: digests)]
  }

  @Test("A cold node fetches a shared layer once")
  func cold() throws {
    let need = try need([])
    #expect(need.missing == [0, 1])
    #expect(need.loads.map(\.bytes) == [1201, 31])
    #expect(need.loads.map(\.unpackedBytes) == [3000, 75])
    #expect(need.bytes == 1232)
    #expect(need.unpacked == UnpackedSize(bytes: 3075, isKnown: false))
    #expect(need.leastUnpacked == 1230)
  }

  @Test("What a node holds under the digest is there, and its layers are not fetched for others")
  func present() throws {
    let need = try need(held(["1"], [first.descriptor.digest]))
    #expect(need.present == [0])
    #expect(need.missing == [1])
    #expect(need.loads.map(\.bytes) == [31])
    // By the manifest's digest too, and without a tag.
    #expect(try self.need(held([], [CheckLab.digest(101)])).present == [0])
  }

  @Test("A tag at another digest is old; one without any digest was loaded by hand and is taken")
  func tags() throws {
    let old = try need(held(["1"], [CheckLab.digest(77)]))
    #expect(old.old == [0])
    #expect(old.missing == [0, 1])
    let byHand = try need(held(["1"], []))
    #expect(byHand.present == [0])
    #expect(byHand.old == [])
  }

  @Test("Layers of an older version that the node reports are not fetched again")
  func relatives() throws {
    let before = CheckLab.image(200, [CheckLab.layer(1, 1000), CheckLab.layer(9, 90)])
    let need = try need(
      held(["0"], [before.descriptor.digest]), relatives: [before.descriptor.digest: before])
    #expect(need.loads.map(\.bytes) == [201, 31])
  }

  @Test("An image that does not run on a node costs it nothing")
  func otherPlatform() throws {
    let need = try need([], platform: CheckLab.arm64)
    #expect(need == NodeNeeds.Need())
  }

  @Test("Imagined nodes hold nothing")
  func imagined() {
    let needs = NodeNeeds(cold: 3, CheckLab.amd64, images: [first, nil])
    #expect(needs.loads.count == 3)
    #expect(needs.bytes == 3603)
  }

  @Test("The disk holds the packed layers too where the runtime keeps them")
  func disk() throws {
    let need = try need([])
    #expect(DiskNeed(need, RuntimeRelease("containerd://2.0.0")).least == 1232 + 1230)
    #expect(DiskNeed(need, RuntimeRelease("containerd://2.0.0")).likely.bytes == 1232 + 3075)
    #expect(DiskNeed(need, RuntimeRelease("cri-o://1.30.0")).likely.bytes == 3075)
    #expect(DiskNeed(need, nil).least == 1230)
  }
}
