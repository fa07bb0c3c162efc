import ImageModel
import PrepullAPI
import Runtimes
import Testing

@testable import NodeAgent

@Suite("What an agent decides", .timeLimit(.minutes(2)))
struct AgentMachineTests {
  private let images = ["registry.example/a:1", "registry.example/b:1", "registry.example/c:1", "registry.example/d:1"]

  @Test("It pulls in the order of the wishes, so many at a time, and nothing twice")
  func order() {
    var lab = MachineLab { $0.parallelism = 2 }
    lab.want(images.map { MachineLab.wish($0) })
    #expect(lab.hold([]).pulls == Array(images[..<2]))
    #expect(lab.hold([]).pulls.isEmpty)
    #expect(lab.tell(.pullEnded(image: images[1], MachineLab.warm())).pulls == [images[2]])
    #expect(lab.tell(.pullEnded(image: images[0], MachineLab.warm())).pulls == [images[3]])
  }

  @Test("Nothing is done for a WarmNode of another node, or before the runtime was asked")
  func owner() {
    var lab = MachineLab()
    #expect(lab.want([MachineLab.wish(images[0])]).pulls.isEmpty)
    lab.want([MachineLab.wish(images[0])], owner: "one before it")
    #expect(lab.hold([]).pulls.isEmpty)
    #expect(lab.want([MachineLab.wish(images[0])]).pulls == [images[0]])
    // The node is replaced under its name.
    #expect(lab.tell(.node(AgentNode(uid: "another"))).cancelled == [images[0]])
  }

  @Test("A wave costs a write when all is settled, and none in between")
  func writes() {
    var lab = MachineLab()
    lab.want([])
    lab.hold([])
    #expect(lab.tell(.time, after: .seconds(2)).written.count == 1)
    lab.want(images[..<3].map { MachineLab.wish($0) })
    #expect(lab.tell(.pullEnded(image: images[0], MachineLab.warm()), after: .seconds(5)).written.isEmpty)
    #expect(lab.tell(.time, after: .seconds(5)).written.isEmpty)
    lab.tell(.pullEnded(image: images[1], .failed(reason: "NotFound", message: "no such tag")))
    lab.tell(.pullEnded(image: images[2], MachineLab.warm()))
    for image in [images[0], images[2]] { lab.tell(.pinned(image: image, isPinned: true, succeeded: true)) }
    let written = lab.tell(.time, after: .seconds(2)).written
    #expect(written.first?.images?.map(\.state) == [.warm, .failed, .warm])
    #expect(written.first?.images?.map(\.order) == ["1", "1", "1"])
    #expect(written.first?.images?[1].reason == "NotFound")
    #expect(lab.tell(.time, after: .seconds(20)).written.isEmpty)
  }

  @Test("With the operator away for an hour it repairs, keeps its pins, and removes as it was told")
  func hourAlone() {
    var lab = MachineLab()
    lab.want([MachineLab.wish(images[0]), MachineLab.wish(images[1]), MachineLab.wish(images[2], removal: "Unused")])
    lab.hold([])
    for image in images[..<3] {
      lab.tell(.pullEnded(image: image, MachineLab.warm()))
      lab.tell(.pinned(image: image, isPinned: true, succeeded: true))
    }
    // The operator's last word before it went.
    lab.want(images[..<2].map { MachineLab.wish($0) })
    lab.tell(.pinned(image: images[2], isPinned: false, succeeded: true))
    var actions: [AgentAction] = []
    for minute in 1...60 {
      var held = actions.removed.isEmpty ? Array(images[..<3]) : Array(images[..<2])
      if minute == 20 { held.removeAll { $0 == images[1] } }
      actions += lab.hold(held, after: .seconds(60))
      if minute == 20 {
        actions += lab.tell(.pullEnded(image: images[1], MachineLab.warm()))
        actions += lab.tell(.pinned(image: images[1], isPinned: true, succeeded: true))
      }
      if lab.machine.isUseAsked { actions += lab.tell(.used([])) }
    }
    #expect(actions.pulls == [images[1]])
    #expect(actions.released.isEmpty)
    #expect(actions.removed == [images[2]])
    #expect(actions.written.count <= 3, "\(actions.written.count) writes")
    // It comes back, with the same words.
    let back = lab.want(images[..<2].map { MachineLab.wish($0) })
    #expect(back.pulls.isEmpty && back.released.isEmpty && back.removed.isEmpty)
    #expect(lab.state(images[0]) == .warm && lab.state(images[1]) == .warm)
  }

