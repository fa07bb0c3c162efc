extension Schema {
  static let warmNodeSpec = object(
    "What the node's agent shall do.",
    [
      .optional(
        "images",
        Schema(
          "What the node shall hold, in the order in which it is pulled; an empty list says that nothing is wanted.",
          // Atomic: of other lists, server-side apply leaves out the empty one.
          .list(
            object(
              "One image.",
              [
                .required("image", text("As pods write it.", atMost: 512)),
                .optional(
                  "digests",
                  Schema(
                    "What the reference resolved to, any of which is right.",
                    .list(text("A digest."), .atomic, atMost: nil))),
                .optional("order", text("The pull that is asked for; another one has a failed image tried again.")),
                .optional("refreshes", Schema("Whether a node that holds another digest pulls again.", .boolean)),
                .optional("removal", text("Unused: it goes when no Prepull wants it any more.")),
                .optional("timeoutSeconds", count("For a pull.")),
                .required(
                  "prepulls",
                  Schema("The Prepulls that want it.", .list(text("As `namespace/name`."), .atomic, atMost: nil))),
              ]), .atomic, atMost: nil))),
      .optional("watchedUntil", time("While somebody looks, the agent tells how far its pulls are.")),
    ])

  static let warmNodeAgent = object(
    "What the node's agent sees; written by it only.",
    [
      .optional("nodeUID", text("Of the Node object that it acts for.")),
      .optional("version", text("Of Prepull.")),
      .optional("runtime", text("Name and version of the container runtime.")),
      .optional(
        "conditions",
        conditions(
          "Ready; DiskPressure: nothing is pulled, repaired or pinned meanwhile; FastPulls and Pins: whether this node can."
        )),
      .optional(
        "imageFilesystem",
        object(
          "The file system that images are on.",
          [.required("usedBytes", bytes("Used.")), .required("capacityBytes", bytes("In all."))])),
      .optional(
        "images",
        Schema("How each wanted image stands.", .list(heldImage, .map(["image"]), atMost: nil))),
      .optional(
        "pins",
        count(
          "Images that it keeps from the kubelet's garbage collection: wanted ones, and what it has still to release.")),
    ])

  private static let heldImage = object(
    "One image.",
    [
      .required("image", text("As it is wanted.", atMost: 512)),
      .required(
        "state",
        Schema(
          "Lost: it was here and is gone.", .choice(WarmNode.HeldState.allCases.map(\.rawValue)))),
      .optional("order", text("The order that this answers.")),
      .optional("digest", text("What the runtime holds.")),
      .optional("warmSince", time("When the agent first found it here.")),
      .optional("pullSeconds", Schema("How long its pull took.", .number)),
      .optional("pulledBytes", bytes("Compressed bytes of its pull.")),
      .optional("pulledBy", text("Fast, or Runtime.")),
      .optional("isPinned", Schema("Whether the kubelet's garbage collection leaves it alone.", .boolean)),
      .optional("losses", count("How often it was lost in the last hour.")),
      .optional("reason", text("Why it is not here, in one word.")),
      .optional("message", text("Why and what to do, in one line.")),
      .optional("retryAfter", time("When the agent tries again by itself.")),
      .optional(
        "progress",
        object(
          "How far its pull is; only while somebody looks.",
          [
            .required("completedBytes", bytes("Compressed bytes that are here.")),
            .optional("totalBytes", bytes("Compressed bytes in all.")),
            .optional("bytesPerSecond", bytes("The rate.")),
          ])),
    ])

  private static func bytes(_ description: String) -> Schema { Schema(description, .integer(least: 0, bits: 64)) }
}
