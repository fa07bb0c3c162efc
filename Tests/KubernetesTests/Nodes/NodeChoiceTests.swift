import Kubernetes
import Testing

@Suite("Node choice", .timeLimit(.minutes(10)))
struct NodeChoiceTests {
  private func node(_ name: String = "a", _ change: (inout NodeFacts) -> Void = { _ in }) -> NodeFacts {
    var node = NodeFacts(name: name, uid: "uid-\(name)")
    change(&node)
    return node
  }

  private func choice(_ change: (inout NodeChoice) -> Void) -> NodeChoice {
    var choice = NodeChoice()
    change(&choice)
    return choice
  }

  @Test("Without any rule every healthy node of Linux and of Windows is wanted")
  func plain() {
    #expect(NodeChoice().verdict(for: node()) == .wanted)
    #expect(NodeChoice().verdict(for: node { $0.architecture = "s390x" }) == .wanted)
    #expect(NodeChoice().verdict(for: node { $0.os = "windows" }) == .wanted)
  }

  @Test("Other systems, and architectures without touch, are unsupported, not skipped")
  func unsupported() {
    let windowsOnARM = node { ($0.os, $0.architecture) = ("windows", "arm64") }
    for (facts, text) in [
      (node { $0.os = "freebsd" }, "it runs freebsd"), (node { $0.architecture = "arm" }, "architecture arm "),
      (windowsOnARM, "architecture arm64 is none that touch exists for on windows"),
    ] {
      guard case .unsupported(let reason) = NodeChoice().verdict(for: facts) else {
        Issue.record("\(facts) is not unsupported")
        continue
      }
      #expect(reason.contains(text))
    }
  }