  @Test("A failed image is left alone until it is ordered anew")
  func failed() {
    var lab = MachineLab()
    lab.want([MachineLab.wish(images[0])])
    lab.hold([])
    #expect(lab.tell(.pullEnded(image: images[0], .failed(reason: "Denied", message: ""))).pulls.isEmpty)
    #expect(lab.hold([], after: .seconds(7200)).pulls.isEmpty)
    #expect(lab.want([MachineLab.wish(images[0], order: "2")]).pulls == [images[0]])
  }

  @Test("What vanishes is pulled at once; the third time within an hour it waits, and that is a condition")
  func losses() {
    var lab = MachineLab()
    lab.want([MachineLab.wish(images[0])])
    lab.hold([images[0]])
    for loss in 1...2 {
      #expect(lab.hold([], after: .seconds(30)).pulls == [images[0]], "loss \(loss)")
      lab.tell(.pullEnded(image: images[0], MachineLab.warm()), after: .seconds(1))
      lab.hold([images[0]], after: .seconds(30))
    }
    #expect(lab.hold([], after: .seconds(30)).pulls.isEmpty)
    let written = lab.tell(.time, after: .seconds(2)).written
    #expect(written.first?.images?.first?.state == .lost)
    #expect(written.first?.images?.first?.losses == 3)
    #expect(written.first?.images?.first?.retryAfter != nil)
    #expect(written.first?.conditions?["ImagesLost"]?.isTrue == true)
    #expect(lab.hold([], after: .seconds(800)).pulls.isEmpty)
    #expect(lab.hold([], after: .seconds(120)).pulls == [images[0]], "after a quarter of an hour")
  }

  @Test("A repair that fails is tried again by itself")
  func repair() {
    var lab = MachineLab()
    lab.want([MachineLab.wish(images[0])])
    lab.hold([images[0]])
    lab.hold([], after: .seconds(30))
    #expect(lab.tell(.pullEnded(image: images[0], .failed(reason: "Unreachable", message: ""))).pulls.isEmpty)
    #expect(lab.tell(.time, after: .seconds(31)).pulls == [images[0]])
  }

  @Test("No pull, repair or pin under disk pressure; running ones end, pins are released, and it goes on afterwards")
  func diskPressure() {
    var lab = MachineLab()
    lab.want(images[..<2].map { MachineLab.wish($0) })
    lab.hold([images[0]])
    lab.tell(.pinned(image: images[0], isPinned: true, succeeded: true))
    let actions = lab.tell(.node(AgentNode(uid: "node", hasDiskPressure: true)))
    #expect(actions.cancelled == [images[1]])
    #expect(actions.released == [images[0]])
    #expect(lab.tell(.pullEnded(image: images[1], .cancelled)).pulls.isEmpty)
    lab.tell(.pinned(image: images[0], isPinned: false, succeeded: true))
    let missing = lab.hold([], after: .seconds(30))
    #expect(missing.pulls.isEmpty)
    let written = (missing + lab.tell(.time, after: .seconds(2))).written.last
    #expect(written?.images?.map(\.state) == [.lost, .pending])
    #expect(written?.images?.map(\.reason) == ["DiskPressure", "DiskPressure"])
    #expect(written?.conditions?["DiskPressure"]?.isTrue == true)
    #expect(Set(lab.tell(.node(AgentNode(uid: "node"))).pulls) == Set(images[..<2]))
  }

  @Test("A file system that would pass the ceiling keeps an image waiting; one above it loses pins, lowest first")
  func fullDisk() {
    func disk(_ free: Int64) -> AgentInput {
      .disk(ImageFileSystem(path: "/", usedBytes: nil, availableBytes: free, capacityBytes: 10_000))
    }
    var lab = MachineLab()
    lab.tell(disk(5000))
    lab.want(images[..<3].map { MachineLab.wish($0) })
    lab.hold(Array(images[..<2]))
    for image in images[..<2] { lab.tell(.pinned(image: image, isPinned: true, succeeded: true)) }
    #expect(lab.tell(.pullEnded(image: images[2], .noRoom(bytes: 4000))).pulls.isEmpty, "3000 are left")
    #expect(lab.machine.waitsForDisk(lab.machine.inOrder[2]))
    #expect(lab.tell(disk(6500)).pulls == [images[2]])
    lab.tell(.pullEnded(image: images[2], .noRoom(bytes: 8000)))
    let actions = lab.tell(disk(1950))
    #expect(actions.released == [images[1]], "50 bytes too much are less than one image")
    lab.tell(.pinned(image: images[1], isPinned: false, succeeded: true))
    #expect(lab.tell(disk(3000)).pinned == [images[1]])
  }

