import ImageModel

/// Which failures of images are believed, by what all nodes together have met.
struct SharedBeliefs: Sendable {
  /// By image, how many nodes gave it up for which code.
  private var givenUp: [Int: [String: Int]] = [:]

  /// Whether there is no point in waiting for the kubelet's next try of an image.
  func isBelieved(_ failure: ImageFailure, of image: Int, after tries: Int, _ rules: RolloutRules) -> Bool {
    let code = failure.failure.code
    if rules.certainCodes.contains(code) { return true }
    let isKnown = (givenUp[image]?[code] ?? 0) >= rules.sharedFailures
    return switch failure.nature {
    case .final: isKnown || rules.refusedImages.contains(image) || tries >= rules.finalTries
    case .passing:
      isKnown || code == "noSuchHost" && rules.unknownHosts.contains(image) && tries >= rules.finalTries
    case .local: false
    }
  }

  /// A node gave an image up.
  mutating func gaveUp(_ failure: ImageFailure, of image: Int) {
    guard failure.nature != .local else { return }
    givenUp[image, default: [:]][failure.failure.code, default: 0] += 1
  }

  /// A node could pull an image: the others wait again.
  mutating func pulled(_ image: Int) { givenUp[image] = nil }
}
