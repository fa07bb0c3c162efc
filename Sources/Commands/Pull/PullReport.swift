import Documents
import LocalPull
import ImageModel
import Runtimes
import Terminal

/// The end of `prepull pull`: the table for a person, or JSON for a program.
struct PullReport: Encodable, Sendable {
  struct Image: Encodable, Sendable {
    let image: String
    let reference: String
    /// `pulled`, `alreadyThere`, `failed` or `cancelled`.
    let outcome: String
    let digest: String?
    let sizeBytes: Int64?
    let seconds: Double
    let error: Failure?
  }

  struct Failure: Encodable, Sendable {
    let code: String
    let message: String
    let remedy: String
  }

  struct Node: Encodable, Sendable {
    let endpoint: String
    let name: String
    let version: String
    let platform: String
  }

  let ok: Bool
  let runtime: Node
  let images: [Image]

  init(runtime identity: RuntimeIdentity, at endpoint: RuntimeEndpoint, platform: Platform, results: [WarmResult]) {
    ok = results.allSatisfy(\.isWarm)
    runtime = Node(
      endpoint: endpoint.description, name: identity.name, version: identity.version, platform: platform.description)
    images = results.map { result in
      let (outcome, error): (String, Failure?) =
        switch result.outcome {
        case .pulled: ("pulled", nil)
        case .alreadyThere: ("alreadyThere", nil)
        case .cancelled: ("cancelled", nil)
        case .failed(let failure):
          ("failed", Failure(code: failure.code, message: failure.detail, remedy: failure.remedy))
        }
      return Image(
        image: result.image.given, reference: result.image.reference.description, outcome: outcome,
        digest: result.digest?.description, sizeBytes: result.sizeBytes,
        seconds: (result.duration / .milliseconds(1)).rounded() / 1000, error: error)
    }
  }

  /// The table: reference, digest, size, time, and whether it was there already.
  func table(style: Style, columns: Int? = nil) -> [String] {
    var table = Table([
      .init("IMAGE", shrinksTo: 12), .init("DIGEST"), .init("SIZE", .right), .init("TIME", .right), .init("RESULT"),
    ])
    for image in images {
      let word: String =
        switch image.outcome {
        case "pulled": style.paint("pulled", .good)
        case "alreadyThere": style.paint("already there", .good)
        case "cancelled": style.paint("stopped", .warning)
        default: style.paint("failed: \(image.error?.code ?? "fault")", .bad)
        }
      table.add([
        image.image, image.digest.map { Self.shortDigest($0) } ?? "-",
        image.sizeBytes.map(Quantity.bytes) ?? "-", Quantity.time(.seconds(image.seconds)), word,
      ])
    }
    return table.draw(style: style, columns: columns)
  }

  /// What went wrong and what to do, two lines for each image.
  func failures(style: Style) -> [String] {
    images.flatMap { image -> [String] in
      guard let error = image.error else { return [] }
      let name = style.paint("\(image.image):", .bad)
      return ["\(name) \(error.message)", "  \(error.remedy)"]
    }
  }

  private static func shortDigest(_ digest: String) -> String {
    guard let colon = digest.firstIndex(of: ":") else { return digest }
    return String(digest[...colon] + digest[digest.index(after: colon)...].prefix(12))
  }
}