  @Test("Another digest is pulled again where that is asked for, once, else stated")
  func digests() {
    var lab = MachineLab()
    let old = MachineLab.held(images[0], MachineLab.other)
    lab.want([MachineLab.wish(images[0])])
    #expect(lab.tell(.images([old])).pulls.isEmpty)
    #expect(lab.machine.entries[images[0]]?.digest == MachineLab.other.description)
    #expect(lab.want([MachineLab.wish(images[0], order: "2", refreshes: true)]).pulls == [images[0]])
    lab.tell(.pullEnded(image: images[0], MachineLab.warm(MachineLab.other)))
    #expect(lab.tell(.images([old]), after: .seconds(30)).pulls.isEmpty, "the tag may have moved on: no endless pulls")
    #expect(lab.want([MachineLab.wish(images[0], order: "3", refreshes: true)]).pulls == [images[0]])
  }

  @Test("What nobody wants is released, and goes after a grace where the agent pulled it and nothing uses it")
  func removal() {
    var lab = MachineLab()
    lab.want([MachineLab.wish(images[0], removal: "Unused"), MachineLab.wish(images[1], removal: "Unused")])
    lab.hold([images[1]])
    lab.tell(.pullEnded(image: images[0], MachineLab.warm()))
    for image in images[..<2] { lab.tell(.pinned(image: image, isPinned: true, succeeded: true)) }
    lab.hold(Array(images[..<2]), after: .seconds(30))
    #expect(Set(lab.want([MachineLab.wish(images[2], order: nil)]).released) == Set(images[..<2]))
    for image in images[..<2] { lab.tell(.pinned(image: image, isPinned: false, succeeded: true)) }
    #expect(!lab.tell(.time, after: .seconds(590)).asksUsed)
    #expect(lab.tell(.time, after: .seconds(20)).asksUsed)
    #expect(lab.tell(.used([images[0]])).removed.isEmpty, "a container has it")
    #expect(lab.tell(.time, after: .seconds(601)).asksUsed)
    #expect(lab.tell(.used([])).removed == [images[0]], "the other was there before")
    lab.tell(.removed(image: images[0], succeeded: true))
    #expect(lab.machine.memory.items.isEmpty)
  }

  @Test("A WarmNode that is gone, of another node, or says nothing releases and removes nothing")
  func keeps() {
    var lab = MachineLab()
    lab.want([MachineLab.wish(images[0], removal: "Unused")])
    lab.hold([])
    lab.tell(.pullEnded(image: images[0], MachineLab.warm()))
    lab.tell(.pinned(image: images[0], isPinned: true, succeeded: true))
    lab.hold([images[0]], after: .seconds(30))
    var empty = AgentRecord(uid: "record", nodeUID: "node", wishes: [])
    empty.isStated = false
    for record in [nil, empty, AgentRecord(uid: "x", nodeUID: "another", wishes: [])] {
      var copy = lab
      var actions = copy.tell(.record(record))
      for _ in 0..<3 { actions += copy.hold([images[0]], after: .seconds(400)) }
      actions += copy.tell(.used([]))
      #expect(actions.released.isEmpty && actions.removed.isEmpty && !actions.asksUsed)
      #expect(copy.machine.memory.items.count == 1)
    }
  }

  @Test("The next agent goes on with what the one before wrote and remembered")
  func restart() {
    var memory = PullMemory()
    memory.items["registry.example/gone:1"] = .init()
    memory.items["registry.example/gone:1"]?.isPulled = true
    memory.items["registry.example/gone:1"]?.isRemovable = true
    var lab = MachineLab(memory: memory)
    var record = AgentRecord(uid: "record", nodeUID: "node", wishes: images[..<3].map { MachineLab.wish($0) })
    var agent = WarmNode.Agent()
    agent.nodeUID = "node"
    var failed = WarmNode.Held(image: images[0], state: .failed)
    (failed.order, failed.reason) = ("1", "Denied")
    agent.images = [failed, WarmNode.Held(image: images[1], state: .warm)]
    record.agent = agent
    lab.tell(.record(record))
    let actions = lab.hold(["registry.example/gone:1"])
    #expect(Set(actions.pulls) == [images[1], images[2]], "the failed one waits for its order")
    #expect(lab.state(images[1]) == .lost)
    lab.now += .seconds(601)
    #expect(lab.tell(.time).asksUsed)
    #expect(lab.tell(.used([])).removed == ["registry.example/gone:1"])
  }

