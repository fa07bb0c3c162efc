import Documents
import Usage

/// The Prepull of images that cost something and that nothing keeps warm, as YAML without a library for it: texts of
/// clusters are written as JSON strings, which YAML reads.
enum MissingPrepull {
  static func text(_ images: [ImageUsage]) -> String {
    let lines = images.map { "  - image: \(JSON.string($0.reference).text)\n" }
    return """
      apiVersion: prepull.dev/v1alpha1
      kind: Prepull
      metadata:
        name: top-images
      spec:
        images:

      """ + lines.joined()
  }
}
