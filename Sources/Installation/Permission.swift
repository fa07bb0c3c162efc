import Operator
import Documents

/// A rule of a role of the operator, and why it is there.
package struct Permission: Hashable, Sendable {
  /// Empty text for the core group.
  package let group: String
  package let resources: [String]
  package let verbs: [String]
  /// Only objects of these names; all when empty.
  package var names: [String] = []
  /// What stops working without it.
  package let purpose: String

  var rule: JSON {
    var rule: JSON = [
      "apiGroups": [.string(group)], "resources": .array(resources.map(JSON.string)),
      "verbs": .array(verbs.map(JSON.string)),
    ]
    if !names.isEmpty { rule["resourceNames"] = .array(names.map(JSON.string)) }
    return rule
  }

  /// In the whole cluster: Prepulls and nodes may be anywhere.
  package static let everywhere = [
    Permission(
      group: "prepull.dev", resources: ["prepulls"], verbs: ["get", "list", "watch", "patch", "delete"],
      purpose: "Read Prepulls; add and remove the finalizer; delete those whose `ttlSecondsAfterFinished` is over."),
    Permission(
      group: "prepull.dev", resources: ["prepulls/status"], verbs: ["patch"], purpose: "Say how far it is."),
    Permission(
      group: "prepull.dev", resources: ["warmnodes"],
      verbs: ["get", "list", "watch", "create", "patch", "delete"],
      purpose: "Make the WarmNode of each node, and say what its agent shall hold."),
    Permission(
      group: "prepull.dev", resources: ["warmnodes/status"], verbs: ["patch"], purpose: "Record what each node holds."),
    Permission(
      group: "", resources: ["nodes"], verbs: ["get", "list", "watch"],
      purpose: "See nodes come and go, their labels, taints and platforms."),
    Permission(
      group: "", resources: ["pods"], verbs: ["get", "list", "watch", "create", "delete"],
      purpose: "The pods that make nodes pull; pods of others that wait for images; the images of pods (`workloads`)."),
    Permission(
      group: "", resources: ["configmaps"], verbs: ["create", "delete"],
      purpose: "The program `touch`, one ConfigMap for each Prepull. None is read."),
    Permission(
      group: "", resources: ["events"], verbs: ["list", "watch", "create", "patch"],
      purpose: "See how long pulls take; report what happened."),
    Permission(
      group: "apps", resources: ["deployments", "statefulsets", "daemonsets"], verbs: ["list", "watch"],
      purpose: "The images of workloads (`workloads`)."),
    Permission(
      group: "apps", resources: ["replicasets", "controllerrevisions"], verbs: ["list", "watch"],
      purpose: "The images of earlier revisions (`workloads.history`). Not used without it."),
    Permission(
      group: "batch", resources: ["jobs", "cronjobs"], verbs: ["list", "watch"],
      purpose: "The images of workloads (`workloads`)."),
  ]

  /// In the whole cluster, left out by `--no-gate`.
  package static let gate = [
    Permission(
      group: "", resources: ["nodes"], verbs: ["patch"],
      purpose: "Remove the startup taint that a Prepull names. Nothing else of a node is changed."),
    Permission(
      group: "", resources: ["nodes/status"], verbs: ["patch"], purpose: "Set the condition `prepull.dev/Warm`."),
  ]

  /// In the operator's own namespace.
  package static let election = [
    Permission(
      group: "coordination.k8s.io", resources: ["leases"], verbs: ["create"],
      purpose: "Make the Lease by which one controller leads (a rule cannot name what is yet to be made)."),
    Permission(
      group: "coordination.k8s.io", resources: ["leases"], verbs: ["get", "list", "watch", "patch"],
      names: [ControllerOptions.lease], purpose: "Hold the Lease, give it back, and see when it is free."),
  ]

  /// In each namespace that `--grant-secrets` names.
  package static func secrets(_ names: [String]) -> Permission {
    Permission(
      group: "", resources: ["secrets"], verbs: ["get"], names: names,
      purpose:
        "Ask registries with the pull secrets, and sources with the logins, that the Prepulls of the namespace name.")
  }

  /// In the whole cluster, where agents are installed: what giving them credentials needs besides `everywhere`, which has
  /// `get` of Prepulls and WarmNodes, and `secrets`.
  package static let agents = [
    Permission(
      group: "authentication.k8s.io", resources: ["tokenreviews"], verbs: ["create"],
      purpose: "Tell which node's agent asks for a credential.")
  ]

  /// In the namespace of the agents, where they are installed.
  package static let agentCertificates = [
    Permission(
      group: "", resources: ["configmaps"], verbs: ["create"],
      purpose: "Make the ConfigMap of the certificates (a rule cannot name what is yet to be made)."),
    Permission(
      group: "", resources: ["configmaps"], verbs: ["get", "patch"], names: [CertificatePublisher.name],
      purpose: "Publish the certificate by which agents know the operator."),
  ]

  /// For those who may see Prepulls; part of Kubernetes' own role `view`.
  package static let viewers = [
    Permission(
      group: "prepull.dev", resources: ["prepulls", "warmnodes"], verbs: ["get", "list", "watch"],
      purpose: "See Prepulls and nodes.")
  ]

  /// For those who may write Prepulls; bound to nobody.
  package static let editors = [
    Permission(
      group: "prepull.dev", resources: ["prepulls"],
      verbs: ["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"],
      purpose: "Write Prepulls: pods on every node that they choose, and nodes that lose the taint that they name.")
  ]
}
