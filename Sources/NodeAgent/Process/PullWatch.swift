import ImageModel
import PrepullAPI
import Runtimes
import Synchronization

/// How far the pulls are that run, for whoever looks.
final class PullWatch: Sendable {
  private struct Reading {
    var latest: PullProgress
    var at: ContinuousClock.Instant
    /// At the reading before, which the rate is measured from.
    var base: (bytes: Int64, at: ContinuousClock.Instant)
  }

  private let readings = Mutex<[String: Reading]>([:])

  func note(_ progress: PullProgress, of image: String, at now: ContinuousClock.Instant = .now) {
    readings.withLock { readings in
      let base = readings[image]?.base ?? (progress.completedBytes, now)
      readings[image] = Reading(latest: progress, at: now, base: base)
    }
  }

  func end(_ image: String) { _ = readings.withLock { $0.removeValue(forKey: image) } }

  /// Adds how far pulls are to a status.
  func fill(_ agent: WarmNode.Agent, at now: ContinuousClock.Instant = .now) -> WarmNode.Agent {
    var agent = agent
    agent.images = agent.images?.map { held in
      guard let name = (try? Reference(parsing: held.image))?.description,
        let progress = progress(of: name, at: now)
      else { return held }
      var held = held
      held.progress = progress
      return held
    }
    return agent
  }

  private func progress(of image: String, at now: ContinuousClock.Instant) -> WarmNode.Progress? {
    readings.withLock { readings in
      guard var reading = readings[image] else { return nil }
      var progress = WarmNode.Progress(completedBytes: reading.latest.completedBytes)
      progress.totalBytes = reading.latest.totalBytes
      let span = reading.base.at.duration(to: now) / .seconds(1)
      if span > 0.5 {
        progress.bytesPerSecond = Int64(Double(max(0, progress.completedBytes - reading.base.bytes)) / span)
        reading.base = (progress.completedBytes, now)
        readings[image] = reading
      }
      return progress
    }
  }
}