  @Test("A list that was asked for before an image came does not lose it")
  func oldList() {
    var lab = MachineLab()
    lab.want([MachineLab.wish(images[0])])
    lab.hold([])
    lab.tell(.time, after: .seconds(31))
    lab.tell(.pullEnded(image: images[0], MachineLab.warm()), after: .seconds(1))
    #expect(lab.hold([], after: .seconds(1)).contains(.list))
    #expect(lab.state(images[0]) == .warm)
    #expect(lab.hold([], after: .seconds(1)).pulls == [images[0]])
  }

  /// Content that is there under a tag and its digest, or under its digest alone.
  private func content(_ id: String, _ digest: Digest, tag: String?) -> RuntimeImage {
    let name = "registry.example/a@\(digest)"
    return RuntimeImage(
      id: id, references: (tag.map { [$0] } ?? []) + [name], digests: [digest], sizeBytes: 100)
  }

  @Test(
    "What a tag stood for is released, and goes after the grace where it was the agent's", arguments: [true, false])
  func movedTags(isPulled: Bool) {
    var lab = MachineLab()
    let (tag, former) = (images[0], "registry.example/a@\(MachineLab.wanted)")
    lab.want([MachineLab.wish(tag, removal: "Unused")])
    let old = content("old", MachineLab.wanted, tag: tag)
    if isPulled {
      lab.hold([])
      // The runtime tells of it before the pull ends.
      lab.tell(.changed(.there(tag)), after: .seconds(1))
      lab.tell(.images([old]), after: .seconds(1))
      lab.tell(.pullEnded(image: tag, MachineLab.warm()), after: .seconds(1))
    }
    // The first answer is to a question of before that.
    for _ in 0..<2 { lab.tell(.images([old]), after: .seconds(31)) }
    lab.tell(.pinned(image: tag, isPinned: true, succeeded: true))
    #expect(lab.machine.pinCount == 1)

    // A kubelet pulls what the tag stands for now.
    let both = [content("old", MachineLab.wanted, tag: nil), content("new", MachineLab.other, tag: tag)]
    let actions = lab.tell(.images(both), after: .seconds(30))
    #expect(actions.pinned == [tag] && actions.released == [former])
    lab.tell(.pinned(image: former, isPinned: false, succeeded: true))
    let pinned = lab.tell(.pinned(image: tag, isPinned: true, succeeded: true))
    #expect(pinned.contains(.releaseAll(but: lab.machine.inOrder.compactMap(\.reference))))
    #expect(lab.machine.pinCount == 1)
    #expect(lab.tell(.time, after: .seconds(610)).asksUsed == isPulled)
    lab.tell(.images(both))
    #expect(lab.tell(.used([])).removed == (isPulled ? [former] : []))
  }

  @Test("A pin stays where the same content is wanted under another name")
  func sharedContent() {
    var lab = MachineLab()
    let image = RuntimeImage(
      id: "one", references: [images[0], images[1]], digests: [MachineLab.wanted], sizeBytes: 100)
    lab.want(images[..<2].map { MachineLab.wish($0) })
    lab.tell(.images([image]))
    for image in images[..<2] { lab.tell(.pinned(image: image, isPinned: true, succeeded: true)) }
    #expect(lab.want([MachineLab.wish(images[0])]).released.isEmpty)
    #expect(lab.machine.memory.items.count == 1)
    #expect(lab.want([]).released == [images[0]])
  }

  @Test("Pins of nobody that cannot be released are tried again, and none is added meanwhile")
  func sweeps() {
    var lab = MachineLab()
    lab.sweeps = false
    lab.want([])
    #expect(lab.hold([]).contains(.releaseAll(but: [])))
    #expect(lab.machine.pinCount == nil)
    #expect(lab.want([MachineLab.wish(images[0])]).pulls == [images[0]])
    #expect(lab.tell(.pullEnded(image: images[0], MachineLab.warm())).pinned.isEmpty)
    #expect(lab.tell(.swept(succeeded: false)).pinned == [images[0]])
    #expect(lab.tell(.pinned(image: images[0], isPinned: true, succeeded: true)).isEmpty)
    let actions = lab.tell(.time, after: .seconds(30))
    #expect(actions.contains(.releaseAll(but: lab.machine.inOrder.compactMap(\.reference))))
    lab.tell(.swept(succeeded: true))
    #expect(lab.machine.pinCount == 1)
  }
}
