import Documents

extension Schema {
  /// Of `Prepull`, without what every object has.
  package static let prepull = object(
    "Images that nodes should hold before the pods that need them arrive.",
    [.required("spec", prepullSpec), .optional("status", prepullStatus)])

  static let prepullSpec = object(
    "Which images should be on which nodes, and for how long.",
    [
      .optional(
        "images",
        Schema(
          "Images that the nodes should hold, in order of priority.",
          .list(
            object("An image.", [.required("image", image)]), .map(["image"]), atMost: 500))),
      .optional("workloads", workloads),
      .optional("sources", sources),
      .optional("nodes", nodes),
      .optional(
        "mode",
        Schema(
          "Once warms the nodes that are there and is done. Keep stays: it warms new nodes, follows moved tags if "
            + "`refreshInterval` is given, and repairs what the kubelet's garbage collection removed.",
          .choice(Prepull.Mode.allCases.map(\.rawValue)), standard: "Keep")),
      .optional(
        "engine",
        Schema(
          "By which means nodes pull. Kubelet: pods that name the images, with nothing installed on nodes. Agent: the "
            + "node's agent (`prepull install --agent`), which is faster, sees losses within seconds and pins images; "
            + "the kubelet counts what it pulls as preloaded, open to every pod of the node.",
          .choice(Prepull.Engine.allCases.map(\.rawValue)), standard: "Kubelet")),
      .optional(
        "fallback",
        Schema(
          "For engine Agent: what becomes of nodes without an agent. Kubelet: their kubelets pull. None: they count as "
            + "unsupported.", .choice(Prepull.Fallback.allCases.map(\.rawValue)), standard: "None")),
      .optional(
        "removal",
        Schema(
          "For engine Agent: Unused removes from nodes what an agent pulled, no Prepull wants any more and no container "
            + "uses, after a grace.", .choice(Prepull.Removal.allCases.map(\.rawValue)), standard: "Never")),
      .optional(
        "allowPasswords",
        Schema(
          "For engine Agent: whether agents may be given the password of a pull secret where its registry has no tokens.",
          .boolean, standard: false)),
      .optional(
        "imagePullPolicy",
        Schema(
          "IfNotPresent takes an image that is there under its reference as it is, and shows it as stale when its "
            + "digest is another one. Always pulls it then.", .choice(["IfNotPresent", "Always"]),
          standard: "IfNotPresent")),
      .optional("imagePullSecrets", imagePullSecrets),
      .optional(
        "backoffLimit",
        Schema(
          "How often a failed image is tried again on a node before it counts as failed there. Mode Keep goes on "
            + "trying, every 15 minutes at most.", .integer(least: 0, bits: 32), standard: 5)),
      .optional(
        "nodeTimeout",
        duration("For all images of one pod on one node. 30m, on Windows nodes 2h, when it is not given.")),
      .optional(
        "parallelism", share("Nodes that pull at a time: a number, or a share of them.", least: 1, standard: "10%")),
      .optional(
        "registryParallelism",
        Schema(
          "Nodes that pull from the same registry at a time, whichever Prepull they do it for.",
          .integer(least: 1, bits: 32), standard: 20)),
      .optional(
        "seeds",
        Schema(
          "Nodes of each platform that pull an image first, spread over zones; when they hold it, twice as many pull it, "
            + "and so on up to `parallelism`. So a bad image is found by these, a pull-through cache fills once, and a "
            + "mirror between nodes has somebody to ask. 0: all may begin at once.",
          .integer(least: 0, bits: 32), standard: 0)),
      .optional(
        "maxFailures", share("Nodes that may fail before no further node is begun.", least: 0, standard: "20%")),
      .optional(
        "priority",
        Schema(
          "Prepulls of a higher priority get their pods first; among equals the older one.",
          .integer(least: nil, bits: 32), standard: 0)),
      .optional(
        "refreshInterval",
        duration(
          "For mode Keep: how often the registry is asked again what the tags stand for; nodes pull only where a digest "
            + "moved. Never when it is not given.")),
      .optional(
        "verifyInterval",
        duration(
          "For mode Keep: how often the nodes prove that they still hold the images, by a pod that never pulls. 6h when "
            + "it is not given, and 0s for never.", least: "0s")),
      .optional("gate", gate),
      .optional("podTemplate", podTemplate),
      .optional("windows", windows),
      .optional(
        "windowPolicy",
        Schema(
          "What waits for a window. Rollouts: all but nodes with a closed gate of this Prepull, and images that a node "
            + "lost. All: these too.", .choice(Prepull.WindowPolicy.allCases.map(\.rawValue)), standard: "Rollouts")),
      .optional("suspend", Schema("Begins nothing new while it is true.", .boolean, standard: false)),
      .optional(
        "ttlSecondsAfterFinished",
        Schema(
          "For mode Once: how many seconds after its end the Prepull is deleted. It stays when this is not given.",
          .integer(least: 0, bits: 32))),
    ]
  )
  .rule(
    "has(self.workloads) || (has(self.images) && size(self.images) > 0) || (has(self.sources) && size(self.sources) > 0)",
    "name at least one image, or set spec.workloads or spec.sources to take the images from there", at: ".images",
    reason: "FieldValueRequired"
  )
  .rule(
    "self.mode == 'Once' || !has(self.ttlSecondsAfterFinished)",
    "needs mode: Once, as a Prepull of mode Keep never finishes", at: ".ttlSecondsAfterFinished",
    reason: "FieldValueForbidden"
  )
  .agentOnly("self.fallback != 'None'", ".fallback")
  .agentOnly("self.removal != 'Never'", ".removal")
  .agentOnly("self.allowPasswords", ".allowPasswords")
  .keepOnly("refreshInterval", "as a Prepull of mode Once resolves its tags once")
  .keepOnly("verifyInterval", "as a Prepull of mode Once is done when the nodes are warm")
  .keepOnly("gate", "as a Prepull of mode Once does not see nodes that join later, and their taint would stay")

