import ImageModel

extension FleetMachine {
  /// One of our pods that is there or being made.
  struct LivePod: Sendable {
    enum Stage: Hashable, Sendable {
      /// A create is under way, or is to be tried again.
      case asked
      case live
      /// All is known, and goes when the record of this serial is stored.
      case ending(serial: Int)
      case deleting
    }

    struct Image: Sendable {
      let number: ImageNumber
      let policy: FleetPod.Policy
      var report = FleetPod.Report.waiting
    }

    let id: FleetPod.ID
    let plan: PlanIndex
    let purpose: FleetPod.Purpose
    /// It is no pod, but what the node's agent was asked for.
    var isOfAgent = false
    /// Its pull secrets.
    var access: AccessNumber
    var uid: String?
    var images: [Image]
    /// Those that it pulls from.
    var registries: [RegistryNumber]
    var stage: Stage
    var createdAt: Duration
    /// When the create is to be tried again; nil while it is under way.
    var createAt: Duration?
    var isScheduled = false
    var unschedulable: String?
    var phase = FleetPod.Phase.pending
    var isBeingDeleted = false
    var progressAt: Duration
    /// Whether budgets count it.
    var isCounted = false
    /// What the kubelet said of pulls: seconds and bytes, negative where it did not.
    var pulled: [ImageNumber: (seconds: Float, bytes: Int64)] = [:]
  }
}

extension FleetMachine.LivePod {
  /// Takes in what the pod says, and keeps what it said before where it says less now.
  ///
  /// - Returns: positions of the images that it did not say to be there before.
  mutating func read(_ pod: FleetPod, table: ImageTable, at now: Duration) -> [Int] {
    let before = (isScheduled, phase)
    isScheduled = isScheduled || pod.isScheduled
    unschedulable = pod.unschedulable
    phase = pod.phase
    isBeingDeleted = pod.isBeingDeleted
    if before != (isScheduled, phase) { progressAt = now }
    var held: [Int] = []
    for image in pod.images {
      guard let number = table.references.known(image.reference),
        let position = images.firstIndex(where: { $0.number == number })
      else { continue }
      let known = images[position].report
      let report = pod.phase == .succeeded && !image.report.isHeld ? .held(nil) : image.report
      guard let new = known.followed(by: report), new != known else { continue }
      images[position].report = new
      progressAt = now
      if new.isHeld { held.append(position) }
    }
    return held
  }
}

extension FleetPod.Report {
  /// Whether the image is there.
  var isHeld: Bool {
    switch self {
    case .held, .unclear: true
    case .waiting, .failing: false
    }
  }

  /// What is known after another report; nil when it is older or says less.
  func followed(by new: FleetPod.Report) -> FleetPod.Report? {
    switch (self, new) {
    case (.held(nil), .held), (.held(nil), .unclear), (.unclear, .held(_?)), (.waiting, _): new
    case (.failing, .held), (.failing, .unclear): new
    case (.failing(_, _, let before), .failing(let failure, let nature, let count)):
      .failing(failure, nature, count: max(before, count))
    case (.held, _), (.unclear, _), (.failing, .waiting): nil
    }
  }
}
