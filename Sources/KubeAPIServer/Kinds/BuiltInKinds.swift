import Documents

/// The kinds that every cluster has and that the sandbox serves.
enum BuiltInKinds {
  static let all: [ResourceDefinition] = core + access + network + apps + batch + others + limits + admission

  private static let core: [ResourceDefinition] = [
    pods, nodes, namespaces, configMaps, secrets, events,
  ]

  private static let apps: [ResourceDefinition] = [
    workload("apps", "v1", "DaemonSet", "daemonsets", ["ds"], PodDefaults.daemonSet, subresources: [.status]),
    workload(
      "apps", "v1", "Deployment", "deployments", ["deploy"], PodDefaults.deployment, subresources: [.status, .scale]),
    workload(
      "apps", "v1", "ReplicaSet", "replicasets", ["rs"], PodDefaults.replicaSet, subresources: [.status, .scale]),
    workload("apps", "v1", "StatefulSet", "statefulsets", ["sts"], subresources: [.status, .scale]),
  ]

  /// Nothing routes or filters.
  private static let network: [ResourceDefinition] = [
    ResourceDefinition(
      "", "v1", "Service", plural: "services", shortNames: ["svc"], categories: ["all"], subresources: [.status],
      selectableFields: ["spec.clusterIP", "spec.type"]),
    ResourceDefinition("discovery.k8s.io", "v1", "EndpointSlice", plural: "endpointslices", hasGeneration: true),
    ResourceDefinition(
      "networking.k8s.io", "v1", "NetworkPolicy", plural: "networkpolicies", shortNames: ["netpol"],
      hasGeneration: true),
  ]

  private static let others: [ResourceDefinition] = [leases, priorityClasses, disruptionBudgets]

  /// Kept, and never heeded.
  private static let disruptionBudgets: ResourceDefinition = {
    var budgets = ResourceDefinition(
      "policy", "v1", "PodDisruptionBudget", plural: "poddisruptionbudgets", shortNames: ["pdb"],
      subresources: [.status], hasGeneration: true)
    budgets.allowsBlindUpdates = false
    return budgets
  }()

  private static let pods: ResourceDefinition = {
    var pods = ResourceDefinition(
      "", "v1", "Pod", plural: "pods", shortNames: ["po"], categories: ["all"],
      subresources: [.status, .eviction, .log],
      selectableFields: [
        "spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName", "spec.hostNetwork",
        "status.phase", "status.podIP", "status.nominatedNodeName",
      ])
    pods.defaults = { pod, _ in PodDefaults.pod(&pod) }
    pods.validate = { pod, old in
      PodValidation.problems(in: pod["spec"] ?? .null, at: "spec")
        + (old.map { PodValidation.immutability(from: $0, to: pod) } ?? [])
    }
    pods.initialStatus = { pod in
      pod["status"] = ["phase": "Pending", "qosClass": .string(PodDefaults.qualityOfService(pod))]
    }
    pods.indexKeys = { pod in
      var keys: [String] = []
      if let node = pod[path: "spec", "nodeName"]?.string { keys.append("spec.nodeName=\(node)") }
      if let instance = pod[path: "metadata", "labels", Store.indexedLabel]?.string {
        keys.append("instance=\(instance)")
      }
      return keys
    }
    return pods
  }()

  private static let nodes: ResourceDefinition = {
    var nodes = ResourceDefinition(
      "", "v1", "Node", plural: "nodes", shortNames: ["no"], isNamespaced: false, subresources: [.status],
      selectableFields: ["spec.unschedulable"])
    nodes.validate = { node, _ in NodeValidation.problems(in: node) }
    nodes.defaults = { node, _ in
      if node["spec"] == nil { node["spec"] = [:] }
      if node[path: "status", "capacity"] != nil, node[path: "status", "allocatable"] == nil {
        node[path: "status", "allocatable"] = node[path: "status", "capacity"]
      }
    }
    return nodes
  }()

  private static let namespaces: ResourceDefinition = {
    var namespaces = ResourceDefinition(
      "", "v1", "Namespace", plural: "namespaces", shortNames: ["ns"], isNamespaced: false,
      subresources: [.status, .finalize], selectableFields: ["status.phase"])
    namespaces.nameRule = NameRules.labelProblem
    namespaces.defaults = { namespace, old in
      if old == nil { namespace[path: "spec", "finalizers"] = ["kubernetes"] }
      namespace[path: "metadata", "labels", "kubernetes.io/metadata.name"] = namespace[path: "metadata", "name"]
    }
    namespaces.initialStatus = { $0["status"] = ["phase": "Active"] }
    return namespaces
  }()