  private func agentOnly(_ isAsked: String, _ field: String) -> Schema {
    rule(
      "self.engine == 'Agent' || !(\(isAsked))", "needs engine: Agent, as kubelets pull without an agent", at: field,
      reason: "FieldValueForbidden")
  }

  private func keepOnly(_ field: String, _ why: String) -> Schema {
    rule(
      "self.mode == 'Keep' || !has(self.\(field))", "needs mode: Keep, \(why)", at: ".\(field)",
      reason: "FieldValueForbidden")
  }

  private static let image = text(
    "The image exactly as pods write it; another spelling is another image to a node. A digest pins it.", atMost: 512
  ).rule("!self.contains('://')", "must be without a scheme: registry.example.com/app, not https://…").rule(
    #"self.contains('://') || self.matches(r'^(([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]+)?/)?"#
      + #"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*"#
      + #"(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(@[a-z0-9]+:[0-9a-f]{64,128})?$')"#,
    "must be an image as pods write it, in lower case and without spaces: nginx:1.27, registry.example.com/team/app:v2 "
      + "or app@sha256:…")

  private static let workloads = object(
    "Adds the images that Deployments, StatefulSets, DaemonSets, CronJobs, Jobs and pods name, those of the next "
      + "revision as soon as it is written, and of the one before while it has pods. The annotation `prepull.dev/ignore` on a workload or its pods opts out.",
    [
      .optional(
        "namespaces",
        Schema(
          "Where to look; the Prepull's own namespace when empty.",
          .list(
            text("A namespace.", atMost: 63).rule(
              "self.matches(r'^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')", "must be the name of a namespace"), .set, atMost: 100)
        )),
      .optional("selector", labelSelector("Which workloads, by their labels; all when empty.")),
      .optional(
        "history",
        Schema(
          "Earlier revisions of each Deployment, StatefulSet and DaemonSet whose images are wanted too, for rollbacks. "
            + "Those that have pods, while a rollout runs or is paused, are wanted in any case.",
          .integer(least: 0, bits: 32), standard: 0)),
    ])

  private static let nodes = object(
    "Which nodes. All nodes on which pods may run when it is not given.",
    [
      .optional("selector", labelSelector("By the nodes' labels; all when empty.")),
      .optional(
        "tolerations",
        Schema(
          "Taints that keep other pods off, but not these. Those that every DaemonSet tolerates, and that of "
            + "`gate`, need not be named.", .list(toleration, .atomic, atMost: 50))),
    ])

  private static let imagePullSecrets = Schema(
    "Pull secrets of the Prepull's namespace, as a pod's `imagePullSecrets`.",
    .list(
      object(
        "A Secret.",
        [
          .required(
            "name",
            text("Its name.", atMost: 253).rule(
              "self.matches(r'^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$')", "must be the name of a Secret"))
        ]), .map(["name"]), atMost: 50))

  private static let podTemplate = object(
    "What the pods that pull get, so that quotas, LimitRanges and admission policies take them. It wins over what "
      + "`prepull install` gave for all.",
    [
      .optional(
        "labels", Schema("Labels of the pods. Prepull's own stay.", .map(text("A label's value.", atMost: 63)))),
      .optional(
        "annotations", Schema("Annotations of the pods. Prepull's own stay.", .map(text("An annotation's value.")))),
      .optional(
        "resources",
        object(
          "What each container asks for and may use. A pod has one for each image that it pulls, and they run a moment "
            + "only.",
          [
            .optional(
              "requests",
              Schema(
                "In place of 1m of cpu and 1Mi of memory.",
                .map(Schema("A quantity, for example 10m or 32Mi.", .intOrString)))),
            .optional(
              "limits",
              Schema("None when it is not given.", .map(Schema("A quantity, for example 64Mi.", .intOrString)))),
          ])),
    ])

  private static let gate = object(
    "For mode Keep: keeps pods off new nodes until these are warm. Let new nodes join with the taint; Prepull removes "
      + "it, and only it, when all images are there.",
    [
      .required(
        "startupTaint",
        text("The taint's key, without value and effect.", atMost: 317).rule(
          #"self.matches(r'^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$')"#,
          "must be the key of a taint, without value and effect, for example prepull.dev/cold"
        ).rule(
          "!self.startsWith('node.kubernetes.io/') && !self.startsWith('node-role.kubernetes.io/')"
            + " && !self.startsWith('node.cloudprovider.kubernetes.io/')",
          "must not be a taint that Kubernetes itself sets and removes")),
      .optional(
        "deadline",
        duration(
          "How long after it was first seen (on a new node: after the node was created) the taint is removed although "
            + "images are missing, so that a broken registry cannot keep a node empty.", standard: "10m")),
    ])
}
