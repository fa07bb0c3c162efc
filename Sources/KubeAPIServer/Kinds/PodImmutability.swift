import Documents

extension PodValidation {
  /// What an update of a pod may not change.
  static func immutability(from old: JSON, to new: JSON) -> [FieldProblem] {
    guard var before = old["spec"], let after = new["spec"], before != after else { return [] }
    for list in ["containers", "initContainers"] {
      let replacing = after[list]?.array ?? []
      guard var containers = before[list]?.array, containers.count == replacing.count else {
        if before[list] == after[list] { continue }
        return [.forbidden("spec.\(list)", "pod updates may not add or remove containers")]
      }
      for index in containers.indices { containers[index]["image"] = replacing[index]["image"] }
      before[list] = .array(containers)
    }
    before["activeDeadlineSeconds"] = after["activeDeadlineSeconds"]
    if old[path: "spec", "terminationGracePeriodSeconds"]?.integer ?? 0 < 0 {
      before["terminationGracePeriodSeconds"] = after["terminationGracePeriodSeconds"]
    }
    before["schedulingGates"] = after["schedulingGates"]
    let kept = before["tolerations"]?.array ?? []
    let tolerations = after["tolerations"]?.array ?? []
    if kept.allSatisfy({ toleration in
      tolerations.contains { same($0) == same(toleration) }
    }) {
      before["tolerations"] = after["tolerations"]
    }
    if before == after { return [] }
    return [
      .forbidden(
        "spec",
        "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,"
          + "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"
          + "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)")
    ]
  }

  /// A toleration but for how long it holds.
  private static func same(_ toleration: JSON) -> JSON {
    var toleration = toleration
    toleration["tolerationSeconds"] = nil
    return toleration
  }
}
