import Networking
import Kubernetes
import Testing

@Suite("Watch without input and output", .timeLimit(.minutes(5)))
struct WatchMachineTests {
  typealias Input = WatchMachine.Input
  typealias Action = WatchMachine.Action

  /// Waits of 1, 2, 4, 8, 16, 20, 20 s.
  static let backOff = RetryPolicy(attempts: .max, base: .seconds(1), factor: 2, cap: .seconds(20), jitter: 0)

  /// Inputs one after the other, each with the action that has to follow.
  static let tables: [(name: String, steps: [(Input, Action)])] = [
    (
      "pages, then watch, then events",
      [
        (.page(resourceVersion: "1", next: "t"), .list(continuing: "t")),
        (.page(resourceVersion: "1", next: "u"), .list(continuing: "u")),
        (.page(resourceVersion: "1", next: nil), .publish), (.waited, .watch(from: "1")), (.opened, .read),
        (.changed(resourceVersion: "2"), .read), (.bookmark(resourceVersion: "9"), .read),
        (.closed, .watch(from: "9")), (.opened, .read),
      ]
    ),
    (
      "a failed list is waited for longer and longer, and begins again",
      [
        (.failed(.transient(retryAfter: nil)), .wait(.seconds(1))), (.waited, .list(continuing: nil)),
        (.page(resourceVersion: "1", next: "t"), .list(continuing: "t")),
        (.failed(.transient(retryAfter: nil)), .wait(.seconds(2))), (.waited, .list(continuing: nil)),
        (.failed(.expired), .wait(.seconds(4))), (.waited, .list(continuing: nil)),
        (.failed(.transient(retryAfter: .seconds(60))), .wait(.seconds(60))), (.waited, .list(continuing: nil)),
        (.page(resourceVersion: "1", next: nil), .publish),
      ]
    ),
    (
      "a watch that closes every second without events does not list, and is not opened in a storm",
      [
        (.page(resourceVersion: "5", next: nil), .publish), (.waited, .watch(from: "5")),
        (.opened, .read), (.closed, .wait(.seconds(1))), (.waited, .watch(from: "5")),
        (.opened, .read), (.closed, .wait(.seconds(2))), (.waited, .watch(from: "5")),
        (.opened, .read), (.closed, .wait(.seconds(2))), (.waited, .watch(from: "5")),
        (.opened, .read), (.changed(resourceVersion: "6"), .read), (.closed, .watch(from: "6")),
        (.opened, .read), (.closed, .wait(.seconds(1))),
      ]
    ),
    (
      "410 lists at once, but not again and again",
      [
        (.page(resourceVersion: "5", next: nil), .publish), (.waited, .watch(from: "5")),
        (.failed(.expired), .list(continuing: nil)),
        (.page(resourceVersion: "6", next: nil), .publish), (.waited, .watch(from: "6")), (.opened, .read),
        (.failed(.expired), .wait(.seconds(1))), (.waited, .list(continuing: nil)),
        (.page(resourceVersion: "7", next: nil), .publish), (.waited, .watch(from: "7")), (.opened, .read),
        (.failed(.expired), .wait(.seconds(2))), (.waited, .list(continuing: nil)),
        (.page(resourceVersion: "8", next: nil), .publish), (.waited, .watch(from: "8")), (.opened, .read),
        (.changed(resourceVersion: "9"), .read), (.failed(.expired), .list(continuing: nil)),
      ]
    ),
    (
      "a watch that breaks goes on from the last version",
      [
        (.page(resourceVersion: "5", next: nil), .publish), (.waited, .watch(from: "5")),
        (.failed(.transient(retryAfter: nil)), .wait(.seconds(1))), (.waited, .watch(from: "5")),
        (.failed(.transient(retryAfter: nil)), .wait(.seconds(2))), (.waited, .watch(from: "5")), (.opened, .read),
        (.bookmark(resourceVersion: "7"), .read),
        (.failed(.transient(retryAfter: nil)), .wait(.seconds(1))), (.waited, .watch(from: "7")),
      ]
    ),
    (
      "events without a version leave the one that is known",
      [
        (.page(resourceVersion: "5", next: nil), .publish), (.waited, .watch(from: "5")), (.opened, .read),
        (.bookmark(resourceVersion: ""), .read), (.changed(resourceVersion: ""), .read), (.closed, .watch(from: "5")),
      ]
    ),
    ("no permission to list is the end", [(.failed(.final), .end), (.waited, .end)]),
    (
      "no permission to watch is the end",
      [
        (.page(resourceVersion: "5", next: nil), .publish), (.waited, .watch(from: "5")), (.failed(.final), .end),
        (.opened, .end),
      ]
    ),
  ]

  @Test("Transitions", arguments: tables.map(\.name))
  func transitions(of name: String) throws {
    let table = try #require(Self.tables.first { $0.name == name })
    var machine = WatchMachine(backOff: Self.backOff)
    #expect(machine.start == .list(continuing: nil))
    for (number, (input, action)) in table.steps.enumerated() {
      #expect(machine.event(input, random: 0.5) == action, "step \(number), \(input)")
    }
  }

  @Test("Whatever a server does, requests stay few, versions never go back, and nothing is lost")
  func random() {
    let seed = UInt64.random(in: 0 ... .max)
    var chance = Chance(state: seed)
    for _ in 0..<300 {
      var machine = WatchMachine(backOff: Self.backOff)
      var action = machine.start
      var version = 0
      var known = 0
      var requestsInVain = 0
      var waited = Duration.zero
      for _ in 0..<200 {
        let input: Input
        switch action {
        case .list(let token):
          requestsInVain += 1
          input = chance.pick([
            .page(resourceVersion: "\(version)", next: token == nil ? "t" : nil),
            .page(resourceVersion: "\(version)", next: nil), .failed(.transient(retryAfter: nil)), .failed(.expired),
          ])
        case .publish:
          known = version
          input = .waited
        case .watch(let from):
          requestsInVain += 1
          #expect(from == "\(known)", "seed \(seed)")
          input = chance.pick([.opened, .opened, .failed(.transient(retryAfter: nil)), .failed(.expired)])
        case .read:
          switch chance.next() % 5 {
          case 0: input = .closed
          case 1: input = .failed(.transient(retryAfter: nil))
          case 2: input = .failed(.expired)
          default:
            version += 1
            known = version
            requestsInVain = 0
            waited = .zero
            input = .changed(resourceVersion: "\(version)")
          }
        case .wait(let duration):
          #expect(duration > .zero && duration <= .seconds(20), "seed \(seed)")
          waited += duration
          input = .waited
        case .end:
          Issue.record("ended without a reason, seed \(seed)")
          return
        }
        action = machine.event(input, random: 0.5)
        // At most: an end, a list of two pages and a watch before there is a wait; then a wait for every watch.
        let bound = Double(requestsInVain)
        #expect(bound <= 6 + 3 * (waited / .seconds(1)), "seed \(seed)")
      }
    }
  }
}

/// Random numbers from a seed.
struct Chance {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var value = state
    value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
    value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
    return value ^ (value >> 31)
  }

  mutating func pick<Element>(_ elements: [Element]) -> Element { elements[Int(next() % UInt64(elements.count))] }
}
