import Documents

extension Store {
  /// What admission plugins do to new objects.
  func admit(_ object: inout JSON, _ definition: ResourceDefinition) throws(StatusError) {
    guard definition.name == ResourceName(plural: "pods") else { return }
    try prioritise(&object)
  }

  /// The plugin Priority: the number that a pod's class stands for.
  private func prioritise(_ pod: inout JSON) throws(StatusError) {
    let classes = ResourceName(group: "scheduling.k8s.io", plural: "priorityclasses")
    let name = pod[path: "spec", "priorityClassName"]?.string ?? ""
    let found: JSON?
    if name.isEmpty {
      found = list(classes).items.filter { $0["globalDefault"] == true }.first
      if let found { pod[path: "spec", "priorityClassName"] = found[path: "metadata", "name"] }
    } else {
      found = get(classes, name: name)
      if found == nil {
        throw .forbidden(
          ResourceName(plural: "pods"), pod[path: "metadata", "name"]?.string ?? "",
          "no PriorityClass with name \(name) was found")
      }
    }
    guard let found else { return }
    pod[path: "spec", "priority"] = found["value"]
    pod[path: "spec", "preemptionPolicy"] = found["preemptionPolicy"]
  }
}

extension Store {
  /// What the client is to be warned of.
  func warnings(about object: JSON, _ definition: ResourceDefinition) -> [String] { [] }
}