  private static let configMaps: ResourceDefinition = {
    var maps = ResourceDefinition("", "v1", "ConfigMap", plural: "configmaps", shortNames: ["cm"])
    maps.validate = ConfigValidation.configMap
    return maps
  }()

  private static let secrets: ResourceDefinition = {
    var secrets = ResourceDefinition("", "v1", "Secret", plural: "secrets", selectableFields: ["type"])
    secrets.defaults = { secret, _ in
      if secret["type"] == nil { secret["type"] = "Opaque" }
      guard let texts = secret["stringData"]?.object else { return }
      for (key, text) in texts { secret[path: "data", key] = .string(Base64Text.encode(text.string ?? "")) }
      secret["stringData"] = nil
    }
    secrets.validate = ConfigValidation.secret
    return secrets
  }()

  private static let events: ResourceDefinition = {
    var events = ResourceDefinition(
      "", "v1", "Event", plural: "events", shortNames: ["ev"],
      selectableFields: [
        "involvedObject.kind", "involvedObject.namespace", "involvedObject.name", "involvedObject.uid",
        "involvedObject.apiVersion", "involvedObject.resourceVersion", "involvedObject.fieldPath", "reason",
        "reportingComponent", "source", "type",
      ])
    events.indexKeys = { event in
      [event[path: "involvedObject", "uid"]?.string.map { "involvedObject.uid=\($0)" }].compactMap(\.self)
    }
    events.validate = { event, _ in
      // Events on objects of the cluster belong to `default`.
      let about = event[path: "involvedObject", "namespace"]?.string ?? ""
      let place = event[path: "metadata", "namespace"]?.string ?? ""
      if about.isEmpty ? !["default", "kube-system"].contains(place) : about != place {
        return [.invalid("involvedObject.namespace", .string(about), "does not match event.namespace")]
      }
      return EventValidation.problems(in: event)
    }
    return events
  }()

  private static let leases: ResourceDefinition = {
    var leases = ResourceDefinition("coordination.k8s.io", "v1", "Lease", plural: "leases")
    leases.allowsBlindUpdates = false
    leases.validate = { lease, _ in
      var problems: [FieldProblem] = []
      if let seconds = lease[path: "spec", "leaseDurationSeconds"]?.integer, seconds <= 0 {
        problems.append(.invalid("spec.leaseDurationSeconds", .integer(seconds), "must be greater than 0"))
      }
      if let count = lease[path: "spec", "leaseTransitions"]?.integer, count < 0 {
        problems.append(.invalid("spec.leaseTransitions", .integer(count), "must be greater than or equal to 0"))
      }
      return problems
    }
    return leases
  }()

  private static let priorityClasses: ResourceDefinition = {
    var classes = ResourceDefinition(
      "scheduling.k8s.io", "v1", "PriorityClass", plural: "priorityclasses", shortNames: ["pc"], isNamespaced: false,
      hasGeneration: true)
    classes.defaults = { object, _ in
      if object["value"] == nil { object["value"] = 0 }
      if object["preemptionPolicy"] == nil { object["preemptionPolicy"] = "PreemptLowerPriority" }
    }
    return classes
  }()

  private static func workload(
    _ group: String, _ version: String, _ kind: String, _ plural: String, _ shortNames: [String],
    _ defaults: @escaping @Sendable (inout JSON) -> Void = { _ in }, subresources: Set<Subresource>
  ) -> ResourceDefinition {
    var definition = ResourceDefinition(
      group, version, kind, plural: plural, shortNames: shortNames, categories: ["all"],
      subresources: subresources, hasGeneration: true)
    definition.defaults = { object, _ in defaults(&object) }
    definition.validate = { object, old in WorkloadValidation.problems(in: object, kind: kind, old: old) }
    definition.initialStatus = { object in object["status"] = PodDefaults.initialStatus(of: kind) }
    if kind == "ReplicaSet" { definition.selectableFields = ["status.replicas"] }
    return definition
  }
}
