import Documents
import KubeAPIServer
import Synchronization
import TestKit
import Testing

@testable import VirtualCluster

/// Jobs, as the documentation of the API says that they run.
@Suite(.serialized, .timeLimit(.minutes(5))) struct JobTests {
  /// Calls `body` with a sandbox whose containers of the image `robot` exit with what `codes` say, the last one for ever;
  /// 255 never ends.
  private func with(_ codes: [Int], _ body: @escaping (Sandbox, String) async throws -> Void) async throws {
    let left = Mutex(codes)
    var options = Cluster.options()
    options.programs = [
      SandboxProgram("robot", file: "robotd") { _ in
        let code = left.withLock { $0.count > 1 ? $0.removeFirst() : $0[0] }
        if code == 255 { try await Task.sleep(for: .seconds(600)) }
        return code
      }
    ]
    try await Cluster.with(options) { sandbox in
      try await body(sandbox, try #require(sandbox.programImages["robot"]))
    }
  }

  private func job(_ image: String, _ fields: JSON = [:], policy: JSON = "Never") -> JSON {
    var spec: JSON = [
      "template": ["spec": ["restartPolicy": policy, "containers": [["name": "main", "image": .string(image)]]]]
    ]
    for (key, value) in fields.object ?? [:] { spec[key] = value }
    return ["metadata": ["name": "once", "namespace": "default"], "spec": spec]
  }

  /// The status, as soon as the Job has the condition.
  private func status(_ sandbox: Sandbox, _ type: String) async throws -> JSON {
    try await eventually("the job to be \(type)") {
      sandbox.store.get(.jobs, namespace: "default", name: "once").flatMap {
        $0.condition(type) == "True" ? $0["status"] : nil
      }
    }
  }

  private func events(_ sandbox: Sandbox) -> [String] {
    sandbox.store.list(.events, namespace: "default").items.filter { $0[path: "involvedObject", "kind"] == "Job" }
      .compactMap { $0["reason"]?.string }
  }

  @Test("A Job is complete with as many successes as it asks for, whatever failed between them")
  func completes() async throws {
    try await with([0, 1, 0]) { sandbox, image in
      try sandbox.store.create(job(image, ["completions": 3, "parallelism": 2]), as: .jobs)
      let status = try await status(sandbox, "Complete")
      #expect(status["succeeded"] == 3 && status["failed"] == 1 && status["active"] == nil, "\(status)")
      #expect(status["completionTime"] != nil && status["startTime"] != nil)
      let pods = sandbox.store.list(.pods, namespace: "default").items
      #expect(pods.count == 4)
      let uid = sandbox.store.get(.jobs, namespace: "default", name: "once")?.uid
      #expect(
        pods.allSatisfy {
          $0[path: "metadata", "labels", "batch.kubernetes.io/controller-uid"]?.string == uid
            && $0[path: "metadata", "labels", "job-name"] == "once"
        })
      try await eventually("the event") { events(sandbox).contains("Completed") }
      try sandbox.store.delete(
        .jobs, namespace: "default", name: "once", options: DeleteOptions(propagation: .background))
      try await eventually("its pods to go") { sandbox.store.list(.pods, namespace: "default").items.isEmpty }
    }
  }

  @Test("Who deletes pods, before or after their end, changes no count")
  func deletion() async throws {
    try await with([0, 255, 0]) { sandbox, image in
      try sandbox.store.create(job(image, ["completions": 2]), as: .jobs)
      func pods() -> [JSON] { sandbox.store.list(.pods, namespace: "default").items }
      func status() -> JSON { sandbox.store.get(.jobs, namespace: "default", name: "once")?["status"] ?? [:] }
      try await eventually("a pod that ended, and one that runs") {
        status()["succeeded"] == 1 && pods().contains { $0[path: "status", "phase"] == "Running" }
      }
      #expect(status()["uncountedTerminatedPods"] == [:])
      let finalizers = pods().map { ($0[path: "status", "phase"]?.string, $0[path: "metadata", "finalizers"]) }
      for (phase, finalizers) in finalizers {
        #expect(finalizers == (phase == "Running" ? ["batch.kubernetes.io/job-tracking"] : nil), "\(phase ?? "")")
      }
      for pod in pods() { try sandbox.store.delete(.pods, namespace: "default", name: ObjectName(pod).name) }
      let end = try await self.status(sandbox, "Complete")
      #expect(end["succeeded"] == 2 && end["failed"] == 1, "\(end)")
      for pod in pods() { try sandbox.store.delete(.pods, namespace: "default", name: ObjectName(pod).name) }
      try await eventually("the pods to go") { pods().isEmpty }
      #expect(status() == end)
    }
  }

  @Test("Pods of a Job that goes without them are not held, and those that a suspension stops are not counted")
  func releases() async throws {
    try await with([255]) { sandbox, image in
      func pods() -> [JSON] { sandbox.store.list(.pods, namespace: "default").items }
      try sandbox.store.create(job(image), as: .jobs)
      try await eventually("a pod") { pods().contains { $0[path: "status", "phase"] == "Running" } }
      try sandbox.store.modify(.jobs, namespace: "default", name: "once") { $0[path: "spec", "suspend"] = true }
      try await eventually("it to go") { pods().isEmpty }
      let suspended = try await status(sandbox, "Suspended")
      #expect(suspended["failed"] == nil && suspended["active"] == nil, "\(suspended)")
      try sandbox.store.modify(.jobs, namespace: "default", name: "once") { $0[path: "spec", "suspend"] = false }
      try await eventually("another one") { pods().contains { $0[path: "status", "phase"] == "Running" } }
      try sandbox.store.delete(
        .jobs, namespace: "default", name: "once", options: DeleteOptions(propagation: .orphan))
      try await eventually("it to be free") {
        pods().allSatisfy { $0[path: "metadata", "finalizers"] == nil && $0.controller == nil }
      }
      #expect(pods().count == 1)
    }
  }

  @Test("A Job fails with one failure more than its backoffLimit")
  func fails() async throws {
    try await with([1]) { sandbox, image in
      try sandbox.store.create(job(image, ["backoffLimit": 1]), as: .jobs)
      let status = try await status(sandbox, "Failed")
      #expect(status["failed"] == 2 && status["succeeded"] == nil)
      #expect(status["conditions"]?.array?.last?["reason"] == "BackoffLimitExceeded", "\(status)")
      #expect(sandbox.store.list(.pods, namespace: "default").items.count == 2)
    }
  }

  @Test("A Job fails at its deadline, and its pods go")
  func deadline() async throws {
    try await with([255]) { sandbox, image in
      try sandbox.store.create(job(image, ["activeDeadlineSeconds": 20]), as: .jobs)
      let status = try await status(sandbox, "Failed")
      #expect(status["conditions"]?.array?.last?["reason"] == "DeadlineExceeded", "\(status)")
      // What was stopped has failed.
      #expect(status["failed"] == 1, "\(status)")
      try await eventually("its pod to go") { sandbox.store.list(.pods, namespace: "default").items.isEmpty }
    }
  }

  @Test("A suspended Job has no pods until it is resumed, and one with a ttl goes after its end")
  func suspended() async throws {
    try await with([0]) { sandbox, image in
      try sandbox.store.create(job(image, ["suspend": true, "ttlSecondsAfterFinished": 1]), as: .jobs)
      _ = try await status(sandbox, "Suspended")
      #expect(sandbox.store.list(.pods, namespace: "default").items.isEmpty)
      try sandbox.store.modify(.jobs, namespace: "default", name: "once") { $0[path: "spec", "suspend"] = false }
      try await eventually("the job to go") {
        sandbox.store.get(.jobs, namespace: "default", name: "once") == nil && events(sandbox).contains("Completed")
      }
    }
  }

  @Test("What is not run is said, and what the API refuses is refused")
  func refusals() async throws {
    try await with([0]) { sandbox, image in
      #expect(throws: StatusError.self) { try sandbox.store.create(job(image, policy: "Always"), as: .jobs) }
      #expect(throws: StatusError.self) { try sandbox.store.create(job(image, ["completions": -1]), as: .jobs) }
      try sandbox.store.create(job(image, ["completionMode": "Indexed", "completions": 1]), as: .jobs)
      try await eventually("the event") { events(sandbox).contains("NotRun") }
      #expect(sandbox.store.list(.pods, namespace: "default").items.isEmpty)
    }
  }
}
