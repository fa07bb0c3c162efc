import ImageModel
import ImageSources
import Warming
@testable import PrepullAPI
import Documents
import Kubernetes
import Testing

@Suite("API: what a spec means", .timeLimit(.minutes(10))) struct PrepullSettingsTests {
  static func settings(_ spec: JSON) throws -> PrepullSettings {
    try PrepullSettings(try spec.decoded(as: Prepull.Spec.self))
  }

  @Test("Everything that can be said")
  func full() throws {
    let settings = try Self.settings([
      "images": [["image": "nginx:1.27"], ["image": "redis:7"], ["image": "nginx:1.27"]],
      "workloads": [
        "namespaces": ["web"], "selector": ["matchExpressions": [["key": "tier", "operator": "Exists"]]],
      ],
      "nodes": [
        "selector": ["matchLabels": ["pool": "gpu"]], "tolerations": [["key": "gpu", "operator": "Exists"]],
      ],
      "mode": "Keep", "imagePullPolicy": "Always", "imagePullSecrets": [["name": "regcred"]], "nodeTimeout": "1h30m",
      "backoffLimit": 2, "parallelism": 7, "registryParallelism": 3, "seeds": 2, "maxFailures": "0%", "priority": 4,
      "refreshInterval": "1h", "verifyInterval": "30m",
      "gate": ["startupTaint": "prepull.dev/cold", "deadline": "5m"],
      "suspend": true,
      "podTemplate": [
        "labels": ["team": "a"], "annotations": ["b/c": "d e"],
        "resources": ["requests": ["cpu": 1], "limits": ["memory": "64Mi"]],
      ],
    ])
    #expect(settings.images == ["nginx:1.27", "redis:7"])
    #expect(settings.workloads?.namespaces == ["web"])
    #expect(settings.workloads?.selector == [NodeRequirement("tier", .exists)])
    #expect(settings.nodes.selector == [NodeRequirement("pool", .in, ["gpu"])])
    #expect(settings.nodes.tolerations == [TolerationRule(key: "gpu"), TolerationRule(key: "prepull.dev/cold")])
    #expect(settings.nodes.includeNotReady)
    #expect(settings.imagePullPolicy == .always)
    #expect(settings.imagePullSecrets == ["regcred"])
    #expect(settings.nodeTimeout == .seconds(5400))
    #expect(settings.backoffLimit == 2)
    #expect(settings.parallelism == .nodes(7))
    #expect(settings.registryParallelism == 3)
    #expect(settings.seeds == 2)
    #expect(settings.maxFailures == .percent(0))
    #expect(settings.priority == 4)
    #expect(settings.refreshInterval == .seconds(3600))
    #expect(settings.verifyInterval == .seconds(1800))
    #expect(settings.gate == PrepullSettings.Gate(startupTaint: "prepull.dev/cold", deadline: .seconds(300)))
    #expect(settings.isSuspended)
    #expect(settings.podTemplate.labels == ["team": "a"] && settings.podTemplate.annotations == ["b/c": "d e"])
    #expect(settings.podTemplate.requests == ["cpu": "1"] && settings.podTemplate.limits == ["memory": "64Mi"])
  }

  @Test("Sources alone are enough, and each has its defaults")
  func sources() throws {
    let settings = try Self.settings([
      "sources": [
        [
          "prometheus": [
            "url": "http://p:9090", "query": "x", "secretRef": ["name": "login"], "interval": "1m", "top": 3,
          ]
        ],
        ["loki": ["url": "https://loki.example/base", "query": "y", "tenant": "a"]],
        ["tags": ["repository": "registry.example.com:5000/team/app", "semver": "^1"]],
        ["tags": ["repository": "nginx", "regex": "^1\\.", "order": "Created", "newest": 5, "interval": "30s"]],
      ]
    ])
    #expect(
      settings.sources.map(\.source.name) == [
        "prometheus p:9090", "loki loki.example", "tags registry.example.com:5000/team/app", "tags nginx",
      ])
    #expect(settings.sources.map(\.interval) == [.seconds(60), .seconds(600), .seconds(600), .seconds(30)])
    #expect(settings.sources.map(\.secret) == ["login", nil, nil, nil])
    #expect(Set(settings.sources.map(\.source.definition)).count == 4)
  }

  @Test(
    "A source that cannot be asked is told by its field",
    arguments: [
      ([:], "spec.sources[0]"),
      (["tags": ["repository": "a"], "loki": ["url": "http://p", "query": "x"]], "spec.sources[0]"),
      (["prometheus": ["url": "p:9090", "query": "x"]], "spec.sources[0].prometheus.url"),
      (["prometheus": ["url": "http://u:s3cret@p", "query": "x"]], "spec.sources[0].prometheus.url"),
      (["prometheus": ["url": "http://p", "query": " "]], "spec.sources[0].prometheus.query"),
      (["prometheus": ["url": "http://p", "query": "x", "top": 101]], "spec.sources[0].prometheus.top"),
      (["prometheus": ["url": "http://p", "query": "x", "top": 0]], "spec.sources[0].prometheus.top"),
      (["loki": ["url": "http://p", "query": "x", "interval": "1s"]], "spec.sources[0].loki.interval"),
      (["loki": ["url": "http://p", "query": "x", "tenant": "a\r\nb"]], "spec.sources[0].loki.tenant"),
      (["tags": ["repository": "nginx:1.27"]], "spec.sources[0].tags.repository"),
      (["tags": ["repository": "nginx:latest"]], "spec.sources[0].tags.repository"),
      (["tags": ["repository": "No Repo"]], "spec.sources[0].tags.repository"),
      (["tags": ["repository": "a", "semver": "new"]], "spec.sources[0].tags.semver"),
      (["tags": ["repository": "a", "regex": "("]], "spec.sources[0].tags.regex"),
      (["tags": ["repository": "a", "order": "Age"]], "spec.sources[0].tags.order"),
      (["tags": ["repository": "a", "newest": 51]], "spec.sources[0].tags.newest"),
    ] as [(JSON, String)])
  func badSources(_ source: JSON, _ field: String) {
    let error = #expect(throws: SpecError.self) { try Self.settings(["sources": [source]]) }
    #expect(error?.field == field)
    #expect(error?.description.contains("s3cret") == false && error?.description.contains("\n") == false)
  }

  @Test("What holds where nothing is said")
  func defaults() throws {
    let settings = try Self.settings(["images": [["image": "a"]]])
    #expect(settings.mode == .keep)
    #expect(settings.seeds == 0)
    #expect(settings.verifyInterval == .seconds(6 * 3600))
    #expect(settings.refreshInterval == nil)
    #expect(settings.gate == nil)
    #expect(settings.ttlAfterFinished == nil)
    let once = try Self.settings(["images": [["image": "a"]], "mode": "Once", "ttlSecondsAfterFinished": 0])
    #expect(once.verifyInterval == nil)
    #expect(once.ttlAfterFinished == .zero)
    #expect(try Self.settings(["images": [["image": "a"]], "verifyInterval": "0s"]).verifyInterval == nil)
  }

  @Test(
    "Errors name the field and what to write",
    arguments: [
      ([:], "spec.images: is empty; name at least one image, or set spec.workloads or spec.sources"),
      (["images": [["image": ""]]], "spec.images[0].image: is empty; name an image as pods write it"),
      (["workloads": [:], "mode": "Often"], "spec.mode: 'Often' is none of Once, Keep"),
      (
        ["workloads": [:], "imagePullPolicy": "Never"], "spec.imagePullPolicy: 'Never' is none of IfNotPresent, Always"
      ),
      (
        ["workloads": [:], "nodeTimeout": "soon"],
        "spec.nodeTimeout: 'soon' is no duration from 1s to 8760h (a year); write for example 10m or 1h30m"
      ),
      (["workloads": [:], "backoffLimit": -1], "spec.backoffLimit: is -1; write a number from 0 on"),
      (
        ["workloads": [:], "parallelism": "0%"],
        "spec.parallelism: '0%' is no number of nodes: write a number from 1, or 1% to 100%"
      ),
      (
        ["workloads": [:], "gate": ["startupTaint": "a=b"]],
        "spec.gate.startupTaint: 'a=b' has a name that may hold only letters, digits, '-', '_' and '.', and begins and ends with "
          + "a letter or digit; write the key of a taint, for example prepull.dev/cold"
      ),
      (
        ["workloads": [:], "ttlSecondsAfterFinished": 3600],
        "spec.ttlSecondsAfterFinished: needs mode Once, as a Prepull of mode Keep never finishes"
      ),
      (
        ["workloads": [:], "mode": "Once", "gate": ["startupTaint": "a"]],
        "spec.gate: needs mode Keep, as a Prepull of mode Once does not stay"
      ),
      (
        ["workloads": ["selector": ["matchExpressions": [["key": "a", "operator": "Gt"]]]]],
        "spec.workloads.selector.matchExpressions[0].operator: 'Gt' is none of In, NotIn, Exists, DoesNotExist"
      ),
      (
        ["workloads": [:], "refreshInterval": "9000h"],
        "spec.refreshInterval: '9000h' is no duration from 1s to 8760h (a year); write for example 10m or 1h30m"
      ),
      (
        ["workloads": ["selector": ["matchLabels": ["tier": "front end"]]]],
        "spec.workloads.selector.matchLabels: no label has the value 'front end': it may hold only letters, digits, '-', "
          + "'_' and '.', and begins and ends with a letter or digit"
      ),
      (
        ["workloads": [:], "nodes": ["selector": ["matchExpressions": [["key": "-a", "operator": "Exists"]]]]],
        "spec.nodes.selector.matchExpressions[0].key: no label has the key '-a': it has a name that may hold only "
          + "letters, digits, '-', '_' and '.', and begins and ends with a letter or digit"
      ),
      (
        ["workloads": ["selector": ["matchExpressions": [["key": "a", "operator": "In"]]]]],
        "spec.workloads.selector.matchExpressions[0].values: is empty; In needs at least one"
      ),
      (
        ["workloads": [:], "podTemplate": ["resources": ["limits": ["memory": "much"]]]],
        "spec.podTemplate.resources.limits: 'much' of memory is no quantity; write for example 10m, 0.5 or 64Mi"
      ),
      (["workloads": ["history": -1]], "spec.workloads.history: is -1; write a number from 0 on"),
    ] as [(JSON, String)])
  func errors(spec: JSON, message: String) throws {
    let error = #expect(throws: SpecError.self) { try Self.settings(spec) }
    #expect(error?.description == message)
  }

  @Test(
    "Durations as Go writes them",
    arguments: [
      ("90s", .seconds(90)), ("1h30m", .seconds(5400)), ("1.5h", .seconds(5400)), ("250ms", .milliseconds(250)),
      ("0", .zero), ("0s", .zero), ("1µs", .microseconds(1)), ("", nil), ("5", nil), ("h", nil), ("1d", nil),
      ("-1s", nil), ("1h ", nil), ("9999999h", nil), ("1..5s", nil),
    ] as [(String, Duration?)])
  func durations(text: String, duration: Duration?) {
    #expect(Duration(go: text) == duration)
  }
}
