import ImageModel

/// Adds up the values of series by the images that they speak of, and ranks them.
package struct ImageTally: Sendable {
  /// A container of a pod, by which an image is found where a series names none.
  package struct Pod: Hashable, Sendable {
    package let namespace: String
    package let name: String
    /// All of its containers when nil.
    package let container: String?
  }

  /// The labels of a series that matter.
  struct Labels {
    var image = ""
    var spec = ""
    var namespace = ""
    var pod = ""
    var container = ""
  }

  struct TooMany: Error, Hashable {
    let what: String
  }

  static let mostSeries = 100_000
  /// Different images and pods together.
  static let mostKeys = 50_000
  /// Pods whose images are asked for.
  static let mostPods = 200

  private(set) var series = 0
  private var images: [String: Double] = [:]
  private var pods: [Pod: Double] = [:]
  private var withoutImage = 0
  private var withoutNumber = 0
  private var withoutReference = 0
  private var odd = ""

  package init() {}

  /// - Parameter value: nil where a series has none that is a number.
  mutating func add(_ labels: Labels, _ value: Double?) throws(TooMany) {
    series += 1
    guard series <= Self.mostSeries else { throw TooMany(what: "more than \(Self.mostSeries) series") }
    guard let value, value.isFinite else {
      withoutNumber += 1
      return
    }
    // What pods write comes before what runtimes make of it.
    let image = labels.spec.isEmpty ? labels.image : labels.spec
    if images[image] != nil {
      images[image]? += value
    } else if let reference = Self.reference(image) {
      images[reference, default: 0] += value
    } else if !labels.namespace.isEmpty, !labels.pod.isEmpty {
      let pod = Pod(
        namespace: labels.namespace, name: labels.pod, container: labels.container.isEmpty ? nil : labels.container)
      pods[pod, default: 0] += value
    } else if image.isEmpty {
      withoutImage += 1
    } else {
      withoutReference += 1
      if odd.isEmpty { odd = image }
    }
    guard images.count + pods.count <= Self.mostKeys else {
      throw TooMany(what: "more than \(Self.mostKeys) images and pods")
    }
  }

  /// A text as it stands if pods may name an image by it; the digests by which runtimes call images are none.
  static func reference(_ text: String) -> String? {
    guard !text.isEmpty, text.utf8.count <= 512, !text.hasPrefix("sha256:"), !text.contains("://"),
      !(text.utf8.count == 64 && text.utf8.allSatisfy { ($0 >= 0x30 && $0 <= 0x39) || ($0 >= 0x61 && $0 <= 0x66) }),
      (try? Reference(parsing: text)) != nil
    else { return nil }
    return text
  }

  /// The pods to be asked for their images, those of the highest values first.
  package var wantedPods: [Pod] {
    let ranked = pods.sorted { ($1.value, $0.key.text) < ($0.value, $1.key.text) }
    return ranked.prefix(Self.mostPods).map(\.key)
  }

  /// Adds what pods that were asked for run.
  ///
  /// - Parameter found: the images of a pod by container; nothing for pods that are gone.
  package mutating func join(_ found: [Pod: [(container: String, image: String)]]) {
    for (pod, containers) in found {
      guard let value = pods.removeValue(forKey: pod) else { continue }
      let chosen = containers.filter { pod.container == nil || $0.container == pod.container }
      for image in Set(chosen.map(\.image)) where Self.reference(image) != nil { images[image, default: 0] += value }
      if chosen.isEmpty { withoutImage += 1 }
    }
  }

  /// The images of the highest values; among equals by their text.
  package func finding(top: Int) -> SourceFinding {
    let ranked = images.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(top)
    return SourceFinding(
      images: ranked.map { SourceFinding.Image(reference: $0.key, figure: .value($0.value)) }, remarks: remarks)
  }

  private var remarks: [String] {
    var remarks = series == 0 ? ["the query gives no series"] : []
    func say(_ count: Int, _ what: String) {
      if count > 0 { remarks.append("\(count) of \(series) series \(what)") }
    }
    say(withoutNumber, "have a value that is no number")
    say(withoutImage, "name no image, by the labels image_spec, image, or namespace and pod")
    say(withoutReference, "name what is no image, such as '\(odd.prefix(80))'")
    if !pods.isEmpty {
      remarks.append(
        "\(pods.count == 1 ? "1 pod was" : "\(pods.count) pods were") not looked at, or \(pods.count == 1 ? "is" : "are") gone"
      )
    }
    return remarks
  }
}

extension ImageTally.Pod {
  fileprivate var text: String { "\(namespace)/\(name)/\(container ?? "")" }
}
