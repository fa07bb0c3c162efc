import Workloads
import Warming
import Kubernetes

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A pod with no more than what the use of images needs of it.
struct UsagePod: Resource {
  static let apiVersion = "v1"
  static let kind = "Pod"
  static let plural = "pods"

  struct Spec: Codable, Hashable, Sendable {
    var nodeName: String?
    var initContainers: [WorkloadPod.Spec.Container]?
    var containers: [WorkloadPod.Spec.Container]?
    var ephemeralContainers: [WorkloadPod.Spec.Container]?
    var volumes: [WorkloadPod.Spec.Volume]?
  }

  struct Status: Codable, Hashable, Sendable {
    struct Container: Codable, Hashable, Sendable {
      struct State: Codable, Hashable, Sendable {
        struct Waiting: Codable, Hashable, Sendable {
          var reason: String?
        }

        var waiting: Waiting?
      }

      var name: String?
      var imageID: String?
      var state: State?
    }

    var phase: String?
    var initContainerStatuses: [Container]?
    var containerStatuses: [Container]?
  }

  var metadata: ObjectMeta
  var spec: Spec?
  var status: Status?
}

extension UsagePod {
  var isOwn: Bool { OwnPods.has(metadata.labels) }

  /// - Parameter since: what was made later is new; seconds since 1970.
  func use(since: Double) -> UsageSurvey.Pod {
    let phase = status?.phase ?? "Pending"
    let statuses = (status?.initContainerStatuses ?? []) + (status?.containerStatuses ?? [])
    let containers = (spec?.initContainers ?? []) + (spec?.containers ?? []) + (spec?.ephemeralContainers ?? [])
    let used = containers.map { container in
      let status = statuses.first { $0.name == container.name }
      let reason = status?.state?.waiting?.reason ?? ""
      return UsageSurvey.Pod.Use(
        // A pod that has ended keeps no image from being collected.
        image: container.image ?? "", isThere: phase == "Running" && !(status?.imageID ?? "").isEmpty,
        isFailing: KubeletMessage.failedReasons.contains(reason) || reason == KubeletMessage.backOffReason)
    }
    let mounted = (spec?.volumes ?? []).compactMap(\.image?.reference).map {
      UsageSurvey.Pod.Use(image: $0, isThere: phase == "Running")
    }
    let created = metadata.creationTimestamp.flatMap(Timestamp.date)?.timeIntervalSince1970
    return UsageSurvey.Pod(
      node: spec?.nodeName, uses: used + mounted, isLive: ["Pending", "Running", "Unknown"].contains(phase),
      isNew: created.map { $0 >= since } ?? false)
  }
}

extension Node {
  /// Seconds since 1970.
  var joined: Double? { metadata.creationTimestamp.flatMap(Timestamp.date)?.timeIntervalSince1970 }
}
