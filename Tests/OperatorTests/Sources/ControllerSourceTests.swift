import Documents
import ImageModel
import ImageSources
import Kubernetes
@testable import Operator
@testable import PrepullAPI
import Serving
import Synchronization
import Testing
import VirtualCluster

@Suite("The operator: images of sources", .timeLimit(.minutes(5)))
struct ControllerSourceTests {
  private static func tags(_ lab: ControllerLab, newest: Int = 2) -> Prepull.Source {
    var tags = Prepull.Source.Tags(repository: "\(lab.sandbox.registry.host)/lab/rel")
    (tags.semver, tags.newest, tags.interval) = (">=1 <2", newest, "30s")
    var source = Prepull.Source()
    source.tags = tags
    return source
  }

  private static func release(_ lab: ControllerLab, _ tag: String) throws -> String {
    try lab.sandbox.registry.addModelled("lab/rel", tag: tag, layers: [1_000_000]).description
  }

  @Test("New releases are on the nodes; a registry that fails takes none away, also over a restart")
  func tags() async throws {
    try await ControllerLab.with(NodeTemplate.numbered(2)) { lab in
      let images = try ["1.0.0", "1.1.0", "2.0.0"].map { try Self.release(lab, $0) }
      try await lab.withController {
        try await lab.make("rel", []) {
          $0.images = nil; $0.sources = [Self.tags(lab)]
        }
        try await lab.untilCondition("Ready", of: "rel", reason: "AllNodesWarm")
        let status = try #require(try await lab.prepull("rel").status)
        #expect(status.images?.map(\.image) == [images[1], images[0]])
        #expect(status.images?.first?.wantedBy == ["source tags \(lab.sandbox.registry.host)/lab/rel"])
        #expect(status.sources?.first?.images == [images[1], images[0]] && status.sources?.first?.updatedAt != nil)
        #expect(lab.metrics.sourceImages.value("default/rel", "tags \(lab.sandbox.registry.host)/lab/rel") == 2)
        try await lab.expectOnePull(of: Array(images.prefix(2)), on: ["node-1", "node-2"])
      }
      let fault = lab.sandbox.registry.inject(.status(503)) { $0.path.hasSuffix("/tags/list") }
      try await lab.withController {
        try await lab.untilCondition("Degraded", of: "rel", reason: "SourceFailed")
        let prepull = try await lab.prepull("rel")
        #expect(prepull.status?.images?.map(\.image) == [images[1], images[0]])
        #expect(prepull.status?.conditions?["Degraded"]?.message.contains("last good list stays: 2 images of") ?? false)
        #expect(prepull.status?.sources?.first?.reason == "SourceFailed")
        #expect(prepull.status?.conditions?["Ready"]?.isTrue ?? false)
        try await lab.until("an event") { lab.objects(Event.self).contains { $0.reason == "SourceFailed" } }
        // An answer without images is no order to remove them either.
        lab.sandbox.registry.endFault(fault)
        lab.sandbox.registry.list(["latest"], of: "lab/rel")
        try await lab.untilCondition("Degraded", of: "rel", reason: "SourceEmpty")
        #expect(try await lab.prepull("rel").status?.images?.map(\.image) == [images[1], images[0]])
      }
      let new = try Self.release(lab, "1.2.0")
      lab.sandbox.registry.list(["1.0.0", "1.1.0", "1.2.0"], of: "lab/rel")
      try await lab.withController {
        try await lab.until("the new release is wanted and warm") {
          let status = try await lab.prepull("rel").status
          return status?.images?.map(\.image) == [new, images[1]] && status?.images?.first?.warm == 2
        }
        try await lab.untilCondition("Degraded", false, of: "rel")
      }
    }
  }

  @Test("What a source names no more goes, also while another has never answered; what an edited one named stays")
  func several() async throws {
    try await ControllerLab.with(NodeTemplate.numbered(1)) { lab in
      let old = try Self.release(lab, "1.0.0")
      var other = Prepull.Source()
      other.tags = Prepull.Source.Tags(repository: "\(lab.sandbox.registry.host)/lab/none")
      let sources = [Self.tags(lab, newest: 1), other]
      try await lab.withController {
        try await lab.make("rel", []) {
          $0.images = nil; $0.sources = sources
        }
        try await lab.until("the one is wanted") {
          try await lab.prepull("rel").status?.images?.map(\.image) == [old]
        }
      }
      let new = try Self.release(lab, "1.1.0")
      try await lab.withController {
        try await lab.until("the next one is wanted in its place") {
          try await lab.prepull("rel").status?.images?.map(\.image) == [new]
        }
        #expect(try await lab.prepull("rel").status?.conditions?["Ready"]?.reason == "SourcesPending")
        try await lab.edit(
          "rel", ["sources": [["tags": ["repository": .string("\(lab.sandbox.registry.host)/lab/absent")]]]])
        try await lab.until("the other question is asked") {
          let status = try await lab.prepull("rel").status
          return status?.sources?.count == 1 && status?.sources?.first?.reason == "SourceFailed"
        }
        #expect(try await lab.prepull("rel").status?.images?.map(\.image) == [new])
      }
    }
  }

