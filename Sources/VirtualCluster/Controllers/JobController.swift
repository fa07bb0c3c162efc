import Documents
import KubeAPIServer

/// Runs the pods of Jobs until enough of them have succeeded, or too many have failed.
///
/// Not known: completions by index, rules for failures (`podFailurePolicy`, `successPolicy`), and pods that are told apart
/// by finalizers: each pod is counted as its end is seen. Source: `pkg/controller/job`.
struct JobController: ReconcilingController {
  static let resources: [ResourceName] = [.jobs, .pods]

  private struct OwnPod {
    let name: ObjectName
    let phase: String
    let isTerminating: Bool
    let isReady: Bool

    init(_ pod: JSON) {
      name = ObjectName(pod)
      phase = pod[path: "status", "phase"]?.string ?? "Pending"
      isTerminating = pod.isTerminating
      isReady = pod.condition("Ready") == "True"
    }

    var isActive: Bool { !isTerminating && phase != "Succeeded" && phase != "Failed" }
  }

  /// What is known of a Job beside the store.
  private struct Course {
    var name: ObjectName
    /// By uid; those that are gone too, where their end was counted.
    var pods: [String: OwnPod] = [:]
    var succeeded: Set<String> = []
    var failed: Set<String> = []
    var begun: ContinuousClock.Instant?
    var ended: ContinuousClock.Instant?
    /// After a failure: until when no pod is made.
    var rest: ContinuousClock.Instant?
    var recorder: StoreEventRecorder

    var active: [OwnPod] { pods.values.filter(\.isActive) }
  }

  let store: Store
  private let pace: Pace
  private var jobs: [String: Course] = [:]
  /// Of Jobs whose event has not come yet.
  private var early: [String: [String: OwnPod]] = [:]
  var due: Set<String> = []

  init(store: Store, pace: Pace) {
    self.store = store
    self.pace = pace
  }

  mutating func note(_ resource: ResourceName, _ event: StoreEvent) {
    let (object, isGone) = event.object
    guard resource == .pods else { return noteJob(object, isGone) }
    guard let owner = object.controller, owner["kind"] == "Job", let uid = owner["uid"]?.string else { return }
    guard jobs[uid] != nil else {
      early[uid, default: [:]][object.uid] = isGone ? nil : OwnPod(object)
      return
    }
    notePod(OwnPod(object), object.uid, isGone, of: uid)
    due.insert(uid)
  }

  private mutating func noteJob(_ job: JSON, _ isGone: Bool) {
    guard !isGone else {
      jobs[job.uid] = nil
      due.remove(job.uid)
      return
    }
    if jobs[job.uid] == nil {
      jobs[job.uid] = Course(
        name: ObjectName(job),
        recorder: StoreEventRecorder(
          store, component: "job-controller",
          object: StoreEventRecorder.reference(to: job, kind: "Job", apiVersion: "batch/v1"), pace: pace))
      for (uid, pod) in early.removeValue(forKey: job.uid) ?? [:] { notePod(pod, uid, false, of: job.uid) }
    }
    due.insert(job.uid)
  }

  private mutating func notePod(_ pod: OwnPod, _ uid: String, _ isGone: Bool, of job: String) {
    jobs[job]?.pods[uid] = isGone ? nil : pod
    if pod.phase == "Succeeded" {
      jobs[job]?.succeeded.insert(uid)
    } else if pod.phase == "Failed" || pod.isTerminating || isGone {
      guard jobs[job]?.ended == nil, jobs[job]?.succeeded.contains(uid) == false,
        jobs[job]?.failed.insert(uid).inserted == true
      else { return }
      let times = jobs[job]?.failed.count ?? 1
      jobs[job]?.rest = .now + pace.scaled(.seconds(min(10 << min(times - 1, 6), 360)))
    }
  }

