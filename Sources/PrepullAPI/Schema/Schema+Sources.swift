import Documents
import ImageSources

extension Schema {
  static let sources = Schema(
    "What else names images, asked again and again. A list that could not be had, or came empty, never removes an image: "
      + "the last good one stays.",
    .list(
      object(
        "One of prometheus, loki and tags.",
        [
          .optional(
            "prometheus",
            metrics(
              "The images of the series that a query of Prometheus, or of a server with its API, gives, those of the "
                + "highest values first. A series names its image by the label `image_spec` or `image`, or else a pod, "
                + "whose images count, by `namespace` and `pod`. Values of one image are added.",
              query: "PromQL, an instant query: `sum by (image_spec) (kube_pod_container_info)`.")),
          .optional(
            "loki",
            metrics(
              "The same from a metric query of Loki.",
              query: "LogQL that counts: `sum by (image) (count_over_time({job=\"app\"}[1h]))`.")),
          .optional("tags", tags),
        ]
      ).rule(
        "(has(self.prometheus) ? 1 : 0) + (has(self.loki) ? 1 : 0) + (has(self.tags) ? 1 : 0) == 1",
        "needs one of prometheus, loki and tags, and only one"), .atomic,
      atMost: PrepullSettings.SourceLimits.sources))

  private static func metrics(_ description: String, query: String) -> Schema {
    object(
      description,
      [
        .required(
          "url",
          text(
            "The server's address, without the path of its API: `http://prometheus.monitoring.svc:9090`. Its host must be "
              + "among those that `prepull install --allow-source` named.", atMost: 1024
          ).rule(
            "self.startsWith('http://') || self.startsWith('https://')", "must begin with http:// or https://"
          ).rule("!self.contains('@')", "must not hold a user or a password: put them into a Secret (secretRef)")),
        .required("query", text(query, atMost: 4096).rule("self.trim() != ''", "must not be empty")),
        .optional("interval", sourceInterval),
        .optional(
          "top", bounded("How many images, those of the highest values.", most: MetricsSource.mostImages, standard: 20)),
        .optional("tenant", text("For servers with several tenants: the header `X-Scope-OrgID`.", atMost: 150)),
        .optional(
          "secretRef",
          object(
            "A Secret of the Prepull's namespace with `token`, or `username` and `password`, and perhaps `ca.crt`. "
              + "`prepull install --grant-secrets` lets Prepull read it.",
            [
              .required(
                "name",
                text("Its name.", atMost: 253).rule(
                  "self.matches(r'^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$')", "must be the name of a Secret"))
            ])),
      ])
  }

  private static let tags = object(
    "The newest tags of a repository, before anybody deploys them. The registry is asked with `imagePullSecrets`.",
    [
      .required(
        "repository",
        text("The repository as pods write it, without a tag: `registry.example.com/team/app`.", atMost: 400)
          .rule("!self.contains('@') && !self.contains('://')", "must be without digest and scheme")),
      .optional(
        "semver",
        text(
          "Only tags that are semantic versions in this range, with or without a `v` in front: `>=1.4 <2`, `^1.2`, "
            + "`~1.2.3`, `1.x`. Pre-releases only where it names one: `>=1.4-0`; without a range and a regex none.",
          atMost: 256)),
      .optional(
        "regex",
        text(
          "Only tags that match, anywhere unless it begins with `^` and ends with `$`. Of an expression with a group, "
            + "the version is what the group matches: `^(\\d+\\.\\d+\\.\\d+)-alpine$`.", atMost: 512)),
      .optional(
        "order",
        Schema(
          "What the newest is. Semver: the highest version; tags that are none are passed by. Created: the time at which "
            + "the image says it was made, among at most 100 tags that match.",
          .choice(TagSource.Order.allCases.map(\.rawValue)), standard: "Semver")),
      .optional("newest", bounded("How many.", most: TagSource.mostImages, standard: 1)),
      .optional("interval", sourceInterval),
    ])

  private static let sourceInterval = duration(
    "How often it is asked. A failure is tried again earlier.", least: "30s", standard: "10m")

  private static func bounded(_ description: String, most: Int, standard: Int64) -> Schema {
    Schema("\(description) At most \(most).", .integer(least: 1, bits: 32), standard: .integer(standard)).rule(
      "self <= \(most)", "must be at most \(most)")
  }

  static let sourceStatuses = Schema(
    "One for each source of the spec, in their order.",
    .list(
      object(
        "How a source stands.",
        [
          .required("source", text("Its kind, and where it asks.")),
          .required("id", text("Of what it asks and how: another id is another source.")),
          .optional(
            "images",
            Schema(
              "The last list that was good, the best first.",
              .list(text("An image.", atMost: 512), .atomic, atMost: nil))),
          .optional("updatedAt", time("When that list was given: its age.")),
          .optional("reason", text("Why it gives none now, in one word.")),
          .optional("message", text("Why it gives none now and what to do, in one line.")),
        ]), .atomic, atMost: nil))
}
