/// How long a runtime's socket may take, on each level.
package struct RuntimeLimits: Hashable, Sendable {
  /// One question: what it is, what it holds.
  package var call: Duration
  /// One removal; the runtime may collect garbage before it answers.
  package var removal: Duration
  /// A pull in which nothing moves any more.
  package var stall: Duration
  /// A whole pull, however well it moves.
  package var pull: Duration
  /// The time between two looks at how far a pull has come, where the runtime does not tell by itself.
  package var poll: Duration

  package init(
    call: Duration = .seconds(30), removal: Duration = .seconds(120), stall: Duration = .seconds(300),
    pull: Duration = .seconds(6 * 3600), poll: Duration = .milliseconds(200)
  ) {
    self.call = call
    self.removal = removal
    self.stall = stall
    self.pull = pull
    self.poll = poll
  }
}
