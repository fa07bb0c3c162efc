@testable import Warming
import Documents
import Networking
import ImageModel
import Testing

@Suite("A plan that comes to an end", .timeLimit(.minutes(10)))
struct RolloutTests {
  // MARK: Waves

  @Test("At most so many nodes at a time; the next begins when one ends")
  func waves() {
    var story = RolloutStory { $0.parallelism = .nodes(2) }
    story.want("a", "b", "c")
    #expect(story.created == ["a", "b"])
    story.image(on: "a", RolloutStory.held)
    #expect(story.outcomes == ["a": .warm])
    #expect(story.created == ["a", "b", "c"])
    #expect(story.deleted == [story.pod("a")])
    story.image(on: "b", RolloutStory.held)
    #expect(!story.machine.isRolloutFinished)
    story.image(on: "c", RolloutStory.held)
    #expect(story.machine.isRolloutFinished)
    #expect(story.coverage.isWarm)
  }

  @Test("A share of the nodes grows as nodes come")
  func share() {
    var story = RolloutStory { $0.parallelism = .percent(50) }
    story.want("a", "b", "c")
    #expect(story.created == ["a", "b"])
  }

  @Test("A node that is told twice is one; another uid is another node; what is not wanted any more loses its turn")
  func identity() {
    var story = RolloutStory { $0.parallelism = .nodes(1) }
    story.want("a", "a", "b")
    #expect(story.created == ["a"])
    let first = story.pod("a")
    story.tell(.nodeWanted(name: "a", uid: "other", unsupported: [:]))
    #expect(story.actions.contains(.rollout(.nodeGone("a"))))
    #expect(story.deleted == [first])
    story.tell(.nodeUnwanted(name: "a"))
    #expect(story.coverage.nodes == ["b"])
    story.tell(.nodeUnwanted(name: "b"))
    #expect(story.coverage.nodes == ["b"], "work that was begun is ended")
  }

  @Test("A node that goes is forgotten with its pods and gives its place to the next")
  func gone() {
    var story = RolloutStory { $0.parallelism = .nodes(1) }
    story.want("a", "b")
    let pod = story.pod("a")
    story.tell(.nodeGone(name: "a"))
    #expect(story.deleted == [pod])
    #expect(story.created == ["a", "b"])
    #expect(story.coverage.nodes == ["b"])
    story.tell(.image(pod, image: 0, RolloutStory.held))
    #expect(story.coverage.counts[.warm] == 0, "late news of a pod that was given up")
  }

  @Test("Images without the node's platform are unsupported there, and a node without any other image has no pod")
  func unsupported() {
    var story = RolloutStory(images: 2)
    story.tell(.nodeWanted(name: "a", uid: "a", unsupported: [0: "amd64 only"]))
    #expect(story.parts == [[1]])
    story.tell(.nodeWanted(name: "b", uid: "b", unsupported: [0: "amd64 only", 1: "amd64 only"]))
    #expect(story.created == ["a"])
    #expect(story.outcomes == ["b": .unsupported])
    story.image(1, on: "a", RolloutStory.held)
    #expect(story.machine.isRolloutFinished)
    #expect(story.coverage.isWarm)
  }

  // MARK: Parts

  @Test("Many images are split; the next pod comes when no image before it is in its first try")
  func parts() {
    var story = RolloutStory(images: 5) { $0.limits.imagesPerPod = 2 }
    story.want("a")
    #expect(story.parts == [[0, 1]])
    story.image(0, on: "a", RolloutStory.held)
    #expect(story.created.count == 1)
    story.image(1, on: "a", RolloutStory.failing("noSuchHost", .passing))
    #expect(story.created.count == 2, "an image that cannot be pulled does not hold up the others")
    #expect(story.deleted.isEmpty, "the kubelet goes on trying")
    story.image(2, on: "a", part: 1, RolloutStory.held)
    story.image(3, on: "a", part: 1, RolloutStory.held)
    #expect(story.deleted == [story.pod("a", part: 1)])
    story.image(4, on: "a", part: 2, RolloutStory.held)
    #expect(!story.machine.isRolloutFinished)
    story.image(1, on: "a", RolloutStory.held)
    #expect(story.outcomes == ["a": .warm])
  }

