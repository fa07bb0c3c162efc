import Documents

extension Schema {
  /// Of `WarmNode`, without what every object has. Without rules and patterns: thousands of these are written.
  package static let warmNode = object(
    "What one node holds of what all Prepulls want there. Named after the node, gone with it, and written by Prepull "
      + "only.",
    [.optional("spec", warmNodeSpec), .optional("status", warmNodeStatus)])

  private static let warmNodeStatus = object(
    "What is so.",
    [
      .optional("nodeUID", text("Of the Node: another one under the same name is another machine.")),
      .optional("architecture", text("Of the node, as `amd64`.")),
      .optional("desired", count("Images that are wanted here and have something for this platform.")),
      .optional("warm", count("Those of them that are here.")),
      .optional("conditions", conditions("Warm: the node holds all images that are wanted there.")),
      .optional("verifiedAt", time("When a pod that never pulls last proved what is here.")),
      .optional("firstWarmAt", time("When all that was wanted here was here for the first time.")),
      .optional(
        "gates",
        Schema(
          "The taints that keep pods off until the node is warm.",
          .list(
            object(
              "One taint.",
              [
                .required("startupTaint", text("Its key.", atMost: 317)),
                .required("since", time("When the controller first saw it; of a new node, when the node was made.")),
                .optional("openedAt", time("When it was removed.")),
                .optional("reason", text("Closed, or why it was removed: Warm, DeadlinePassed, Unclaimed.")),
              ]), .map(["startupTaint"]), atMost: nil))),
      .optional(
        "images",
        Schema(
          "Images that are wanted here.", .list(warmNodeImage, .map(["image"]), atMost: nil))),
      .optional("agent", warmNodeAgent),
    ])

  private static let warmNodeImage = object(
    "One image.",
    [
      .required("image", text("The reference as it is wanted.", atMost: 512)),
      .required(
        "state",
        Schema(
          "Stale: it is there, with another digest than wanted.",
          .choice(WarmNode.ImageState.allCases.map(\.rawValue)))),
      .optional("digest", text("What the node holds.")),
      .optional("warmSince", time("When a pod first found it here.")),
      .optional("pullSeconds", Schema("How long its pull took, where the kubelet reported it.", .number)),
      .optional(
        "pulledWith",
        Schema(
          "The pull secrets with which pods found it here, as kubelets since 1.35 keep it from pods with others. Not "
            + "given when it was found without secrets only.",
          .list(
            object(
              "Pull secrets of a pod.",
              [
                .optional("namespace", text("Of the secrets.", atMost: 63)),
                .required(
                  "secrets",
                  Schema("Their names; empty without secrets.", .list(text("A name."), .atomic, atMost: nil))),
              ]), .atomic, atMost: nil))),
      .optional(
        "wantedBy",
        Schema(
          "The Prepulls that want it.", .list(text("As `namespace/name`."), .atomic, atMost: nil))),
      .optional(
        "failures",
        Schema(
          "Why it is not here, by the Prepull whose pod failed, as each has its own pull secrets.",
          .list(
            object(
              "One Prepull's failure.",
              [
                .required("prepull", text("As `namespace/name`.", atMost: 317)),
                .required("reason", text("Why, in one word.")),
                .required("message", text("Why and what to do, in one line.")),
                .required("tries", count("Pods that failed for it so far.")),
                .optional("retryAfter", time("When it is tried again; not at all when this is not given.")),
              ]), .map(["prepull"]), atMost: nil))),
    ])
}
