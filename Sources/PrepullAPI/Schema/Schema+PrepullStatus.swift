import Documents

extension Schema {
  static let prepullStatus = object(
    "What is so. Written by the controller.",
    [
      .optional(
        "observedGeneration",
        Schema("The `metadata.generation` that this speaks of.", .integer(least: 0, bits: 64))),
      .optional(
        "conditions",
        conditions(
          "Ready: all nodes that can be reached hold all images, and there is one. Progressing: work is under way. Degraded: something needs a person. "
            + "Complete, for mode Once: it is done.")),
      .optional(
        "nodes",
        object(
          "Nodes, counted.",
          [
            .required("desired", count("That should be warm; those that cannot be reached now are among them.")),
            .required("warm", count("That hold all images.")),
            .required("pulling", count("On which a pod of this Prepull runs.")),
            .required("pending", count("That wait for their turn.")),
            .required("failed", count("On which an image failed more often than `backoffLimit` allows.")),
            .required(
              "unreachable",
              count("That are cordoned or not ready, and lack images: nothing is begun there until they are back.")),
            .required("unsupported", count("For which no image has anything, by operating system or architecture.")),
          ])),
      .optional(
        "images",
        Schema(
          "Images, each over all desired nodes.",
          .list(
            object(
              "One image.",
              [
                .required("image", text("The reference as it is wanted.", atMost: 512)),
                .optional("digest", text("What the reference resolved to, the same for all nodes.")),
                .optional(
                  "sizeBytes",
                  Schema("Compressed, of the largest of its platforms.", .integer(least: 0, bits: 64))),
                .required("warm", count("Nodes that hold it.")),
                .required("failed", count("Nodes on which it failed.")),
                .optional("unsupported", count("Nodes for which it has no platform.")),
                .optional("reason", text("What is wrong with it, in one word.")),
                .optional("message", text("What is wrong with it and what to do, in one line.")),
                .optional(
                  "wantedBy",
                  Schema(
                    "Why it is wanted: `spec`, or workloads that name it.",
                    .list(text("`spec`, or as `Deployment web/front (app)`."), .atomic, atMost: nil))),
                .optional("resolvedAt", time("When the registry was last asked for its digest.")),
              ]), .map(["image"]), atMost: nil))),
      .optional("sources", sourceStatuses),
      .optional("finishedAt", time("For mode Once: when it was done.")),
    ])
}
