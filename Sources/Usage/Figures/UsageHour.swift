/// What containers that started within an hour found on their nodes, for one image.
package struct UsageHour: Hashable, Sendable {
  /// Containers whose image was there.
  package var found = 0
  /// Containers for which it was pulled.
  package var pulled = 0
  /// Of these, on nodes that had joined a moment before: such pulls come again with each new node.
  package var pulledOnNew = 0
  /// Pulls that failed; the kubelet tries again, and says so once more.
  package var failed = 0
  /// Of all pulls together, without the wait for other pulls; seconds.
  package var pullSeconds = 0.0
  /// Of all pulls together, with that wait: what the pods waited; seconds.
  package var waitSeconds = 0.0

  package init() {}

  package var starts: Int { found + pulled }

  package static func += (one: inout UsageHour, other: UsageHour) {
    one.found += other.found
    one.pulled += other.pulled
    one.pulledOnNew += other.pulledOnNew
    one.failed += other.failed
    one.pullSeconds += other.pullSeconds
    one.waitSeconds += other.waitSeconds
  }
}

extension UsageHour: Codable {
  private enum CodingKeys: CodingKey { case found, pulled, pulledOnNew, failed, pullSeconds, waitSeconds }

  package init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    func count(_ key: CodingKeys) throws -> Int {
      let value = try fields.decodeIfPresent(Int.self, forKey: key) ?? 0
      guard (0...1_000_000_000).contains(value) else {
        throw DecodingError.dataCorruptedError(forKey: key, in: fields, debugDescription: "no count")
      }
      return value
    }
    func seconds(_ key: CodingKeys) throws -> Double {
      let value = try fields.decodeIfPresent(Double.self, forKey: key) ?? 0
      guard value >= 0, value < 1e12 else {
        throw DecodingError.dataCorruptedError(forKey: key, in: fields, debugDescription: "no time span")
      }
      return value
    }
    found = try count(.found)
    pulled = try count(.pulled)
    pulledOnNew = min(pulled, try count(.pulledOnNew))
    failed = try count(.failed)
    pullSeconds = try seconds(.pullSeconds)
    waitSeconds = try seconds(.waitSeconds)
  }

  /// Without what is zero: there are many.
  package func encode(to encoder: any Encoder) throws {
    var fields = encoder.container(keyedBy: CodingKeys.self)
    if found > 0 { try fields.encode(found, forKey: .found) }
    if pulled > 0 { try fields.encode(pulled, forKey: .pulled) }
    if pulledOnNew > 0 { try fields.encode(pulledOnNew, forKey: .pulledOnNew) }
    if failed > 0 { try fields.encode(failed, forKey: .failed) }
    if pullSeconds > 0 { try fields.encode(Self.rounded(pullSeconds), forKey: .pullSeconds) }
    if waitSeconds > 0 { try fields.encode(Self.rounded(waitSeconds), forKey: .waitSeconds) }
  }

  private static func rounded(_ seconds: Double) -> Double { (seconds * 1000).rounded() / 1000 }
}
