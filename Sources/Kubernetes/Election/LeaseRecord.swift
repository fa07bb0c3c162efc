/// What one contender sees of a lease, by its own clock: nobody's clock has to agree with anybody else's. Pure.
struct LeaseRecord: Hashable, Sendable {
  let identity: String
  let duration: Duration
  private(set) var seen: Lease.Spec?
  private(set) var seenAt: ContinuousClock.Instant?

  init(identity: String, duration: Duration) {
    self.identity = identity
    self.duration = duration
  }

  /// Takes in what the lease says; only a change of it shows that its holder lives.
  mutating func observe(_ spec: Lease.Spec, at now: ContinuousClock.Instant) {
    guard seen != spec || seenAt == nil else { return }
    seen = spec
    seenAt = now
  }

  var isOurs: Bool { seen?.holderIdentity == identity }

  /// Whether the lease may be taken: nobody holds it, we do, or its holder has not renewed it for its whole duration.
  func isFree(at now: ContinuousClock.Instant) -> Bool {
    guard let seen, let seenAt, let holder = seen.holderIdentity, !holder.isEmpty, holder != identity else {
      return true
    }
    let duration = seen.leaseDurationSeconds.map { Duration.seconds($0) } ?? duration
    return now - seenAt >= duration
  }
}
