import Kubernetes
import Warming
import Documents
import Foundation
import ImageModel

/// A run as a stream of JSON objects, one a line, for programs: `-o json`.
///
/// Each has `event` and `time` (RFC 3339, UTC) first; which members follow is part of Prepull's interface. Times are in
/// seconds, sizes in bytes. The last line is the event `result`, or `plan` after --dry-run.
struct RunStream: Sendable {
  /// The line of an event, without line end. Images stand under the reference that the user wrote.
  static func line(_ event: RunEvent, images: [String], at time: Date) -> String {
    line(name(event), members(event, images: images), at: time)
  }

  /// A line with these members behind `event` and `time`, in this order.
  static func line(_ event: String, _ members: [(String, JSON)], at time: Date) -> String {
    let stamp = time.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    let all = [("event", JSON.string(event)), ("time", .string(stamp))] + members
    return "{" + all.map { "\(JSON.string($0.0).text):\($0.1.text)" }.joined(separator: ",") + "}"
  }

  /// How many nodes are in which state, image by image: the event `coverage`, for DaemonSets that stay.
  static func line(_ coverage: Coverage, at time: Date) -> String {
    let images = coverage.images.enumerated().map { index, image -> JSON in
      ["image": .string(image), "nodes": coverage.counts(image: index).json]
    }
    return line("coverage", [("images", .array(images))], at: time)
  }

  private static func name(_ event: RunEvent) -> String {
    switch event {
    case .planned: "planned"
    case .nodeStarted: "nodeStarted"
    case .imagePulling: "imagePulling"
    case .imagePulled: "imagePulled"
    case .imagePresent: "imagePresent"
    case .imageFailed: "imageFailed"
    case .cell: "cell"
    case .nodeWaits: "nodeWaits"
    case .seedWait: "seedWait"
    case .nodeFinished: "nodeFinished"
    case .nodeAdded: "nodeAdded"
    case .nodeGone: "nodeGone"
    case .nodeSkipped: "nodeSkipped"
    case .nodeUnsupported: "nodeUnsupported"
    case .podRetried: "podRetried"
    case .connectionLost: "connectionLost"
    case .connectionRestored: "connectionRestored"
    case .stopping: "stopping"
    case .cleaningUp: "cleaningUp"
    case .cleanedUp: "cleanedUp"
    case .warning: "warning"
    }
  }

  private static func members(_ event: RunEvent, images: [String]) -> [(String, JSON)] {
    func place(_ node: String, _ image: Int) -> [(String, JSON)] {
      [("node", .string(node)), ("image", .string(images[image]))]
    }
    switch event {
    case .planned(let nodes, let images):
      return [("nodes", .array(nodes.map(JSON.string))), ("images", .array(images.map(JSON.string)))]
    case .nodeStarted(let node), .nodeAdded(let node), .nodeGone(let node), .nodeWaits(let node):
      return [("node", .string(node))]
    case .imagePulling(let node, let image), .imagePresent(let node, let image): return place(node, image)
    case .imagePulled(let node, let image, let duration, let bytes):
      return place(node, image) + [
        ("seconds", duration.map(JSON.init(seconds:)) ?? .null), ("bytes", bytes.map(JSON.integer) ?? .null),
      ]
    case .imageFailed(let node, let image, let failure, let isFinal):
      return place(node, image) + failure.members + [("final", .bool(isFinal))]
    case .cell(let node, let image, let cell): return place(node, image) + cell.members
    case .seedWait(let wait):
      return [
        ("nodes", .integer(Int64(wait?.nodes ?? 0))), ("image", wait.map { .string($0.reference) } ?? .null),
        ("holders", wait.map { .integer(Int64($0.holders)) } ?? .null),
        ("pulling", wait.map { .integer(Int64($0.pulling)) } ?? .null),
      ]
    case .nodeFinished(let node, let outcome): return [("node", .string(node))] + outcome.members
    case .nodeSkipped(let node, let reason): return [("node", .string(node)), ("reason", .string(reason.description))]
    case .nodeUnsupported(let node, let reason): return [("node", .string(node)), ("reason", .string(reason))]
    case .podRetried(let node, let reason, let wait):
      return [("node", .string(node)), ("reason", .string(reason)), ("seconds", JSON(seconds: wait))]
    case .connectionLost(let reason): return [("reason", .string(reason))]
    case .stopping(let reason): return reason.members
    case .cleanedUp(let outcome): return outcome.members
    case .warning(let text): return [("message", .string(text))]
    case .connectionRestored, .cleaningUp: return []
    }
  }
}

// MARK: The parts that events and the result share

extension JSON {
  /// Seconds to the millisecond.
  init(seconds duration: Duration) { self = .number((duration / .milliseconds(1)).rounded() / 1000) }

  init(members: [(String, JSON)]) { self = .object(Dictionary(members) { _, last in last }) }
}

extension WarmFailure {
  var members: [(String, JSON)] {
    [("code", .string(code)), ("message", .string(detail)), ("remedy", .string(remedy))]
      + (isUntried ? [("tried", false)] : [])
  }
}

extension Coverage.Cell {
  var members: [(String, JSON)] {
    let state = [("state", JSON.string(state.rawValue))]
    return switch self {
    case .warm(let digest?), .stale(let digest): state + [("digest", .string(digest.description))]
    case .failed(let failure): state + failure.members
    case .unsupported(let reason): state + [("reason", .string(reason))]
    case .warm(nil), .pulling, .pending: state
    }
  }
}

extension NodeOutcome {
  var members: [(String, JSON)] {
    switch self {
    case .warm: [("outcome", "warm")]
    case .incomplete: [("outcome", "incomplete")]
    case .notDone: [("outcome", "notDone")]
    case .unsupported: [("outcome", "unsupported")]
    case .refused(let failure): [("outcome", "refused")] + failure.members
    }
  }
}

extension StopReason {
  /// Why the run ended early, as one member and what belongs to it.
  var members: [(String, JSON)] {
    switch self {
    case .maxFailures(let failed): [("reason", "maxFailures"), ("failedNodes", .integer(Int64(failed)))]
    case .late: [("reason", "late")]
    case .timedOut(let limit): [("reason", "timedOut"), ("seconds", JSON(seconds: limit))]
    case .cancelled: [("reason", "interrupted")]
    case .refused(let failure): [("reason", "refused")] + failure.members
    }
  }
}

extension CleanupOutcome {
  var members: [(String, JSON)] {
    switch self {
    case .complete: [("complete", true)]
    case .incomplete(let left, let reason, let remedy):
      [
        ("complete", false), ("left", .array(left.map(JSON.string))), ("message", .string(reason)),
        ("remedy", .string(remedy)),
      ]
    }
  }
}