  @Test("Names, exclusions, labels and affinity leave nodes out before their state does")
  func rules() throws {
    let cordoned = node("a") { $0.isSchedulable = false }
    #expect(choice { $0.names = ["b"] }.verdict(for: cordoned) == .skipped(.notNamed))
    #expect(choice { $0.exclude = ["a"] }.verdict(for: cordoned) == .skipped(.excluded))
    let gpu = NodeRequirement("pool", .in, ["gpu"])
    #expect(choice { $0.selector = [gpu] }.verdict(for: cordoned) == .skipped(.lacks(gpu)))
    #expect(choice { $0.anyOf = [] }.verdict(for: node()) == .skipped(.affinity))
    let byZone = NodeChoice.Term(labels: [NodeRequirement("zone", .in, ["x", "y"])])
    let byName = NodeChoice.Term(names: [NodeRequirement("metadata.name", .in, ["b"])])
    let either = choice { $0.anyOf = [byZone, byName] }
    #expect(either.verdict(for: node("b")) == .wanted)
    #expect(either.verdict(for: node("c") { $0.labels["zone"] = "y" }) == .wanted)
    #expect(either.verdict(for: node("c")) == .skipped(.affinity))
    #expect(
      choice { $0.anyOf = [NodeChoice.Term()] }.verdict(for: node()) == .skipped(.affinity),
      "a term without requirements matches no node")
  }

  @Test("Nodes in trouble are skipped unless they are asked for")
  func trouble() {
    let notReady = node {
      $0.isReady = false
      $0.taints = ["NoSchedule", "NoExecute"].map { .init(key: "node.kubernetes.io/not-ready", effect: $0) }
    }
    let cordoned = node {
      $0.isSchedulable = false
      $0.taints = [.init(key: "node.kubernetes.io/unschedulable", effect: "NoSchedule")]
    }
    #expect(NodeChoice().verdict(for: notReady) == .skipped(.notReady))
    #expect(NodeChoice().verdict(for: cordoned) == .skipped(.cordoned))
    #expect(choice { $0.includeNotReady = true }.verdict(for: notReady) == .wanted)
    #expect(choice { $0.includeCordoned = true }.verdict(for: cordoned) == .wanted)
    #expect(NodeChoice().verdict(for: node { $0.isBeingDeleted = true }) == .skipped(.beingDeleted))
  }

  @Test("A taint keeps a node out unless it is tolerated or only a preference")
  func taints() {
    let taint = NodeFacts.Taint(key: "gpu", value: "yes", effect: "NoSchedule")
    let tainted = node { $0.taints = [taint] }
    #expect(NodeChoice().verdict(for: tainted) == .skipped(.taint(taint)))
    for rule in [
      TolerationRule(), TolerationRule(key: "gpu"), TolerationRule(key: "gpu", value: "yes"),
      TolerationRule(key: "gpu", value: "yes", effect: "NoSchedule"),
    ] {
      #expect(choice { $0.tolerations = [rule] }.verdict(for: tainted) == .wanted)
    }
    for rule in [
      TolerationRule(key: "cpu"), TolerationRule(key: "gpu", value: "no"),
      TolerationRule(key: "gpu", effect: "NoExecute"),
    ] {
      #expect(choice { $0.tolerations = [rule] }.verdict(for: tainted) == .skipped(.taint(taint)))
    }
    let preferred = node { $0.taints = [.init(key: "x", effect: "PreferNoSchedule")] }
    #expect(NodeChoice().verdict(for: preferred) == .wanted)
    let pressed = node { $0.taints = [.init(key: "node.kubernetes.io/disk-pressure", effect: "NoSchedule")] }
    #expect(NodeChoice().verdict(for: pressed) == .wanted)
  }

  @Test("What a requirement means when the label is there, is other, and is not there")
  func requirements() {
    let table: [(NodeRequirement, same: Bool, other: Bool, absent: Bool)] = [
      (NodeRequirement("n", .in, ["5"]), true, false, false),
      (NodeRequirement("n", .notIn, ["5"]), false, true, true),
      (NodeRequirement("n", .exists), true, true, false),
      (NodeRequirement("n", .doesNotExist), false, false, true),
      (NodeRequirement("n", .greater, ["6"]), false, true, false),
      (NodeRequirement("n", .less, ["6"]), true, false, false),
      (NodeRequirement("n", .less, ["x"]), false, false, false),
    ]
    for (requirement, same, other, absent) in table {
      #expect(requirement.isMet(by: ["n": "5"]) == same, "\(requirement)")
      #expect(requirement.isMet(by: ["n": "7"]) == other, "\(requirement)")
      #expect(requirement.isMet(by: [:]) == absent, "\(requirement)")
    }
  }

  @Test("Selectors read as kubectl reads them, and print the same")
  func selectors() throws {
    let text = "a=b,c!=d,example.com/e in (x, y),f notin (z, w),g,!h,i>5,j<6"
    let parsed = try NodeRequirement.all(parsing: text)
    #expect(
      parsed == [
        NodeRequirement("a", .in, ["b"]), NodeRequirement("c", .notIn, ["d"]),
        NodeRequirement("example.com/e", .in, ["x", "y"]), NodeRequirement("f", .notIn, ["z", "w"]),
        NodeRequirement("g", .exists), NodeRequirement("h", .doesNotExist), NodeRequirement("i", .greater, ["5"]),
        NodeRequirement("j", .less, ["6"]),
      ])
    #expect(parsed.map(\.description).joined(separator: ",") == text)
    #expect(try NodeRequirement.all(parsing: "").isEmpty)
    #expect(try NodeRequirement.all(parsing: " a == b ") == [NodeRequirement("a", .in, ["b"])])
    #expect(try NodeRequirement.all(parsing: "a=") == [NodeRequirement("a", .in, [""])])
    #expect(try NodeRequirement.all(parsing: "a in(x)") != [])
  }

  @Test(
    "What is no selector is refused",
    arguments: [
      "a,,b", "a in x", "a in (x", "a)", "=b", "a b", "a=b c", "!", "a>x", "ä=b", ",a", "-a=b", "a-=b", "a_", "/a",
      "a/",
      "a/b/c", "Example.com/a", "a..b/c", "a=-b", "a=b.", "a in ()", "a notin ( )", "a in (x,-y)", "a=\u{10}",
      String(repeating: "a", count: 64), "a=" + String(repeating: "b", count: 64),
    ])
  func badSelectors(text: String) {
    #expect(throws: NodeSelectorError.self) { try NodeRequirement.all(parsing: text) }
  }

  @Test("The tally counts what keeps nodes out")
  func tally() {
    let gpu = NodeRequirement("pool", .in, ["gpu"])
    let verdicts: [NodeVerdict] = [.skipped(.cordoned), .skipped(.lacks(gpu)), .skipped(.cordoned)]
    #expect(verdicts.tally == "3 nodes: 2 cordoned, 1 lacks pool=gpu")
    let several =
      [.skipped(.lacks(gpu)), .skipped(.lacks(gpu)), .unsupported("a"), .unsupported("b"), .wanted] as [NodeVerdict]
    #expect(several.tally == "5 nodes: 2 lack pool=gpu, 2 unsupported, 1 wanted")
    #expect([NodeVerdict]().tally == "0 nodes")
    #expect([NodeVerdict.unsupported("x")].tally == "1 node: 1 unsupported")
  }

  @Test("Ready nodes come first, and zones take turns")
  func order() {
    let nodes = [
      node("c") { $0.labels["topology.kubernetes.io/zone"] = "x" },
      node("a") { $0.labels["topology.kubernetes.io/zone"] = "x" },
      node("b") { $0.labels["topology.kubernetes.io/zone"] = "y" },
      node("0") { $0.isReady = false },
      node("d") { $0.labels["topology.kubernetes.io/zone"] = "x" },
    ]
    #expect(nodes.inWarmingOrder.map(\.name) == ["a", "b", "c", "d", "0"])
  }
}
