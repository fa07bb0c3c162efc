import ImageModel

extension Coverage.Cell: Codable {
  private enum CodingKeys: CodingKey { case state, digest, failure, reason }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    self =
      switch try container.decode(Coverage.State.self, forKey: .state) {
      case .warm: .warm(try container.decodeIfPresent(Digest.self, forKey: .digest))
      case .stale: .stale(try container.decode(Digest.self, forKey: .digest))
      case .pulling: .pulling
      case .pending: .pending
      case .failed: .failed(try container.decode(WarmFailure.self, forKey: .failure))
      case .unsupported: .unsupported(try container.decode(String.self, forKey: .reason))
      }
  }

  /// `{"state": "warm", "digest": "sha256:…"}`, `{"state": "failed", "failure": {…}}`.
  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(state, forKey: .state)
    switch self {
    case .warm(let digest): try container.encodeIfPresent(digest, forKey: .digest)
    case .stale(let digest): try container.encode(digest, forKey: .digest)
    case .failed(let failure): try container.encode(failure, forKey: .failure)
    case .unsupported(let reason): try container.encode(reason, forKey: .reason)
    case .pulling, .pending: break
    }
  }
}
