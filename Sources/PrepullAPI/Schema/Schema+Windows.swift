import Documents

extension Schema {
  /// `spec.windows`.
  static let windows = Schema(
    "Times in which nodes are begun; at any time when it is not given. What is at work when a window closes goes on to "
      + "its end. Several that overlap are one.",
    .list(
      object(
        "A time that comes again and again.",
        [
          .required(
            "start",
            text(
              "When it opens, as the schedule of a CronJob: five fields, names, lists, steps, @daily and its like.",
              atMost: 256
            ).rule(
              #"self.matches(r'^(@(yearly|annually|monthly|weekly|daily|midnight|hourly)|[^ ]+( +[^ ]+){4})$')"#,
              "must be the schedule of a CronJob, for example 0 1 * * MON-FRI or @daily")),
          .required("duration", duration("How long it is open.", least: "1m")),
          .optional(
            "timeZone",
            text(
              "Whose clocks `start` goes by, as Europe/Berlin; UTC when it is not given. A time that they leave out is "
                + "taken when they are put forward, one that they show twice the first time.", atMost: 64
            ).rule(
              #"self.matches(r'^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$')"#,
              "must be the name of a time zone, for example Europe/Berlin")),
        ]), .atomic, atMost: 20))
}
