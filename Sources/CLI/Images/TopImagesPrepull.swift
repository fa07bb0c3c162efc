import Commands
import Kubernetes
import PrepullAPI
import Terminal

/// The Prepull that `prepull images -o prepull` prints.
struct TopImagesPrepull: Sendable {
  let name: String?
  let namespace: String?

  /// Prints a Prepull of this source, with the images that it gives now.
  func print(_ source: Prepull.Source, _ images: [String]) throws {
    var prepull = Prepull(
      metadata: ObjectMeta(name: name ?? "sourced-images", namespace: namespace), spec: Prepull.Spec())
    prepull.spec.sources = [source]
    var notes = ["The source of this Prepull gives now:"] + images.map { "  \(VisibleText.sanitised($0))" }
    if let metrics = source.prometheus ?? source.loki {
      let host = SourceOptions.authority(of: metrics.url)
      notes.append(
        "The operator may ask it where it was allowed: add --allow-source \(host) to the options of prepull install.")
    }
    try Console.standardOutput.writeAll(try ManifestOutput.yaml.text(of: [prepull], notes: notes))
  }

  /// Prints a Prepull of these images, each with what speaks for it.
  func print(_ images: [(reference: String, reason: String)]) throws {
    try Console.standardOutput.writeAll(try text(images))
  }

  /// The same as text.
  func text(_ images: [(reference: String, reason: String)]) throws -> String {
    var prepull = Prepull(
      metadata: ObjectMeta(name: name ?? "top-images", namespace: namespace), spec: Prepull.Spec())
    prepull.spec.images = images.map { Prepull.Image(image: $0.reference) }
    let notes =
      ["The images of this Prepull, in their order of priority:"]
      + images.map { "  \(VisibleText.sanitised("\($0.reference)  \($0.reason)"))" }
      + ["Private registries need secrets of its namespace, for example spec.imagePullSecrets: [{name: regcred}]."]
    return try ManifestOutput.yaml.text(of: [prepull], notes: notes)
  }
}