  @Test("A host that was not allowed is never asked; one that was is, and its images are ranked")
  func allowed() async throws {
    let asked = Mutex(0)
    try await ControllerLab.with(NodeTemplate.numbered(1)) { lab in
      let images = try lab.images(3)
      let body = images.enumerated().map { #"{"metric":{"image":"\#($1)"},"value":[1,"\#($0)"]}"# }
      let answer = #"{"status":"success","data":{"resultType":"vector","result":[\#(body.joined(separator: ","))]}}"#
      try await withLoopbackServer(
        respond: { request in
          asked.withLock { $0 += 1 }
          guard try await RecordedRequest(request).authorization == "Bearer t0ken" else { return .plain(401) }
          return .plain(200, body: Array(answer.utf8))
        },
        { port in
          var metrics = Prepull.Source.Metrics(url: "http://127.0.0.1:\(port)", query: "x")
          (metrics.top, metrics.secretRef, metrics.interval) = (2, LocalObjectReference(name: "login"), "30s")
          var source = Prepull.Source()
          source.prometheus = metrics
          let sources = [source]
          try await lab.withController {
            try await lab.make("hot", []) {
              $0.images = nil; $0.sources = sources
            }
            try await lab.untilCondition("Degraded", of: "hot", reason: "SourceFailed")
            let status = try #require(try await lab.prepull("hot").status)
            let remedy = "add --allow-source 127.0.0.1:\(port) to the options of prepull install"
            #expect(status.conditions?["Degraded"]?.message.contains(remedy) ?? false)
            #expect(status.conditions?["Ready"]?.reason == "SourcesPending")
            #expect(asked.withLock { $0 } == 0)
            #expect(lab.metrics.sourceErrors.value("prometheus 127.0.0.1:\(port)", "notAllowed") > 0)
          }
          let allowed = try AllowedSources(parsing: ["127.0.0.1:\(port)"])
          try await lab.withController({ $0.allowedSources = allowed }) {
            try await lab.untilCondition("Degraded", of: "hot", reason: "SourceFailed")
            try await lab.until("the missing Secret is told") {
              try await lab.prepull("hot").status?.sources?.first?.message?.contains("default/login") ?? false
            }
            _ = try await lab.client.create(
              Secret(metadata: ObjectMeta(name: "login", namespace: "default"), data: ["token": "dDBrZW4="]))
            try await lab.untilCondition("Ready", of: "hot", reason: "AllNodesWarm")
            #expect(try await lab.prepull("hot").status?.images?.map(\.image) == [images[2], images[1]])
          }
        })
    }
  }

  @Test("Mode Once is not over before its sources have said what is wanted")
  func once() async throws {
    try await ControllerLab.with(NodeTemplate.numbered(1)) { lab in
      let image = try lab.images(1)[0]
      let fault = lab.sandbox.registry.inject(.status(503)) { $0.path.hasSuffix("/tags/list") }
      try await lab.withController {
        try await lab.make("rel", [image]) {
          $0.mode = Prepull.Mode.once.rawValue
          $0.sources = [Self.tags(lab, newest: 1)]
        }
        try await lab.until("its own image is warm") {
          try await lab.prepull("rel").status?.images?.first?.warm == 1
        }
        try await lab.until("it waits") {
          let conditions = try await lab.prepull("rel").status?.conditions
          return conditions?["Complete"]?.isTrue == false && conditions?["Ready"]?.reason == "SourcesPending"
        }
        let release = try Self.release(lab, "1.3.0")
        lab.sandbox.registry.endFault(fault)
        try await lab.untilCondition("Complete", of: "rel")
        let status = try #require(try await lab.prepull("rel").status)
        #expect(status.images?.map(\.image) == [image, release] && status.images?.allSatisfy { $0.warm == 1 } ?? false)
      }
    }
  }
}
