@testable import Installation

/// The page of the docs that says what the operator may do: `docs/permissions.md`.
enum PermissionsPage {
  static let text = """
    # What the operator may do

    Generated from what `prepull install` prints. No rule names a wildcard, and none of the whole cluster names Secrets: pods name pull secrets, and the kubelet reads them. The agents of nodes, which are not installed unless you ask for them, stand below.

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

    ## The page inside the cluster
    Only with `prepull install --dashboard`. The ClusterRole `prepull-dashboard` is of a ServiceAccount and a Deployment of its own, so that who takes the page over can change nothing and reads no Secrets; the operator's account is not in that pod.

    \(table(Permission.dashboard))

    **Frankly: who takes over the page** can change nothing, but reads what the account may list, and so the environment in the specification of every pod; and gets the tokens that people show it from then on, with all that these may do. Give tokens of accounts that may look and no more, for an hour, rather than your own.

    What people see there is what the user of their token may list: nodes, WarmNodes, and of each namespace Prepulls, pods, DaemonSets and events. `prepull-dashboard-viewer`, bound to nobody, lets people see nodes and what they hold; `view` in a namespace does the rest.

    \(table(Permission.dashboardViewers))

    ## The agents of nodes
    Only with `prepull install --agent`; they live in the namespace `prepull-agent`, whose Pod Security is *privileged*. The ClusterRole and the Role `prepull-agent`:

    \(table(Permission.agent + Permission.agentHome))

    The operator may do more then, by the ClusterRole and the Role `prepull-controller-agents`, the latter in the agents' namespace:

    \(table(Permission.agents + Permission.agentCertificates))

    A role cannot name the node of the one who asks, so the ValidatingAdmissionPolicy `prepull-agent` does (`failurePolicy: Fail`; only requests of the agents' account are concerned). It refuses whatever an agent writes of our kinds but the status of the WarmNode whose name is the node in its token, and all that comes with a token that names no node. That is why agents need Kubernetes 1.30.

    On its node an agent is root with these capabilities and no others, without `privileged: true`, with seccomp's default profile and a root file system that cannot be written:

    \(capabilities)

    It has these of the node: containerd's root folder, the folder of the runtime's socket, and containerd's configuration to read. With `--agent-kubelet-config` and `--agent-docker-config` one file each, to read. With `--agent-credential-providers` also all processes (`hostPID`, `SYS_PTRACE`) and all files to read.

    **Frankly: who takes over an agent owns that node.** Who reaches the runtime's socket can start any container there, also a privileged one, and who writes snapshots changes the files of images that pods will run. The capabilities and mounts keep mistakes small, not an attacker. From there:
    - other nodes: nothing of them can be written through our API; the status of its own node's WarmNode can be a lie, which costs warm nodes. It reads all WarmNodes and Nodes.
    - registries: it can ask the operator for what its own WarmNode wants, and gets tokens that pull from those repositories only, for minutes; passwords only where a Prepull has `allowPasswords`.
    - Secrets: no agent may read any; but as root of a node it reaches those of the pods that run there, as everybody who owns a node does.

    What `prepull run` needs, which installs nothing: [permissions.yaml](permissions.yaml). What `prepull wait` needs: [wait-permissions.yaml](wait-permissions.yaml).

    """

  private static var capabilities: String {
    let all = AgentInstallation.always.map { "| `\($0.name)` | \($0.purpose) |" }
    return (["| capability | for |", "|---|---|"] + all).joined(separator: "\n")
  }

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
