/// How fast an agent may pull at a moment: bytes a second, as `PullPacer` counts them.
package enum PaceRule {
  /// Never less: a pull that hardly moves keeps a kubelet waiting which wants the same image, for longer than it spares
  /// others, and registries close connections that stand still.
  package static let least: Int64 = 4 << 20

  /// What a node is taken to move where no maximum was given, to have something to take a part of: 100 MB/s from the
  /// network and what they unpack to.
  package static let assumed: Int64 = 350_000_000

  /// From this share of stalled time on, in percent, somebody is held up. A pull stalls a little by itself: an idle node
  /// shows some percent while it unpacks.
  package static let stall = 10.0

  /// Below this share of busy processors nobody waits for one because of us, whatever pressure says: containers wait for
  /// their own limits too.
  package static let busy = 80.0

  /// Below this share of all processors, others hardly work: the daemons of a node, and what the kernel does for the pull.
  package static let others = 15.0

  /// The limit now; nil for none.
  ///
  /// - As fast as it can, or as it was told, while nobody is disturbed: an image that is there sooner is worth more than
  ///   an even load.
  /// - A quarter while somebody else pulls, who has a pod that waits: it shares the network and the disk with a few
  ///   streams of its own, and should get most of both.
  /// - A quarter where processes stall on busy processors or on the disk, and others work at all: on a machine that only
  ///   pulls, nobody but the pull waits. Memory does not count: pulling more slowly frees none.
  ///
  /// - Parameters:
  ///   - maximum: what the agent was told; nil for no limit.
  ///   - pressure: nil where the kernel does not tell.
  ///   - use: since the last time; nil where it is not known, which counts as others who work.
  package static func limit(
    maximum: Int64?, pressure: PressureStall?, use: ProcessorUse?, othersPull: Bool
  ) -> Int64? {
    var isStalled = false
    if let pressure, use.map({ $0.others > others }) ?? true {
      isStalled = pressure.io > stall || (pressure.cpu > stall && use.map { $0.busy > busy } ?? true)
    }
    guard othersPull || isStalled else { return maximum }
    let quarter = max(least, (maximum ?? assumed) / 4)
    return maximum.map { min($0, quarter) } ?? quarter
  }
}
