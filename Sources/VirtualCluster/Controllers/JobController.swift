import Documents
import KubeAPIServer

/// Runs the pods of Jobs until enough of them have succeeded, or too many have failed.
///
/// A pod that ended is entered as uncounted in the Job's status, then loses the finalizer that kept it, then is counted:
/// whoever deletes pods changes no count. Not known: completions by index, and rules for failures (`podFailurePolicy`,
/// `successPolicy`). Source: `pkg/controller/job`.
struct JobController: ReconcilingController {
  static let resources: [ResourceName] = [.jobs, .pods]
  static let finalizer = "batch.kubernetes.io/job-tracking"

  private struct OwnPod {
    let name: ObjectName
    let phase: String
    let isTerminating: Bool
    let isReady: Bool
    /// Whether its end is still to be counted.
    let isTracked: Bool
    /// The name of its Job.
    let owner: String

    init(_ pod: JSON) {
      name = ObjectName(pod)
      phase = pod[path: "status", "phase"]?.string ?? "Pending"
      isTerminating = pod.isTerminating
      isReady = pod.condition("Ready") == "True"
      isTracked = pod[path: "metadata", "finalizers"]?.array?.contains(.string(JobController.finalizer)) ?? false
      owner = pod.controller?["name"]?.string ?? ""
    }

    var isActive: Bool { !isTerminating && phase != "Succeeded" && phase != "Failed" }
    /// As pods that are deleted before their end are.
    var hasFailed: Bool { phase == "Failed" || (isTerminating && phase != "Succeeded") }
  }

  /// What is known of a Job beside the store.
  private struct Course {
    var name: ObjectName
    var begun: ContinuousClock.Instant?
    var ended: ContinuousClock.Instant?
    /// After a failure: until when no pod is made.
    var rest: ContinuousClock.Instant?
    var recorder: StoreEventRecorder
  }

  let store: Store
  private let pace: Pace
  private var jobs: [String: Course] = [:]
  /// By the uid of the Job, then of the pod.
  private var pods: [String: [String: OwnPod]] = [:]
  var due: Set<String> = []

  init(store: Store, pace: Pace) {
    self.store = store
    self.pace = pace
  }

  mutating func note(_ resource: ResourceName, _ event: StoreEvent) {
    let (object, isGone) = event.object
    guard resource == .pods else { return noteJob(object, isGone) }
    guard let owner = object.controller, owner["kind"] == "Job", let uid = owner["uid"]?.string else {
      // One whose Job went without it.
      if OwnPod(object).isTracked, !isGone { untrack(OwnPod(object), object.uid) }
      return
    }
    pods[uid, default: [:]][object.uid] = isGone ? nil : OwnPod(object)
    due.insert(uid)
  }

  private mutating func noteJob(_ job: JSON, _ isGone: Bool) {
    due.insert(job.uid)
    if isGone {
      jobs[job.uid] = nil
    } else if jobs[job.uid] == nil {
      jobs[job.uid] = Course(
        name: ObjectName(job),
        recorder: StoreEventRecorder(
          store, component: "job-controller",
          object: StoreEventRecorder.reference(to: job, kind: "Job", apiVersion: "batch/v1"), pace: pace))
    }
  }

  mutating func reconcile(_ uid: String) {
    due.remove(uid)
    guard var course = jobs[uid],
      let job = store.get(.jobs, namespace: course.name.namespace, name: course.name.name), job.uid == uid,
      !job.isTerminating
    else { return release(uid) }
    defer { jobs[uid] = course }
    let spec = JobRules(job)
    if spec.isOver {
      course.ended = course.ended ?? .now
      release(uid)
      return clean(spec, course)
    }
    guard spec.isKnown else {
      course.recorder.warning("NotRun", "The sandbox runs no Jobs with completionMode Indexed or managedBy")
      return
    }
    if spec.isSuspended { course.begun = nil } else { course.begun = course.begun ?? .now }
    var count = JobCount(job)
    let before = count.failed
    enter(&count, of: job) { $0.phase == "Succeeded" || $0.hasFailed }
    let outcome = spec.outcome(
      succeeded: count.succeeded, failed: count.failed, active: active(uid).count,
      age: course.begun.map { pace.elapsed(since: $0) } ?? .zero)
    if outcome != nil || spec.isSuspended {
      // Where the Job has failed, what it stops has failed too; what a suspension stops does not count.
      if spec.isSuspended { release(uid) }
      for pod in active(uid).values { delete(pod, &course) }
      if outcome?.isSuccess == false { enter(&count, of: job) { _ in true } }
    } else {
      if count.failed > before {
        course.rest = .now + pace.scaled(.seconds(min(10 << min(count.failed - 1, 6), 360)))
      }
      if let rest = course.rest, rest > .now {
        due.insert(uid)
      } else {
        create(spec.missing(succeeded: count.succeeded, active: active(uid).count), of: job, &course)
      }
    }
    if outcome != nil { course.ended = .now }
    if outcome == nil, spec.deadline != nil { due.insert(uid) }
    writeStatus(job, spec, count, course, outcome)
    if outcome != nil, spec.secondsAfterEnd != nil { due.insert(uid) }
  }

