@testable import Installation

/// The page of the docs that says what the operator may do: `docs/permissions.md`.
enum PermissionsPage {
  static let text = """
    # What the operator may do

    Generated from what `prepull install` prints. No rule names a wildcard, and none of the whole cluster names Secrets: pods name pull secrets, and the kubelet reads them.

    ## In the whole cluster
    The ClusterRole `prepull-controller`; Prepulls and nodes may be anywhere.

    \(table(Permission.everywhere))

    ## On nodes
    The ClusterRole `prepull-controller-gate`. `prepull install --no-gate`, `gate.enabled: false` of the chart and the component `no-gate` of the kustomize base leave it out. Gates then stay closed, and nodes have no condition `prepull.dev/Warm`.

    \(table(Permission.gate))

    ## In the operator's namespace
    The Role `prepull-controller-election`.

    \(table(Permission.election))

    ## In namespaces that you grant
    The Role `prepull-controller-pull-secrets`, in each namespace of `--grant-secrets`; `--grant-secrets web/regcred` names one Secret. Without it registries are asked anonymously.

    \(table([Permission.secrets([])]))

    ## For people
    `prepull-viewer` is part of Kubernetes' role `view`. `prepull-editor` is bound to no one and part of no other role: a Prepull has pods run on all nodes that it chooses and removes the taint that it names from them, so anyone who may write one acts on nodes. Bind it to those who may.

    \(table(Permission.viewers + Permission.editors))

    What `prepull run` needs, which installs nothing: [permissions.yaml](permissions.yaml).

    """

  private static func table(_ permissions: [Permission]) -> String {
    let rows = permissions.map { permission in
      let group = permission.group.isEmpty ? "" : ".\(permission.group)"
      let names = permission.names.isEmpty ? "" : " (`\(permission.names.joined(separator: "`, `"))`)"
      let resources = permission.resources.map { "`\($0)\(group)`" }.joined(separator: ", ")
      return "| \(resources)\(names) | \(permission.verbs.joined(separator: ", ")) | \(permission.purpose) |"
    }
    return (["| on | may | for |", "|---|---|---|"] + rows).joined(separator: "\n")
  }
}
