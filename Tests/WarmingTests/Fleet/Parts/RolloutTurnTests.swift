import ImageModel
import Testing

@testable import Warming

@Suite("A node's turn", .timeLimit(.minutes(1)))
struct RolloutTurnTests {
  private func turn(_ images: Int, without: [Int: String] = [:], apart: [Set<Int>] = [], perPod: Int = 50)
    -> RolloutTurn
  {
    RolloutTurn(arrival: 1, images: images, unsupported: without, apart: apart, imagesPerPod: perPod)
  }

  private let failure = ImageFailure(
    failure: WarmFailure(code: "down", detail: "it is down", remedy: "wait"), nature: .passing)

  @Test("Images that the node cannot hold are left out, those of silent registries come last and apart")
  func parts() {
    #expect(turn(5, without: [1: "no"], perPod: 2).parts == [[0, 2], [3, 4]])
    let apart = turn(6, without: [4: "no"], apart: [[0, 4, 5], [2]], perPod: 2)
    #expect(apart.parts == [[1, 3], [0, 5], [2]] && apart.firstApart == 1)
    #expect(turn(0).parts.isEmpty && turn(0).mayTakePart == false)
  }

  @Test("A part waits for those before it until each of their images was tried; those apart do not wait for each other")
  func order() {
    var turn = turn(4, apart: [[2], [3]], perPod: 1)
    #expect(!turn.mayTakePart, "it is not its turn")
    turn.begin(at: .zero)
    var taken = [turn.takePart()]
    turn.moved(0, isPulling: true)
    #expect(!turn.mayTakePart)
    turn.moved(0, isPulled: true)
    #expect(turn.mayTakePart)
    taken.append(turn.takePart())
    #expect(!turn.mayTakePart)
    let isNew = turn.failed(1, failure, count: 1, inPod: 7)
    #expect(isNew && turn.mayTakePart)
    taken.append(turn.takePart())
    #expect(turn.mayTakePart)
    taken += [turn.takePart(), turn.takePart()]
    #expect(taken == [[0], [1], [2], [3], nil])
    turn.prove(until: .seconds(9))
    #expect(!turn.mayTakePart)
  }

  @Test("A failure counts once, and those of an earlier pod of the node too")
  func tries() {
    var turn = turn(1)
    let areNew = [(1, 1), (1, 1), (3, 1), (1, 2)].map { turn.failed(0, failure, count: $0.0, inPod: $0.1) }
    #expect(areNew == [true, false, true, true])
    #expect(turn.tries(of: 0) == 4 && turn.failure(of: 0)?.failure.code == "down" && turn.isPulling(0))
  }

  @Test("Its time is that at work and that of its waits; a proof has its own")
  func time() {
    var turn = turn(1)
    #expect(turn.end(timeout: .seconds(60)) == nil)
    turn.begin(at: .seconds(10))
    turn.moved(0, isPulling: true)
    turn.release(at: .seconds(30))
    turn.wait(.seconds(5))
    #expect(turn.spent(at: .seconds(100)) == .seconds(25) && !turn.isActive && !turn.isPulling(0))
    turn.begin(at: .seconds(100))
    #expect(turn.end(timeout: .seconds(60)) == .seconds(135))
    turn.prove(until: .seconds(120))
    #expect(turn.end(timeout: .seconds(60)) == .seconds(120))
  }

  @Test("What its images alone say of the outcome")
  func outcome() {
    var turn = turn(2)
    #expect(turn.ownOutcome == nil)
    turn.shown = [.warm(nil), .unsupported("no")]
    #expect(turn.ownOutcome == .warm)
    turn.shown[0] = .unsupported("no")
    #expect(turn.ownOutcome == .unsupported)
    turn.shown[0] = .failed(failure.failure)
    #expect(turn.ownOutcome == nil)
  }

  @Test("What is on its way says that the last warning does not hold any more")
  func note() {
    var turn = turn(1)
    turn.warned("no volume")
    #expect(turn.note == "no volume")
    turn.moved(0, isPulling: true)
    #expect(turn.note == nil)
  }
}