  private func active(_ uid: String) -> [String: OwnPod] { (pods[uid] ?? [:]).filter(\.value.isActive) }

  // MARK: Counting

  /// Enters pods as uncounted, writes that, and takes their finalizers; what is entered is counted with the next status.
  private mutating func enter(_ count: inout JobCount, of job: JSON, _ isOver: (OwnPod) -> Bool) {
    let ended = (pods[job.uid] ?? [:]).filter { $0.value.isTracked && isOver($0.value) && isHeld($0.value, $0.key) }
    var isNew = false
    for (uid, pod) in ended { isNew = count.enter(uid, isSuccess: pod.phase == "Succeeded") || isNew }
    if isNew, !write(job, { [count] in $0["status"] = count.entered(in: $0["status"] ?? [:]) }) { return }
    for (uid, pod) in ended { untrack(pod, uid, of: job.uid) }
  }

  /// Whether a pod has its finalizer still: what was told of it may be older than its counting.
  private func isHeld(_ pod: OwnPod, _ uid: String) -> Bool {
    let stored = store.get(.pods, namespace: pod.name.namespace, name: pod.name.name)
    return stored.map { $0.uid == uid && OwnPod($0).isTracked } ?? false
  }

  /// Writes the status of a Job; false where it is there no more.
  private func write(_ job: JSON, _ change: (inout JSON) -> Void) -> Bool {
    let name = ObjectName(job)
    let written = try? store.modify(.jobs, namespace: name.namespace, name: name.name, subresource: .status) { stored in
      if stored.uid == job.uid { change(&stored) }
    }
    return written?.uid == job.uid
  }

  /// Nobody counts the pods of a Job that is over, or gone, any more.
  private mutating func release(_ job: String) {
    let all = pods[job] ?? [:]
    if jobs[job] == nil {
      // It may be newer than what was told of it.
      if let pod = all.values.first, isThere(job, pod) { return }
      pods[job] = nil
    }
    for (uid, pod) in all where pod.isTracked { untrack(pod, uid, of: job) }
  }

  private func isThere(_ job: String, _ pod: OwnPod) -> Bool {
    store.get(.jobs, namespace: pod.name.namespace, name: pod.owner)?.uid == job
  }

  private mutating func untrack(_ pod: OwnPod, _ uid: String, of job: String? = nil) {
    let left = try? store.modify(.pods, namespace: pod.name.namespace, name: pod.name.name) { stored in
      guard stored.uid == uid else { return }
      let rest = (stored[path: "metadata", "finalizers"]?.array ?? []).filter { $0.string != Self.finalizer }
      stored[path: "metadata", "finalizers"] = rest.isEmpty ? .none : .array(rest)
    }
    if let job, let left, left.uid == uid { pods[job]?[uid] = OwnPod(left) }
  }

  private mutating func create(_ count: Int, of job: JSON, _ course: inout Course) {
    for _ in 0..<max(0, count) {
      do {
        var pod = job.podOfTemplate("batch/v1", "Job")
        let own = pod[path: "metadata", "finalizers"]?.array ?? []
        pod[path: "metadata", "finalizers"] = .array(own + [.string(Self.finalizer)])
        let made = try store.create(pod, as: .pods)
        // Known before its event comes, so that no second one is made.
        pods[job.uid, default: [:]][made.uid] = OwnPod(made)
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

  private func writeStatus(
    _ job: JSON, _ spec: JobRules, _ count: JobCount, _ course: Course, _ outcome: JobRules.Outcome?
  ) {
    let pods = pods[job.uid] ?? [:]
    let active = outcome == nil && !spec.isSuspended ? pods.values.filter(\.isActive) : []
    _ = write(job) { stored in
      let now = store.timestamp
      var status = stored["status"] ?? [:]
      if !spec.isSuspended, status["startTime"] == nil { status["startTime"] = .string(now) }
      status["active"] = active.isEmpty ? nil : .integer(Int64(active.count))
      status["ready"] = .integer(Int64(active.count(where: \.isReady)))
      status["terminating"] = .integer(Int64(pods.values.count(where: \.isTerminating)))
      status = count.counted(in: status, besides: Set(pods.filter(\.value.isTracked).keys))
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
