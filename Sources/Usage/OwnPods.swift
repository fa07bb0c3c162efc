import Warming
import ImageModel
import Kubernetes

/// Which pods are Prepull's own: the use of an image by them is none that warming could serve.
enum OwnPods {
  /// What of Prepull is installed in a cluster.
  private static let components: Set = ["controller", "agent", "dashboard"]

  /// Whether the labels are those of pods and workloads that Prepull makes, or of its own programs.
  static func has(_ labels: StringMap?) -> Bool {
    labels?[RunObjects.Key.managedBy] == "prepull"
      || (labels?[RunObjects.Key.name] == "prepull"
        && components.contains(labels?["app.kubernetes.io/component"] ?? ""))
  }

  /// Whether an event's pod is one, for all that its names tell: the pod may be gone.
  ///
  /// A container of ours has the name of its image, `nginx-1-27`. That tells enough where the image has a tag; people
  /// call theirs `nginx` too, so without a tag the pod's name has to be one of ours as well.
  static func has(pod: String, container: String?, image: String) -> Bool {
    guard let container, let last = image.split(separator: "/").last,
      container.first == last.lowercased().first, let reference = try? Reference(parsing: image)
    else { return false }
    var names = ContainerNames(reserved: [])
    let own = names.name(for: WantedImage(given: image, reference: reference))
    let isOurs = container == own || (container.hasPrefix("\(own)-") && Int(container.dropFirst(own.count + 1)) != nil)
    return isOurs && (reference.tag != nil || isName(pod))
  }

  /// Letters of the ends of our names; see `RunObjects` and `PullerNames`.
  private static let letters = Set("bcdfghjklmnpqrstvwxz2456789")

  /// `prepull-web-x2vbn-7` of a run, `web-x2vbnx2vbn` of the operator, `prepull-web-x2vbn` of a DaemonSet.
  private static func isName(_ pod: String) -> Bool {
    let parts = pod.split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count >= 2, let last = parts.last else { return false }
    func isRandom(_ part: Substring, _ count: Int) -> Bool {
      part.count == count && part.allSatisfy(letters.contains)
    }
    if isRandom(last, 10) { return true }
    if parts.count >= 3, !last.isEmpty, last.allSatisfy(\.isNumber) { return isRandom(parts[parts.count - 2], 5) }
    return pod.hasPrefix("prepull-") && isRandom(last, 5)
  }
}
