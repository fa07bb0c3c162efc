package import PrepullAPI
import Serving
package import Warming

/// The times in which Prepulls begin nodes.
extension FleetBoard {
  /// Puts into a plan whether it is one of them, and notes when to look again.
  mutating func lookAtWindows(_ uid: String, _ plan: inout FleetPlan) {
    prepulls[uid]?.windowChange = nil
    prepulls[uid]?.closedUntil = nil
    guard let entry = prepulls[uid] else { return }
    defer { measureWindows(of: uid) }
    guard let windows = entry.windows else { return }
    switch windows.state(at: time.components.seconds) {
    case .open(let until): prepulls[uid]?.windowChange = .seconds(until)
    case .closed(let until, let text):
      prepulls[uid]?.windowChange = .seconds(until)
      prepulls[uid]?.closedUntil = text
      plan.isClosed = true
      plan.closesAll = entry.settings?.windowPolicy == .all
    }
    if prepulls[uid]?.closedUntil != entry.closedUntil { statusChanged(uid) }
  }

  private func measureWindows(of uid: String) {
    guard let entry = prepulls[uid] else { return }
    let name = entry.id.key
    guard entry.windows != nil else {
      for gauge in [metrics.windowOpen, metrics.windowChange] { gauge.retain { $0 != [name] } }
      return
    }
    metrics.windowOpen.set(entry.closedUntil == nil ? 1 : 0, name)
    // What never changes is far beyond all calendars.
    if let change = entry.windowChange, change < .seconds(253_402_300_800) {
      metrics.windowChange.set(Double(change.components.seconds), name)
    } else {
      metrics.windowChange.retain { $0 != [name] }
    }
  }
}

extension ZoneFiles {
  /// The windows of a spec; nil where it has none.
  package mutating func windows(_ settings: [PrepullSettings.Window]) throws(SpecError) -> PullWindows? {
    guard !settings.isEmpty else { return nil }
    var windows: [PullWindow] = []
    for (index, window) in settings.enumerated() {
      do {
        windows.append(
          PullWindow(pattern: window.start, duration: window.duration, zone: try rules(window.timeZone)))
      } catch {
        throw SpecError("spec.windows[\(index)].timeZone", error.description)
      }
    }
    return PullWindows(windows)
  }
}
