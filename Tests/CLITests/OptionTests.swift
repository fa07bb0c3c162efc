import ArgumentParser
import Commands
import ImageModel
import TestKit
import Testing

@testable import CLI

@Suite("Option values", .timeLimit(.minutes(10)))
struct OptionTests {
  @Test(
    arguments: [
      ("90s", 90), ("1h30m", 5400), ("500ms", 0.5), ("1.5h", 5400), ("2m0.5s", 120.5),
    ] as [(String, Double)])
  func timeSpans(text: String, seconds: Double) throws {
    #expect(try TimeSpan(parsing: text).duration == .seconds(seconds))
  }

  @Test(
    arguments: [
      ("", "no time span"), ("5", "no unit; write for example 90s"), ("s", "no time span"), ("5x", "'x' is no unit"),
      ("-5s", "no time span"), ("0s", "no time at all"), ("1e9h", "'e9h' is no unit"), ("5 s", "' s' is no unit"),
      ("5s ", "no time span"), ("1..5s", "no time span"),
    ])
  func noTimeSpans(text: String, problem: String) {
    let error = #expect(throws: ValidationError.self) { try TimeSpan(parsing: text) }
    #expect(error?.message.contains(problem) == true, "\(error?.message ?? "")")
  }

  @Test(arguments: [
    ("always", PullPolicy.always), ("IFNOTPRESENT", .ifNotPresent), ("Always", .always), ("never", nil),
  ])
  func policiesInAnyCase(text: String, policy: PullPolicy?) {
    #expect(PullPolicy(argument: text) == policy)
  }

  @Test func imagesAreMergedAndFaultsNamedTogether() throws {
    var arguments = try ImageArguments.parse(["nginx:1.27", "docker.io/library/nginx:1.27", "redis:7"])
    let wanted = try arguments.wanted()
    #expect(wanted.images.map(\.given) == ["nginx:1.27", "redis:7"])
    #expect(wanted.repeated == ["docker.io/library/nginx:1.27"])

    arguments = try ImageArguments.parse(["Nginx", "redis:7", "a b"])
    let error = #expect(throws: ValidationError.self) { try arguments.wanted() }
    #expect(error?.message.contains("'Nginx'") == true)
    #expect(error?.message.contains("'a b'") == true)
  }

  @Test func anEmptyListIsRefused() throws {
    let arguments = try ImageArguments.parse([])
    let error = #expect(throws: ValidationError.self) { try arguments.wanted() }
    #expect(error?.message.contains("at least one image") == true)
  }

  @Test func theFirstNameOfTheWorkloadOptionStillWorks() throws {
    let options = try WorkloadOptions.parse(["--for", "deployment/web", "--workload", "sts/db"])
    #expect(options.workloads == ["sts/db", "deployment/web"])
    #expect(throws: (any Error).self) { try WorkloadOptions.parse(["--for", "nosuch/"]) }
  }

  @Test("Images on standard input are read once, before the cluster is asked")
  func standardInput() async throws {
    try await withCluster { cluster in
      let run = try await cluster.prepull("run", "--dry-run", "--from-file", "-", input: "\(cluster.web)\n")
      #expect(run.exitCode == 0, "\(run)")
      #expect(run.output.contains("3 wanted"), "\(run)")
    }
  }
}
