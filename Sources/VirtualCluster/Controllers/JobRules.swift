import Documents
import KubeAPIServer

/// What a Job asks for, with the defaults of the API.
struct JobRules {
  /// How a Job ended.
  struct Outcome {
    let isSuccess: Bool
    let reason: String
    let message: String

    /// In the order in which the real controller sets them.
    var conditions: [String] { isSuccess ? ["SuccessCriteriaMet", "Complete"] : ["FailureTarget", "Failed"] }
  }

  let uid: String
  private let spec: JSON
  let isOver: Bool

  init(_ job: JSON) {
    uid = job.uid
    spec = job["spec"] ?? [:]
    isOver = ["Complete", "Failed"].contains { job.condition($0) == "True" }
  }

  /// Whether this controller can run it.
  var isKnown: Bool {
    spec["completionMode"] != "Indexed" && (spec["managedBy"]?.string ?? Self.name) == Self.name
  }
  var isSuspended: Bool { spec["suspend"] == true }
  /// Seconds from the begin of its first pod.
  var deadline: Int64? { spec["activeDeadlineSeconds"]?.integer }
  var secondsAfterEnd: Int64? { spec["ttlSecondsAfterFinished"]?.integer }

  private static let name = "kubernetes.io/job-controller"
  private var parallelism: Int { Int(spec["parallelism"]?.integer ?? 1) }
  /// Without it one success is enough, once all pods have ended.
  private var completions: Int? {
    spec["completions"]?.integer.map { Int($0) } ?? (spec["parallelism"] == nil ? 1 : nil)
  }

  /// How many pods are to be made.
  func missing(succeeded: Int, active: Int) -> Int {
    guard let completions else { return succeeded > 0 ? 0 : parallelism - active }
    return min(parallelism, completions - succeeded) - active
  }

  /// `nil` while it is to go on.
  func outcome(succeeded: Int, failed: Int, active: Int, age: Duration) -> Outcome? {
    if failed > Int(spec["backoffLimit"]?.integer ?? 6) {
      return Outcome(
        isSuccess: false, reason: "BackoffLimitExceeded", message: "Job has reached the specified backoff limit")
    }
    if let deadline, !isSuspended, age >= .seconds(deadline) {
      return Outcome(
        isSuccess: false, reason: "DeadlineExceeded", message: "Job was active longer than specified deadline")
    }
    if completions.map({ succeeded >= $0 }) ?? (succeeded > 0 && active == 0) {
      return Outcome(
        isSuccess: true, reason: "CompletionsReached", message: "Reached expected number of succeeded pods")
    }
    return nil
  }
}
