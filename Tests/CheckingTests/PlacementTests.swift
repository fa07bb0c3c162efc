@testable import Checking
import Kubernetes
import ImageModel
import Registry
import Testing

@Suite("Images on the nodes that they are for", .timeLimit(.minutes(10)))
struct PlacementTests {
  private typealias Lab = CheckLab

  private static func placement(_ source: String, on names: Set<String>?, needsEachNode: Bool = true) -> Placement {
    var nodes = NodeChoice()
    nodes.names = names
    return Placement(source, nodes: nodes, needsEachNode: needsEachNode)
  }

  /// What is found of `nginx`, which is for amd64 alone, on an amd64 node `a` and an arm64 node `b`.
  private static func check(
    _ placements: [Placement], isEverywhere: Bool = false,
    nodes: [NodeSurvey.Node] = [Lab.node("a"), Lab.node("b", Lab.arm64)]
  ) async throws -> (report: CheckReport, findings: [String]) {
    var subject = CheckSubject(given: "nginx", reference: try Reference(parsing: "nginx@\(Lab.digest(100))"))
    subject.isEverywhere = isEverywhere
    subject.placements = Array(placements.indices)
    var request = CheckRequest(images: [subject])
    request.placements = placements
    var survey = NodeSurvey()
    survey.nodes = nodes
    request.choose(in: &survey)
    let image = request.placed(subject, Lab.image(), on: survey.wanted)
    let needs = NodeNeeds(of: survey.wanted, images: [(subject.reference, Lab.image())], places: [image.nodes])
    let report = CheckReport(
      images: [image], platform: Lab.amd64, uniqueBytes: 0, registries: [], survey: survey, wanted: survey.wanted,
      needs: needs, findings: [])
    let judge = CheckJudge(request: request, report: report, secrets: PullSecretSurvey())
    let findings = try await judge.findings([.success(Lab.image())])
    return (report, findings.map { "\($0.level) \($0.code): \($0.detail)" })
  }

  @Test("A workload's image is judged on the workload's nodes alone")
  func ownNodes() async throws {
    #expect(try await Self.check([Self.placement("pod/x", on: ["a"])]).findings == [])
    let both = try await Self.check([Self.placement("pod/x", on: nil)]).findings
    #expect(both.count == 1 && both[0].hasPrefix("error noPlatform: cannot run on b (linux/arm64)"), "\(both)")
  }

  @Test("What a warm-up leaves out is a warning while some node can run the image")
  func warmUps() async throws {
    for isEverywhere in [true, false] {
      let some = try await Self.check(
        [Self.placement("prepull/x", on: nil, needsEachNode: false)], isEverywhere: isEverywhere
      ).findings
      #expect(some.count == 1 && some[0].hasPrefix("warning noPlatform: cannot run on b "), "\(some)")
    }
    let none = try await Self.check([Self.placement("prepull/x", on: ["b"], needsEachNode: false)]).findings
    #expect(none.count == 1 && none[0].hasPrefix("error noPlatform: cannot run on any of the nodes"), "\(none)")
  }

  @Test("Nodes are distinguished by the images that are for them")
  func needs() async throws {
    let nodes = [Lab.node("a"), Lab.node("b"), Lab.node("c")]
    var subjects = try ["one@\(Lab.digest(100))", "two@\(Lab.digest(200))"].map {
      CheckSubject(given: $0, reference: try Reference(parsing: $0))
    }
    subjects[0].isEverywhere = false
    subjects[0].placements = [0]
    var request = CheckRequest(images: subjects)
    request.placements = [Self.placement("pod/x", on: ["b"]), Self.placement("pod/y", on: nil)]
    let images = [Lab.image(100, [Lab.layer(1, 1000)]), Lab.image(200, [Lab.layer(2, 10)])]
    let needs = NodeNeeds(
      of: nodes, images: zip(subjects, images).map { ($0.reference, $1) },
      places: zip(subjects, images).map { request.placed($0, $1, on: nodes).nodes })
    #expect(needs.needs.map(\.missing) == [[1], [0, 1], [1]])
    #expect(needs.counts == [2, 1])
  }

  @Test("Each placement without nodes is reported, with others beside it as well")
  func lost() async throws {
    let found = try await Self.check([Self.placement("pod/x", on: ["a"]), Self.placement("pod/y", on: ["z"])])
    #expect(found.findings == ["error noNodes: no node is left for pod/y: 2 nodes: 2 not named"], "\(found)")
    #expect(found.report.wanted.map(\.facts.name) == ["a"])
    let alone = try await Self.check([Self.placement("pod/y", on: ["z"])])
    #expect(alone.findings == found.findings)
    #expect(alone.report.wanted.isEmpty)
  }
}
