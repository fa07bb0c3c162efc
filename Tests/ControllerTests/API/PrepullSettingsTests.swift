import Documents
import Engines
import Kubernetes
import Planning
import Testing

@testable import Controller

@Suite("API: what a spec means") struct PrepullSettingsTests {
  static func settings(_ spec: JSON) throws -> PrepullSettings {
    try PrepullSettings(try spec.decoded(as: Prepull.Spec.self))
  }

  @Test("Everything that can be said")
  func full() throws {
    let settings = try Self.settings([
      "images": [["reference": "nginx:1.27"], ["reference": "redis:7"], ["reference": "nginx:1.27"]],
      "discover": [
        "namespaces": ["web"], "selector": ["matchExpressions": [["key": "tier", "operator": "Exists"]]],
      ],
      "nodes": [
        "selector": ["matchLabels": ["pool": "gpu"]], "tolerations": [["key": "gpu", "operator": "Exists"]],
      ],
      "mode": "Keep", "engine": "Kubelet",
      "pull": ["policy": "Always", "secrets": [["name": "regcred"]], "timeout": "1h30m", "retries": 2],
      "pacing": ["parallelism": 7, "perRegistry": 3, "maxFailures": "0%"], "priority": 4,
      "refresh": ["every": "1h"], "verify": ["every": "30m"], "gate": ["taint": "prepull.dev/cold", "deadline": "5m"],
      "suspend": true,
      "podTemplate": [
        "labels": ["team": "a"], "annotations": ["b/c": "d e"],
        "resources": ["requests": ["cpu": 1], "limits": ["memory": "64Mi"]],
      ],
    ])
    #expect(settings.images == ["nginx:1.27", "redis:7"])
    #expect(settings.discover?.namespaces == ["web"])
    #expect(settings.discover?.selector == [NodeRequirement("tier", .exists)])
    #expect(settings.nodes.selector == [NodeRequirement("pool", .in, ["gpu"])])
    #expect(settings.nodes.tolerations == [TolerationRule(key: "gpu"), TolerationRule(key: "prepull.dev/cold")])
    #expect(settings.nodes.includeNotReady)
    #expect(settings.policy == .always)
    #expect(settings.secrets == ["regcred"])
    #expect(settings.timeout == .seconds(5400))
    #expect(settings.retries == 2)
    #expect(settings.parallelism == .nodes(7))
    #expect(settings.perRegistry == 3)
    #expect(settings.maxFailures == .percent(0))
    #expect(settings.priority == 4)
    #expect(settings.refreshEvery == .seconds(3600))
    #expect(settings.verifyEvery == .seconds(1800))
    #expect(settings.gate == PrepullSettings.Gate(taint: "prepull.dev/cold", deadline: .seconds(300)))
    #expect(settings.isSuspended)
    #expect(settings.podTemplate.labels == ["team": "a"] && settings.podTemplate.annotations == ["b/c": "d e"])
    #expect(settings.podTemplate.requests == ["cpu": "1"] && settings.podTemplate.limits == ["memory": "64Mi"])
  }

  @Test("What holds where nothing is said")
  func defaults() throws {
    let settings = try Self.settings(["images": [["reference": "a"]]])
    #expect(settings.mode == .keep)
    #expect(settings.verifyEvery == .seconds(6 * 3600))
    #expect(settings.refreshEvery == nil)
    #expect(settings.gate == nil)
    #expect(settings.ttlAfterFinished == nil)
    let once = try Self.settings(["images": [["reference": "a"]], "mode": "Once", "ttlAfterFinished": "0s"])
    #expect(once.verifyEvery == nil)
    #expect(once.ttlAfterFinished == .zero)
    #expect(try Self.settings(["images": [["reference": "a"]], "verify": ["every": "0s"]]).verifyEvery == nil)
  }

  @Test(
    "Errors name the field and what to write",
    arguments: [
      ([:], "spec.images: is empty; name at least one image, or set spec.discover"),
      (["images": [["reference": ""]]], "spec.images[0].reference: is empty; name an image as pods write it"),
      (["discover": [:], "mode": "Often"], "spec.mode: 'Often' is none of Once, Keep"),
      (["discover": [:], "engine": "Agent"], "spec.engine: 'Agent' is none of Kubelet"),
      (["discover": [:], "pull": ["policy": "Never"]], "spec.pull.policy: 'Never' is none of IfNotPresent, Always"),
      (
        ["discover": [:], "pull": ["timeout": "soon"]],
        "spec.pull.timeout: 'soon' is no duration from 1s to 8760h (a year); write for example 10m or 1h30m"
      ),
      (["discover": [:], "pull": ["retries": 0]], "spec.pull.retries: is 0; write a number from 1 on"),
      (
        ["discover": [:], "pacing": ["parallelism": "0%"]],
        "spec.pacing.parallelism: '0%' is no number of nodes: write a number from 1, or 1% to 100%"
      ),
      (
        ["discover": [:], "gate": ["taint": "a=b"]],
        "spec.gate.taint: 'a=b' has a name that may hold only letters, digits, '-', '_' and '.', and begins and ends with "
          + "a letter or digit; write the key of a taint, as prepull.dev/cold"
      ),
      (
        ["discover": [:], "ttlAfterFinished": "1h"],
        "spec.ttlAfterFinished: needs mode Once, as a Prepull of mode Keep never finishes"
      ),
      (
        ["discover": [:], "mode": "Once", "gate": ["taint": "a"]],
        "spec.gate: needs mode Keep, as a Prepull of mode Once does not stay"
      ),
      (
        ["discover": ["selector": ["matchExpressions": [["key": "a", "operator": "Gt"]]]]],
        "spec.discover.selector.matchExpressions[0].operator: 'Gt' is none of In, NotIn, Exists, DoesNotExist"
      ),
      (
        ["discover": [:], "refresh": ["every": "9000h"]],
        "spec.refresh.every: '9000h' is no duration from 1s to 8760h (a year); write for example 10m or 1h30m"
      ),
      (
        ["discover": ["selector": ["matchLabels": ["tier": "front end"]]]],
        "spec.discover.selector.matchLabels: no label has the value 'front end': it may hold only letters, digits, '-', "
          + "'_' and '.', and begins and ends with a letter or digit"
      ),
      (
        ["discover": [:], "nodes": ["selector": ["matchExpressions": [["key": "-a", "operator": "Exists"]]]]],
        "spec.nodes.selector.matchExpressions[0].key: no label has the key '-a': it has a name that may hold only "
          + "letters, digits, '-', '_' and '.', and begins and ends with a letter or digit"
      ),
      (
        ["discover": ["selector": ["matchExpressions": [["key": "a", "operator": "In"]]]]],
        "spec.discover.selector.matchExpressions[0].values: is empty; In needs at least one"
      ),
      (
        ["discover": [:], "podTemplate": ["resources": ["limits": ["memory": "much"]]]],
        "spec.podTemplate.resources.limits: 'much' of memory is no quantity; write for example 10m, 0.5 or 64Mi"
      ),
      (["discover": ["history": -1]], "spec.discover.history: is -1; write a number from 0 on"),
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
