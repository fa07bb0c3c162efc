import Documents

// Shapes that several places have.
extension Schema {
  static func object(_ description: String, _ fields: [Field], standard: JSON? = nil) -> Schema {
    Schema(description, .object(fields), standard: standard)
  }

  static func text(_ description: String, atMost limit: Int? = nil, standard: JSON? = nil) -> Schema {
    Schema(description, .text(atMost: limit), standard: standard)
  }

  /// A duration as Go writes it, at least `least`.
  static func duration(_ description: String, least: String = "1s", standard: String? = nil) -> Schema {
    // So many digits at most that what is beyond reason can still be read, and refused by this sentence.
    Schema(description, .duration, standard: standard.map(JSON.string)).rule(
      #"self.matches(r'^([0-9]{1,9}(\.[0-9]{1,9})?(ms|s)|[0-9]{1,7}(\.[0-9]{1,9})?m|[0-9]{1,5}(\.[0-9]{1,9})?h)+$')"#
        + " && duration(self) >= duration('\(least)') && duration(self) <= duration('8760h')",
      "must be a duration of at least \(least) and at most 8760h (a year), for example 90s, 10m or 1h30m")
  }

  /// A number of nodes, or a share of them.
  static func share(_ description: String, least: Int, standard: String) -> Schema {
    Schema(description, .intOrString, standard: .string(standard)).rule(
      "type(self) == int ? self >= \(least) : self.matches(r'^(\(least == 0 ? "0|" : "")[1-9][0-9]{0,8}"
        + "|(\(least == 0 ? "0|" : "")[1-9][0-9]?|100)%)$')",
      "must be a number of nodes from \(least) on, or a share of them from \(least)% to 100%")
  }

  static func labelSelector(_ description: String) -> Schema {
    let requirement = object(
      "A condition on one label.",
      [
        .required("key", text("The label.", atMost: 317)),
        .required(
          "operator", Schema("How the label relates to `values`.", .choice(["In", "NotIn", "Exists", "DoesNotExist"]))),
        .optional(
          "values",
          Schema(
            "For In and NotIn at least one, else none.",
            .list(text("A label's value.", atMost: 63), .atomic, atMost: 100)
          )),
      ]
    ).rule(
      "self.operator in ['In', 'NotIn'] ? has(self.values) && size(self.values) > 0"
        + " : !has(self.values) || size(self.values) == 0",
      "In and NotIn need at least one value, Exists and DoesNotExist take none", at: ".values")
    return object(
      description,
      [
        .optional(
          "matchLabels", Schema("Labels that it must have, each with this value.", .map(text("The value.", atMost: 63)))
        ),
        .optional(
          "matchExpressions",
          Schema("Conditions that must all hold.", .list(requirement, .atomic, atMost: 50))),
      ])
  }

  static let toleration = object(
    "A taint that the pods tolerate, as in a pod's `spec.tolerations`.",
    [
      .optional("key", text("The taint's key; every taint when empty.", atMost: 317)),
      .optional("operator", Schema("Equal when empty.", .choice(["Exists", "Equal"]))),
      .optional("value", text("The taint's value, for Equal.", atMost: 63)),
      .optional(
        "effect", Schema("Every effect when empty.", .choice(["NoSchedule", "PreferNoSchedule", "NoExecute"]))),
    ]
  ).rule(
    "(has(self.key) && self.key != '') || (has(self.operator) && self.operator == 'Exists')",
    "needs a key, or the operator Exists to tolerate every taint"
  ).rule(
    "!has(self.operator) || self.operator != 'Exists' || !has(self.value) || self.value == ''",
    "takes no value with the operator Exists", at: ".value")

  static func conditions(_ types: String) -> Schema {
    Schema(
      "Conditions by the conventions of the Kubernetes API. \(types)",
      .list(
        object(
          "What is the case, since when, and why.",
          [
            .required("type", text("Which condition.", atMost: 316)),
            .required("status", Schema("Whether it holds.", .choice(["True", "False", "Unknown"]))),
            .optional(
              "observedGeneration",
              Schema("The `metadata.generation` that it speaks of.", .integer(least: 0, bits: 64))),
            .required("lastTransitionTime", Schema("When `status` last changed.", .time)),
            .required("reason", text("Why, in one word for programs.", atMost: 1024)),
            .required("message", text("Why, in one line for people.", atMost: 32768)),
          ]),
        .map(["type"]), atMost: nil))
  }

  static func count(_ description: String) -> Schema { Schema(description, .integer(least: 0, bits: 32)) }

  static func time(_ description: String) -> Schema { Schema(description, .time) }
}
