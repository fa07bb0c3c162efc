import Documents

/// Where on a line of the drawing a value is: evenly, or by its logarithm.
struct PlotScale {
  let isLogarithmic: Bool
  let values: ClosedRange<Double>
  /// Coordinates of the least and of the greatest value.
  let (start, end): (Double, Double)

  init(_ values: ClosedRange<Double>, logarithmic: Bool, from start: Double, to end: Double) {
    self.values = values
    isLogarithmic = logarithmic
    (self.start, self.end) = (start, end)
  }

  func place(_ value: Double) -> Double {
    let clamped = min(max(value, values.lowerBound), values.upperBound)
    let (low, high, here) =
      isLogarithmic
      ? (Self.logarithm(values.lowerBound), Self.logarithm(values.upperBound), Self.logarithm(clamped))
      : (values.lowerBound, values.upperBound, clamped)
    return high > low ? start + (end - start) * (here - low) / (high - low) : (start + end) / 2
  }

  /// To base 2, of a positive number; good to ten digits. (Pure layers have no C library.)
  static func logarithm(_ value: Double) -> Double {
    let ratio = (value.significand - 1) / (value.significand + 1)
    var (power, sum) = (ratio, 0.0)
    for number in stride(from: 1.0, through: 21, by: 2) {
      sum += power / number
      power *= ratio * ratio
    }
    return Double(value.exponent) + 2 * sum / 0.693_147_180_559_945_3
  }

  /// Seconds that people count in.
  private static let steps: [Double] = [
    0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 18_000,
    36_000, 86_400, 172_800, 432_000, 864_000, 4_320_000, 8_640_000,
  ]

  /// Times to mark on the scale.
  var times: [Double] {
    if isLogarithmic {
      let inside = Self.steps.filter(values.contains)
      return inside.count > 8 ? inside.enumerated().filter { $0.offset % 2 == 0 }.map(\.element) : inside
    }
    guard let step = Self.steps.first(where: { values.upperBound / $0 <= 6 }) else { return [] }
    return Array(stride(from: 0, through: values.upperBound, by: step))
  }

  /// A round time in one unit: `500ms`, `30s`, `10m`, `2h`, `5d`.
  static func name(_ seconds: Double) -> String {
    for (unit, size) in [("d", 86_400.0), ("h", 3600), ("m", 60), ("s", 1)] where seconds >= size {
      let count = seconds / size
      if count == count.rounded() { return "\(Int(count))\(unit)" }
    }
    return seconds == 0 ? "0" : Quantity.time(.seconds(seconds))
  }
}