  @Test("A pod that is made anew names only what is still missing")
  func remainder() {
    var story = RolloutStory(images: 3) { $0.limits.imagesPerPod = 2 }
    story.want("a")
    story.image(0, on: "a", RolloutStory.held)
    story.tell(.podLost(story.pod("a"), reason: "deleted"))
    story.tell(.tick, after: .seconds(10))
    #expect(story.parts == [[0, 1], [1]])
  }

  // MARK: Failures of images

  @Test("A failure that does not heal is believed when it is told again")
  func finalFailure() {
    var story = RolloutStory(images: 2)
    story.want("a")
    let first = story.image(0, on: "a", RolloutStory.failing())
    #expect(first.contains { if case .rollout(.imageFailed("a", 0, _, isFinal: false)) = $0 { true } else { false } })
    #expect(story.coverage[image: 0, node: 0] == .pulling)
    let actions = story.image(0, on: "a", RolloutStory.failing())
    #expect(story.coverage[image: 0, node: 0].state == .failed)
    #expect(actions.contains { if case .rollout(.imageFailed("a", 0, _, isFinal: true)) = $0 { true } else { false } })
    #expect(!story.machine.isRolloutFinished, "the other image goes on")
    story.image(1, on: "a", RolloutStory.held)
    #expect(story.outcomes == ["a": .incomplete])
  }

  @Test("What the registry refused already, and what cannot change, is believed at once")
  func knownFailure() {
    var story = RolloutStory(images: 2) { $0.rules.refusedImages = [1] }
    story.want("a")
    story.image(1, on: "a", RolloutStory.failing())
    story.image(0, on: "a", RolloutStory.failing("noPlatform"))
    #expect(story.outcomes == ["a": .incomplete])
  }

