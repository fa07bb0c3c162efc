import Networking
import Documents
import Foundation
import Kubernetes
import Synchronization
import Testing

@testable import Kubernetes

@Suite("Leader election", .timeLimit(.minutes(5)))
struct LeaderElectionTests {
  static func spec(_ holder: String, renewed: String, seconds: Int = 15) -> Lease.Spec {
    var spec = Lease.Spec()
    spec.holderIdentity = holder
    spec.leaseDurationSeconds = seconds
    spec.renewTime = renewed
    return spec
  }

  @Test("A lease is free when nobody holds it, we do, or its holder showed no life for its whole duration")
  func record() {
    let start = ContinuousClock.now
    var record = LeaseRecord(identity: "me", duration: .seconds(15))
    #expect(record.isFree(at: start))
    record.observe(Self.spec("other", renewed: "1"), at: start)
    #expect(!record.isFree(at: start + .seconds(14)) && record.isFree(at: start + .seconds(15)))
    // Seeing the same once more is no sign of life; a change is, whatever the dates in it say.
    record.observe(Self.spec("other", renewed: "1"), at: start + .seconds(10))
    #expect(record.isFree(at: start + .seconds(15)))
    record.observe(Self.spec("other", renewed: "0"), at: start + .seconds(12))
    #expect(!record.isFree(at: start + .seconds(26)) && record.isFree(at: start + .seconds(27)))
    record.observe(Self.spec("other", renewed: "2", seconds: 60), at: start + .seconds(30))
    #expect(!record.isFree(at: start + .seconds(80)))
    record.observe(Self.spec("", renewed: "3"), at: start + .seconds(40))
    #expect(record.isFree(at: start + .seconds(40)))
    record.observe(Self.spec("me", renewed: "4"), at: start + .seconds(41))
    #expect(record.isOurs && record.isFree(at: start + .seconds(42)))
  }

  /// Keeps one lease as an API server does: patches need the version that was read.
  final class LeaseKeeper: Sendable {
    private let lease = Mutex<JSON?>(nil)
    let isDown = Mutex(false)
    private let leaders = Mutex((now: 0, most: 0))

    var mostLeaders: Int { leaders.withLock { $0.most } }
    func leads() { leaders.withLock { $0 = ($0.now + 1, max($0.most, $0.now + 1)) } }
    func leadsNoMore() { leaders.withLock { $0.now -= 1 } }

    var holder: String? { lease.withLock { $0?[path: "spec", "holderIdentity"]?.string } }
    var transitions: Int64? { lease.withLock { $0?[path: "spec", "leaseTransitions"]?.integer } }
    var unknownField: JSON? { lease.withLock { $0?[path: "spec", "strategy"] } }

    func give(to holder: String) {
      lease.withLock { $0?[path: "spec", "holderIdentity"] = .string(holder) }
      lease.withLock { $0?[path: "metadata", "resourceVersion"] = "taken" }
    }

    func answer(_ request: ScriptedServer.Request) -> ScriptedServer.Reply {
      if isDown.withLock({ $0 }) { return .json("{}", status: 500) }
      return lease.withLock { lease in
        func failure(_ code: Int, _ reason: String) -> ScriptedServer.Reply {
          .json(#"{"kind":"Status","reason":"\#(reason)","code":\#(code)}"#, status: code)
        }
        switch request.method {
        case "GET": return lease.map { .json($0.text) } ?? failure(404, "NotFound")
        case "POST":
          guard lease == nil, var new = try? JSON(parsing: request.body) else { return failure(409, "AlreadyExists") }
          new[path: "metadata", "resourceVersion"] = "1"
          new[path: "spec", "strategy"] = "OldestEmulationVersion"
          lease = new
          return .json(new.text)
        default:
          guard let old = lease, let patch = try? JSON(parsing: request.body),
            let version = old[path: "metadata", "resourceVersion"]?.string,
            patch[path: "metadata", "resourceVersion"]?.string == version
          else { return failure(409, "Conflict") }
          var new = old.merging(patch: patch)
          new[path: "metadata", "resourceVersion"] = .string(version + "1")
          lease = new
          return .json(new.text)
        }
      }
    }
  }

  static func election(_ identity: String, in namespace: String = "n") -> LeaderElection {
    var election = LeaderElection(namespace: namespace, name: "lock", identity: identity)
    election.leaseDuration = .seconds(1)
    election.renewDeadline = .milliseconds(500)
    election.retryPeriod = .milliseconds(20)
    return election
  }

  @Test("One leads at a time; when it ends the next one leads")
  func one() async throws {
    let keeper = LeaseKeeper()
    try await withScriptedServer({ request, _ in keeper.answer(request) }) { server in
      try await withClient(ClientTests.local(server), retry: .never, clock: .system) { client in
        try await withThrowingTaskGroup(of: Void.self) { group in
          for number in 0..<4 {
            group.addTask {
              try await Self.election("e\(number)").run(client) {
                keeper.leads()
                try await Task.sleep(for: .milliseconds(60))
                keeper.leadsNoMore()
              }
            }
          }
          try await group.waitForAll()
        }
      }
    }
    #expect(keeper.mostLeaders == 1)
    #expect(keeper.holder == "" && keeper.transitions == 3 && keeper.unknownField == "OldestEmulationVersion")
  }

  @Test("Whoever cannot renew, or is overthrown, stops", arguments: [true, false])
  func loses(byOutage: Bool) async throws {
    let keeper = LeaseKeeper()
    try await withScriptedServer({ request, _ in keeper.answer(request) }) { server in
      try await withClient(ClientTests.local(server), retry: .never, clock: .system) { client in
        let wasCancelled = Mutex(false)
        await #expect(throws: LeaderElection.Lost.self) {
          try await Self.election("me").run(client) {
            if byOutage { keeper.isDown.withLock { $0 = true } } else { keeper.give(to: "somebody") }
            do { try await Task.sleep(for: .seconds(60)) } catch { wasCancelled.withLock { $0 = true } }
          }
        }
        #expect(wasCancelled.withLock { $0 })
      }
    }
    if !byOutage { #expect(keeper.holder == "somebody") }
  }
}
