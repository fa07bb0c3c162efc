import TestKit
import Testing

@testable import Runtimes

extension Daemons {
  @Suite(.timeLimit(.minutes(10))) struct RuntimeContractTests {
    @Test(arguments: RuntimeUnderTest.allCases) func tellsWhatItIs(_ kind: RuntimeUnderTest) async throws {
      try await kind.run { runtime, _ in try await RuntimeContract.tellsWhatItIs(runtime, name: kind.name) }
    }

    @Test(arguments: RuntimeUnderTest.allCases) func pullsWithProgress(_ kind: RuntimeUnderTest) async throws {
      try await kind.run(RuntimeContract.pullsWithProgress)
    }

    @Test(arguments: RuntimeUnderTest.allCases) func listsAndRemoves(_ kind: RuntimeUnderTest) async throws {
      try await kind.run(RuntimeContract.listsAndRemoves)
    }

    @Test(arguments: RuntimeUnderTest.allCases) func downloadsNothingTwice(_ kind: RuntimeUnderTest) async throws {
      try await kind.run(RuntimeContract.downloadsNothingTwice)
    }

    @Test(arguments: RuntimeUnderTest.allCases)
    func findsEveryFormOfAReference(_ kind: RuntimeUnderTest) async throws {
      try await kind.run(RuntimeContract.findsEveryFormOfAReference)
    }

    @Test(arguments: RuntimeUnderTest.allCases) func tellsTheSpace(_ kind: RuntimeUnderTest) async throws {
      try await kind.run(RuntimeContract.tellsTheSpace)
    }

    @Test(arguments: RuntimeUnderTest.allCases) func tellsWhatIsMissing(_ kind: RuntimeUnderTest) async throws {
      try await kind.run(RuntimeContract.tellsWhatIsMissing)
    }

    @Test(arguments: RuntimeUnderTest.allCases) func needsTheRightCredential(_ kind: RuntimeUnderTest) async throws {
      try await kind.run(RuntimeContract.needsTheRightCredential)
    }

    @Test(arguments: RuntimeUnderTest.allCases) func countsSharedLayersForBoth(_ kind: RuntimeUnderTest) async throws {
      try await kind.run(RuntimeContract.countsSharedLayersForBoth)
    }

    @Test(arguments: RuntimeUnderTest.allCases) func stopsAtOnceWhenCancelled(_ kind: RuntimeUnderTest) async throws {
      try await kind.run(RuntimeContract.stopsAtOnceWhenCancelled)
    }
  }
}