  @Test("What may pass is waited for as long as the node has time, and is then the reason")
  func passingFailure() {
    var story = RolloutStory { $0.nodeTimeout = .seconds(60) }
    story.want("a")
    for _ in 0..<5 { story.image(on: "a", RolloutStory.failing("timedOut", .passing), after: .seconds(10)) }
    #expect(story.outcomes.isEmpty)
    story.tell(.tick, after: .seconds(10))
    #expect(story.outcomes == ["a": .incomplete])
    #expect(
      story.coverage[image: 0, node: 0]
        == .failed(WarmFailure(code: "timedOut", detail: "it is timedOut", remedy: "mend it")))
  }

  @Test("An image that failed the same way on several nodes fails quickly on the others, until one has it")
  func sharedFailure() {
    var story = RolloutStory {
      $0.parallelism = .nodes(1)
      $0.nodeTimeout = .seconds(60)
      $0.rules.sharedFailures = 2
    }
    story.want("a", "b", "c", "d", "e")
    for node in ["a", "b"] {
      story.image(on: node, RolloutStory.failing("noSuchHost", .passing))
      story.tell(.tick, after: .seconds(60))
    }
    story.image(on: "c", RolloutStory.failing("timedOut", .passing))
    #expect(story.outcomes.count == 2, "another reason is waited for")
    story.image(on: "c", RolloutStory.failing("noSuchHost", .passing))
    #expect(story.outcomes.count == 3)
    story.image(on: "d", .pulling)
    story.image(on: "d", RolloutStory.held)
    story.image(on: "e", RolloutStory.failing("noSuchHost", .passing))
    #expect(story.outcomes.count == 4, "a node could pull it: the others wait again")
  }

  @Test("A full disk says nothing about other nodes")
  func localFailure() {
    var story = RolloutStory {
      $0.parallelism = .nodes(1)
      $0.nodeTimeout = .seconds(60)
      $0.rules.sharedFailures = 1
    }
    story.want("a", "b")
    story.image(on: "a", RolloutStory.failing("noSpace", .local))
    story.tell(.tick, after: .seconds(60))
    story.image(on: "b", RolloutStory.failing("noSpace", .local))
    #expect(story.outcomes == ["a": .incomplete])
  }

  @Test("Another digest than the one resolved ends the cell, and the node is not warm")
  func stale() {
    let digest = Digest(bytes: [UInt8](repeating: 9, count: 32))
    var story = RolloutStory()
    story.want("a")
    story.image(on: "a", .held(digest))
    #expect(story.coverage[image: 0, node: 0] == .stale(digest))
    #expect(story.outcomes == ["a": .incomplete])
  }

  @Test("When all containers ran, every image is there even if no digest is told")
  func succeeded() {
    var story = RolloutStory(images: 2)
    story.want("a")
    story.tell(.podSucceeded(story.pod("a")))
    #expect(story.coverage.column(0) == [.warm(nil), .warm(nil)])
    #expect(story.outcomes == ["a": .warm])
  }

  // MARK: Failures of pods

  @Test("A pod that is refused or lost gives its place to others, and the node is tried again after a while")
  func lostPod() {
    var story = RolloutStory { $0.parallelism = .nodes(1) }
    story.want("a", "b")
    let actions = story.tell(.podLost(story.pod("a"), reason: "OutOfpods"))
    #expect(actions.contains(.rollout(.retrying(node: "a", reason: "OutOfpods", after: .seconds(2)))))
    #expect(story.created == ["a", "b"])
    story.tell(.tick, after: .seconds(5))
    #expect(story.created == ["a", "b"], "its place is taken")
    story.image(on: "b", RolloutStory.held)
    #expect(story.created == ["a", "b", "a"])
    #expect(story.machine.rolloutState.retries == 1)
    story.image(on: "a", RolloutStory.held)
    #expect(story.outcomes == ["a": .warm, "b": .warm])
  }

  @Test("Tries are counted and end, and their waits grow")
  func refusedForEver() {
    var story = RolloutStory { $0.rules.retry = RetryPolicy(attempts: 3, base: .seconds(2), factor: 2, jitter: 0) }
    story.want("a")
    for wait in [2, 4] {
      story.tell(.podLost(story.pod("a"), reason: "OutOfcpu"))
      story.tell(.tick, after: .seconds(wait))
    }
    #expect(story.created.count == 3)
    story.tell(.podLost(story.pod("a"), reason: "OutOfcpu"))
    guard case .refused(let failure) = story.outcomes["a"] else {
      Issue.record("\(story.outcomes)")
      return
    }
    #expect(failure.detail.contains("OutOfcpu"))
    #expect(story.coverage[image: 0, node: 0].state == .failed)
  }

  @Test("A pod that finds no room waits a little and then yields its place")
  func unschedulable() {
    var story = RolloutStory { $0.limits.schedulingTimeout = .seconds(30) }
    story.want("a", "b")
    for node in ["a", "b"] { story.tell(.podUnschedulable(story.pod(node), reason: "Too many pods")) }
    story.tell(.tick, after: .seconds(29))
    #expect(story.deleted.isEmpty)
    story.tell(.podScheduled(story.pod("b")))
    let actions = story.tell(.tick, after: .seconds(1))
    #expect(story.deleted == [story.pod("a")], "the other one found room")
    #expect(
      actions.contains(.rollout(.retrying(node: "a", reason: "not scheduled: Too many pods", after: .seconds(2)))))
  }

  @Test("The scheduler's time begins when the pod is there")
  func slowCreation() {
    var story = RolloutStory { $0.limits.schedulingTimeout = .seconds(30) }
    story.want("a")
    story.tell(.podCreated(story.pod("a")), after: .seconds(40))
    story.tell(.podUnschedulable(story.pod("a"), reason: "Too many pods"))
    story.tell(.tick, after: .seconds(29))
    #expect(story.deleted.isEmpty)
    story.tell(.tick, after: .seconds(1))
    #expect(story.deleted == [story.pod("a")])
  }

  @Test("While the API server does not answer the same pod is asked for again")
  func creationPasses() {
    var story = RolloutStory()
    story.want("a")
    story.tell(.podCreationFailed(story.pod("a"), .passing(after: .seconds(3))))
    let before = story.pod("a")
    story.tell(.tick, after: .seconds(2))
    #expect(story.created.count == 1)
    story.tell(.tick, after: .seconds(1))
    #expect(story.created.count == 2)
    #expect(story.pod("a") == before)
    story.tell(.tick, after: .seconds(10))
    #expect(story.created.count == 2)
  }

  @Test("A pod that every node would refuse ends the run at once")
  func creationRefused() {
    let failure = WarmFailure(code: "podSecurity", detail: "no", remedy: "label it")
    var story = RolloutStory { $0.parallelism = .nodes(2) }
    story.want("a", "b", "c")
    story.tell(.podCreationFailed(story.pod("a"), .final(failure)))
    #expect(story.machine.stopReason == .refused(failure))
    #expect(story.deleted == [story.pod("b")])
    #expect(story.outcomes == ["a": .notDone, "b": .notDone, "c": .notDone])
    #expect(story.machine.isRolloutFinished)
  }

  private let full = WarmFailure(code: "quotaExceeded", detail: "exceeded quota: pods", remedy: "raise it")

  @Test("A full quota is waited for while pods of ours are there to make room, and ends the run otherwise")
  func crowded() {
    var story = RolloutStory { $0.rules.retry = RetryPolicy(attempts: 2, jitter: 0) }
    story.want("a", "b")
    story.tell(.podCreated(story.pod("a")))
    for _ in 0..<5 {
      story.tell(.podCreationFailed(story.pod("b"), .crowded(full)))
      story.tell(.tick, after: .seconds(10))
    }
    let pod = story.pod("a")
    story.image(on: "a", RolloutStory.held)
    #expect(story.deleted.contains(pod))
    story.tell(.podCreationFailed(story.pod("b"), .crowded(full)))
    #expect(story.machine.stopReason == nil, "the pod that was dropped takes room until it is gone")
    story.gone(pod)
    story.tell(.tick, after: .seconds(10))
    story.tell(.podCreationFailed(story.pod("b"), .crowded(full)))
    #expect(story.machine.stopReason == .refused(full))
    #expect(story.outcomes == ["a": .warm, "b": .notDone])
  }

  @Test("A refusal for want of quota may come before the answer to the pod that took the last place")
  func crowdedFirst() {
    var story = RolloutStory()
    story.want("a", "b")
    story.tell(.podCreationFailed(story.pod("b"), .crowded(full)))
    #expect(story.machine.stopReason == nil)
    story.tell(.podCreated(story.pod("a")))
    story.image(on: "a", RolloutStory.held)
    story.tell(.tick, after: .seconds(10))
    story.image(on: "b", RolloutStory.held)
    #expect(story.outcomes == ["a": .warm, "b": .warm])
  }

  @Test("Waiting for quota takes no time of a node's, and the node's own pods go on")
  func crowdedLong() {
    var story = RolloutStory(images: 2) {
      $0.limits.imagesPerPod = 1
      $0.nodeTimeout = .seconds(60)
    }
    story.want("a", "b")
    story.tell(.podCreated(story.pod("a")))
    for _ in 0..<5 {
      story.tell(.podCreationFailed(story.pod("b"), .crowded(full)))
      story.tell(.tick, after: .seconds(10))
    }
    let own = story.pod("a")
    story.image(on: "a", RolloutStory.failing("timedOut", .passing))
    story.tell(.podCreationFailed(story.pod("a", part: 1), .crowded(full)))
    #expect(!story.deleted.contains(own))
    story.tell(.tick, after: .seconds(9))
    #expect(story.outcomes.isEmpty, "the time of a is over in a second, that of b has not begun")
  }

  @Test("Where a wait would pass the node's time, it ends for the reason of the loss")
  func lostLate() {
    var story = RolloutStory { $0.nodeTimeout = .seconds(10) }
    story.want("a")
    story.tell(.podLost(story.pod("a"), reason: "Evicted"), after: .seconds(9))
    guard case .refused(let failure) = story.outcomes["a"] else {
      Issue.record("\(story.outcomes)")
      return
    }
    #expect(failure.detail.contains("Evicted"))
  }

  @Test("A node that was begun stays until its end, also while it waits to be tried again")
  func begun() {
    var story = RolloutStory()
    story.want("a")
    story.tell(.podLost(story.pod("a"), reason: "Evicted"))
    story.tell(.nodeUnwanted(name: "a"))
    #expect(story.coverage.nodes == ["a"])
    story.tell(.tick, after: .seconds(5))
    story.image(on: "a", RolloutStory.held)
    #expect(story.outcomes == ["a": .warm])
  }

  @Test("What was being pulled when a node ends is told before the end")
  func order() throws {
    var story = RolloutStory()
    story.want("a")
    story.image(on: "a", .pulling)
    story.tell(.stop(.cancelled))
    let end = try #require(story.reports.firstIndex { $0 == .nodeFinished("a", .notDone) })
    #expect(story.reports[..<end].last == .cell(node: "a", image: 0, .pending))
    #expect(story.reports[(end + 1)...].isEmpty)
  }

  // MARK: Limits

  @Test("A node's time counts while it is at work or waits after a loss, and the last warning says what kept it")
  func nodeTimeout() {
    var story = RolloutStory(images: 2) {
      $0.parallelism = .nodes(1)
      $0.nodeTimeout = .seconds(60)
    }
    story.want("a", "b")
    story.tell(.podLost(story.pod("a"), reason: "Evicted"), after: .seconds(30))
    for image in 0..<2 { story.image(image, on: "b", RolloutStory.held, after: .seconds(20)) }
    story.tell(.note(story.pod("a"), "MountVolume.SetUp failed"))
    story.tell(.tick, after: .seconds(27))
    #expect(story.outcomes == ["b": .warm])
    story.tell(.tick, after: .seconds(1))
    #expect(story.outcomes["a"] == .incomplete)
    guard case .failed(let failure) = story.coverage[image: 1, node: 0] else {
      Issue.record("not failed")
      return
    }
    #expect(failure.code == "timedOut")
    #expect(failure.detail.contains("MountVolume.SetUp failed"))
  }

  @Test("The time of the whole ends everything")
  func timeout() {
    var story = RolloutStory {
      $0.parallelism = .nodes(1)
      $0.rules.timeout = .seconds(100)
    }
    story.want("a", "b")
    story.tell(.tick, after: .seconds(100))
    #expect(story.machine.stopReason == .timedOut(.seconds(100)))
    #expect(story.outcomes == ["a": .notDone, "b": .notDone])
    #expect(story.coverage.row(0).map(\.state) == [.failed, .pending])
    story.want("c")
    #expect(story.created == ["a"], "nothing is begun after a stop")
  }

  @Test("Too many failures: nothing further is begun, what is at work comes to its end")
  func maxFailures() {
    var story = RolloutStory {
      $0.parallelism = .nodes(2)
      $0.rules.maxFailures = .nodes(0)
      $0.rules.certainCodes = ["gone"]
    }
    story.want("a", "b", "c")
    story.image(on: "a", RolloutStory.failing("gone"))
    #expect(story.machine.stopReason == .maxFailures(failed: 1))
    #expect(story.outcomes == ["a": .incomplete, "c": .notDone])
    #expect(!story.machine.isRolloutFinished)
    story.image(on: "b", RolloutStory.held)
    #expect(story.outcomes["b"] == .warm)
    #expect(story.machine.isRolloutFinished)
  }

  @Test("A user's stop ends everything, also what was coming to its end")
  func cancelled() {
    var story = RolloutStory { $0.rules.maxFailures = .nodes(0) }
    story.want("a", "b")
    story.image(on: "a", RolloutStory.failing("noPlatform"))
    story.tell(.stop(.cancelled))
    #expect(story.machine.stopReason == .cancelled)
    #expect(story.deleted.contains(story.pod("b")))
    #expect(story.outcomes == ["a": .incomplete, "b": .notDone])
    #expect(story.tell(.stop(.cancelled)).isEmpty)
  }

  // MARK: What is not said

  @Test("A warning that an image on its way has disproved is no reason of a failure")
  func oldWarning() {
    var story = RolloutStory(images: 2) { $0.nodeTimeout = .seconds(60) }
    story.want("a")
    story.tell(.note(story.pod("a"), "MountVolume.SetUp failed"))
    story.image(0, on: "a", .pulling)
    story.tell(.tick, after: .seconds(60))
    guard case .failed(let failure) = story.coverage[image: 1, node: 0] else {
      Issue.record("not failed")
      return
    }
    #expect(failure.detail == "not confirmed after 1m of --node-timeout")
  }

  @Test("Images of silent registries come last, in pods of their own, which do not wait for each other")
  func apart() {
    var story = RolloutStory(images: 5) {
      $0.limits.imagesPerPod = 1
      $0.rules.apart = [[0, 3], [1]]
    }
    story.want("a")
    #expect(story.parts == [[2]])
    story.image(2, on: "a", part: 0, RolloutStory.held)
    #expect(story.parts == [[2], [4]])
    story.image(4, on: "a", part: 1, .pulling)
    #expect(story.parts == [[2], [4]], "it is being tried for the first time")
    story.image(4, on: "a", part: 1, .pulled)
    #expect(story.parts == [[2], [4], [0], [3], [1]])
  }

  @Test(
    "A node whose time is over proves what it holds: what is there is warm, what is not is told from what nobody knows")
  func proof() {
    var story = RolloutStory(images: 3) {
      $0.nodeTimeout = .seconds(60)
      $0.rules.proofTimeout = .seconds(20)
    }
    story.want("a")
    let pod = story.pod("a")
    story.tell(.podCreated(pod))
    story.image(0, on: "a", .pulled)
    story.image(1, on: "a", RolloutStory.failing("noSuchHost", .passing))
    story.tell(.tick, after: .seconds(60))
    #expect(story.proofs == [[0, 2]], "the failure of the other is known")
    #expect(story.deleted == [pod])
    #expect(story.coverage.row(1).map(\.state) == [.failed])
    #expect(story.outcomes.isEmpty)
    story.image(0, on: "a", part: 1, RolloutStory.held)
    story.image(2, on: "a", part: 1, RolloutStory.failing("neverPull", .local))
    #expect(story.outcomes["a"] == .incomplete)
    #expect(story.coverage.row(0).map(\.state) == [.warm])
    guard case .failed(let failure) = story.coverage[image: 2, node: 0] else {
      Issue.record("not failed")
      return
    }
    #expect(failure.code == "timedOut")
    #expect(failure.detail == "not there after 1m of --node-timeout")
    #expect(story.machine.livePods.isEmpty)

    var silent = RolloutStory { $0.nodeTimeout = .seconds(60) }
    silent.want("a")
    silent.tell(.podCreated(silent.pod("a")))
    silent.tell(.tick, after: .seconds(60))
    #expect(silent.proofs == [[0]])
    silent.tell(.tick, after: .seconds(19))
    #expect(silent.outcomes.isEmpty)
    silent.tell(.tick, after: .seconds(1))
    #expect(silent.outcomes["a"] == .incomplete, "it ends also when nobody answers")
  }

  @Test("A name that neither we nor the node can look up is believed after the second try")
  func unknownHost() {
    var story = RolloutStory { $0.rules.unknownHosts = [0] }
    story.want("a")
    story.image(on: "a", RolloutStory.failing("noSuchHost", .passing))
    #expect(story.outcomes.isEmpty)
    story.image(on: "a", RolloutStory.failing("noSuchHost", .passing))
    #expect(story.outcomes["a"] == .incomplete)
  }

  @Test("Time spans are written as on a command line")
  func words() {
    let spans: [(Duration, String)] = [
      (.seconds(900), "15m"), (.seconds(90), "90s"), (.seconds(60), "1m"), (.seconds(5400), "1h30m"),
      (.milliseconds(2500), "2.5s"), (.milliseconds(300), "300ms"), (.seconds(3600), "1h"), (.seconds(125), "2m5s"),
    ]
    for (span, text) in spans { #expect(span.words == text) }
  }
}
