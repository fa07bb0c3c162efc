import Documents

/// How many pods of a Job have ended, those included that its status has entered and not counted yet.
struct JobCount {
  private var counted: (succeeded: Int, failed: Int)
  /// Uids.
  private var uncounted: (succeeded: Set<String>, failed: Set<String>)

  init(_ job: JSON) {
    let status = job["status"] ?? [:]
    func number(_ field: String) -> Int { Int(status[field]?.integer ?? 0) }
    func uids(_ field: String) -> Set<String> {
      Set((status[path: "uncountedTerminatedPods", field]?.array ?? []).compactMap(\.string))
    }
    counted = (number("succeeded"), number("failed"))
    uncounted = (uids("succeeded"), uids("failed"))
  }

  var succeeded: Int { counted.succeeded + uncounted.succeeded.count }
  var failed: Int { counted.failed + uncounted.failed.count }

  /// Enters a pod that has ended; false where it is entered already.
  mutating func enter(_ uid: String, isSuccess: Bool) -> Bool {
    guard !uncounted.succeeded.contains(uid), !uncounted.failed.contains(uid) else { return false }
    if isSuccess { uncounted.succeeded.insert(uid) } else { uncounted.failed.insert(uid) }
    return true
  }

  /// A status with what is entered.
  func entered(in status: JSON) -> JSON {
    var status = status
    var lists: [String: JSON] = [:]
    for (field, uids) in [("succeeded", uncounted.succeeded), ("failed", uncounted.failed)] where !uids.isEmpty {
      lists[field] = .array(uids.sorted().map(JSON.string))
    }
    status["uncountedTerminatedPods"] = .object(lists)
    return status
  }

  /// A status in which pods are counted.
  ///
  /// - Parameter tracked: uids of pods that have their finalizer still; these stay uncounted.
  func counted(in status: JSON, besides tracked: Set<String>) -> JSON {
    var rest = self
    rest.uncounted = (uncounted.succeeded.intersection(tracked), uncounted.failed.intersection(tracked))
    var status = rest.entered(in: status)
    for (field, number) in [
      ("succeeded", succeeded - rest.uncounted.succeeded.count), ("failed", failed - rest.uncounted.failed.count),
    ] { status[field] = number > 0 ? .integer(Int64(number)) : nil }
    return status
  }
}
