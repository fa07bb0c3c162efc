import ImageModel
import Testing

@testable import Warming

@Suite("Which failures are believed", .timeLimit(.minutes(1)))
struct SharedBeliefsTests {
  private var beliefs = SharedBeliefs()
  private var rules = RolloutRules()

  private func failure(_ code: String, _ nature: FailureNature) -> ImageFailure {
    ImageFailure(failure: WarmFailure(code: code, detail: "", remedy: ""), nature: nature)
  }

  private func believes(_ code: String, _ nature: FailureNature, image: Int = 0, tries: Int = 1) -> Bool {
    beliefs.isBelieved(failure(code, nature), of: image, after: tries, rules)
  }

  @Test("What does not heal on its second try, or on the first where the registry said so; what may pass never")
  mutating func alone() {
    rules.refusedImages = [1]
    rules.unknownHosts = [2]
    #expect(!believes("notFound", .final) && believes("notFound", .final, tries: 2))
    #expect(believes("notFound", .final, image: 1) && believes("noPlatform", .final))
    #expect(!believes("timedOut", .passing, tries: 9))
    #expect(!believes("noSuchHost", .passing, image: 2) && believes("noSuchHost", .passing, image: 2, tries: 2))
    #expect(believes("neverPull", .local) && !believes("noSpace", .local, tries: 9))
  }

  @Test("What enough nodes gave up for one reason, until one of them pulls it; a full disk says nothing of others")
  mutating func shared() {
    for _ in 1...rules.sharedFailures {
      #expect(!believes("timedOut", .passing))
      beliefs.gaveUp(failure("timedOut", .passing), of: 0)
      beliefs.gaveUp(failure("noSpace", .local), of: 0)
    }
    #expect(believes("timedOut", .passing) && !believes("down", .passing) && !believes("timedOut", .passing, image: 1))
    #expect(!believes("noSpace", .local))
    beliefs.pulled(0)
    #expect(!believes("timedOut", .passing))
  }
}