  mutating func reconcile(_ uid: String) {
    due.remove(uid)
    guard var course = jobs[uid],
      let job = store.get(.jobs, namespace: course.name.namespace, name: course.name.name), job.uid == uid,
      !job.isTerminating
    else { return }
    defer { jobs[uid] = course }
    let spec = JobRules(job)
    if spec.isOver {
      course.ended = course.ended ?? .now
      return clean(spec, course)
    }
    guard spec.isKnown else {
      course.recorder.warning("NotRun", "The sandbox runs no Jobs with completionMode Indexed or managedBy")
      return
    }
    if spec.isSuspended { course.begun = nil } else { course.begun = course.begun ?? .now }
    let outcome = spec.outcome(
      succeeded: course.succeeded.count, failed: course.failed.count, active: course.active.count,
      age: course.begun.map { pace.elapsed(since: $0) } ?? .zero)
    if outcome != nil || spec.isSuspended {
      for pod in course.active { delete(pod, &course) }
    } else if let rest = course.rest, rest > .now {
      due.insert(uid)
    } else {
      create(spec.missing(succeeded: course.succeeded.count, active: course.active.count), of: job, &course)
    }
    if outcome != nil { course.ended = .now }
    if outcome == nil, spec.deadline != nil { due.insert(uid) }
    writeStatus(job, spec, course, outcome)
    if outcome != nil, spec.secondsAfterEnd != nil { due.insert(uid) }
  }

  private mutating func create(_ count: Int, of job: JSON, _ course: inout Course) {
    for _ in 0..<max(0, count) {
      do {
        let made = try store.create(job.podOfTemplate("batch/v1", "Job"), as: .pods)
        // Known before its event comes, so that no second one is made.
        course.pods[made.uid] = OwnPod(made)
        course.recorder.normal("SuccessfulCreate", "Created pod: \(ObjectName(made).name)")
      } catch {
        course.recorder.warning("FailedCreate", "Error creating: \(error)")
        course.rest = .now + pace.scaled(.seconds(10))
        due.insert(job.uid)
        return
      }
    }
  }

  private func delete(_ pod: OwnPod, _ course: inout Course) {
    guard (try? store.delete(.pods, namespace: pod.name.namespace, name: pod.name.name)) != nil else { return }
    course.recorder.normal("SuccessfulDelete", "Deleted pod: \(pod.name.name)")
  }

  /// Deletes a Job some time after its end, where it says so.
  private mutating func clean(_ spec: JobRules, _ course: Course) {
    guard let seconds = spec.secondsAfterEnd, let ended = course.ended else { return }
    guard ended + pace.scaled(.seconds(seconds)) <= .now else {
      due.insert(spec.uid)
      return
    }
    _ = try? store.delete(
      .jobs, namespace: course.name.namespace, name: course.name.name,
      options: DeleteOptions(propagation: .background, uid: spec.uid))
  }

  private func writeStatus(_ job: JSON, _ spec: JobRules, _ course: Course, _ outcome: JobRules.Outcome?) {
    let name = course.name
    let active = outcome == nil && !spec.isSuspended ? course.active : []
    _ = try? store.modify(.jobs, namespace: name.namespace, name: name.name, subresource: .status) { stored in
      guard stored.uid == job.uid else { return }
      let now = store.timestamp
      var status = stored["status"] ?? [:]
      if !spec.isSuspended, status["startTime"] == nil { status["startTime"] = .string(now) }
      for (field, number) in [
        ("active", active.count), ("succeeded", course.succeeded.count), ("failed", course.failed.count),
      ] {
        status[field] = number > 0 ? .integer(Int64(number)) : nil
      }
      status["ready"] = .integer(Int64(active.count(where: \.isReady)))
      status["terminating"] = .integer(Int64(course.pods.values.count { $0.isTerminating }))
      status["uncountedTerminatedPods"] = [:]
      if outcome?.isSuccess == true { status["completionTime"] = .string(now) }
      stored["status"] = status
      for type in outcome?.conditions ?? [] {
        stored.set(
          condition: [
            "type": .string(type), "status": "True", "lastProbeTime": .string(now),
            "reason": .string(outcome?.reason ?? ""), "message": .string(outcome?.message ?? ""),
          ], at: now)
      }
      if spec.isSuspended || stored.condition("Suspended") != nil {
        stored.set(
          condition: [
            "type": "Suspended", "status": spec.isSuspended ? "True" : "False", "lastProbeTime": .string(now),
            "reason": spec.isSuspended ? "JobSuspended" : "JobResumed",
            "message": spec.isSuspended ? "Job suspended" : "Job resumed",
          ], at: now)
      }
    }
    guard let outcome else { return }
    if outcome.isSuccess {
      course.recorder.normal("Completed", "Job completed")
    } else {
      course.recorder.warning(outcome.reason, outcome.message)
    }
  }
}
