import Documents

/// What the agent heeds of the kubelet's configuration.
package struct KubeletSettings: Hashable, Sendable {
  /// Percent of the image file system in use at which the kubelet begins to remove images, and at which it stops.
  package var highThresholdPercent = 85
  package var lowThresholdPercent = 80

  package init() {}

  /// Reads the kubelet's file and then the `*.conf` of its folder in the order of their names; of two the later holds.
  ///
  /// - Returns: the settings, and what could not be read, a line each. The kubelet's defaults hold for that.
  package static func read(of kubelet: Kubelet) -> (settings: KubeletSettings, problems: [String]) {
    var settings = KubeletSettings()
    var problems: [String] = []
    var paths = kubelet.configuration.map { [$0] } ?? []
    if let folder = kubelet.configurationFolder {
      let names = kubelet.files.names(in: folder)
      if names == nil { problems.append("cannot read the kubelet's folder \(folder)") }
      paths += (names ?? []).filter { $0.hasSuffix(".conf") }.map { "\(folder)/\($0)" }
    }
    for path in paths {
      guard let bytes = kubelet.files.bytes(of: path) else {
        problems.append("cannot read the kubelet's configuration \(path)")
        continue
      }
      do throws(YAMLText.Fault) {
        settings.take(try YAMLText.parse(String(decoding: bytes, as: UTF8.self)))
      } catch {
        problems.append("cannot read the kubelet's configuration \(path): \(error)")
      }
    }
    settings.highThresholdPercent = Self.percent(kubelet.thresholds.high) ?? settings.highThresholdPercent
    settings.lowThresholdPercent = Self.percent(kubelet.thresholds.low) ?? settings.lowThresholdPercent
    return (settings, problems)
  }

  private mutating func take(_ json: JSON) {
    func percent(_ key: String) -> Int? { Self.percent(json[key]?.integer.map { Int($0) }) }
    highThresholdPercent = percent("imageGCHighThresholdPercent") ?? highThresholdPercent
    lowThresholdPercent = percent("imageGCLowThresholdPercent") ?? lowThresholdPercent
  }

  private static func percent(_ value: Int?) -> Int? {
    value.flatMap { (0...100).contains($0) ? $0 : nil }
  }
}
