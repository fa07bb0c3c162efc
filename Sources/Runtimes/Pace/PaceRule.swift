/// How fast an agent may pull at a moment: bytes a second, as `PullPacer` counts them.
package enum PaceRule {
  /// Never less: a pull that hardly moves keeps a kubelet waiting which wants the same image, for longer than it spares
  /// others, and registries close connections that stand still.
  package static let least: Int64 = 4 << 20

  /// What a node is taken to move where no maximum was given, to have something to take a part of: 100 MB/s from the
  /// network and what they unpack to.
  package static let assumed: Int64 = 350_000_000

  /// From this share of stalled time on, in percent, others are held up. A pull stalls a little by itself: an idle node
  /// shows some percent while it unpacks.
  package static let stall = 10.0

  /// The limit now; nil for none.
  ///
  /// - As fast as it can, or as it was told, while nobody is disturbed: an image that is there sooner is worth more than
  ///   an even load.
  /// - A quarter while somebody else pulls, who has a pod that waits: it shares the network and the disk with a few
  ///   streams of its own, and should get most of both.
  /// - A quarter where processes stall on processors or the disk, whoever does it; the agent may be the one, and then it
  ///   swings between both limits within ten seconds, which still leaves room. Memory does not count: pulling more slowly
  ///   frees none.
  ///
  /// - Parameters:
  ///   - maximum: what the agent was told; nil for no limit.
  ///   - pressure: nil where the kernel does not tell.
  package static func limit(maximum: Int64?, pressure: PressureStall?, othersPull: Bool) -> Int64? {
    let isStalled = pressure.map { max($0.cpu, $0.io) > stall } ?? false
    guard othersPull || isStalled else { return maximum }
    let quarter = max(least, (maximum ?? assumed) / 4)
    return maximum.map { min($0, quarter) } ?? quarter
  }
}
