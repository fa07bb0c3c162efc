import Kubernetes

/// A kind of workload whose images are discovered.
enum WorkloadKind: String, CaseIterable, Comparable {
  case deployment = "Deployment"
  case statefulSet = "StatefulSet"
  case daemonSet = "DaemonSet"
  case cronJob = "CronJob"
  case job = "Job"
  case pod = "Pod"

  static func < (a: WorkloadKind, b: WorkloadKind) -> Bool { a.rank < b.rank }

  private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}

/// What tells one kind of workload from another on the wire.
protocol WorkloadShape: SendableMetatype {
  associatedtype Spec: Codable, Hashable, Sendable
  static var workload: WorkloadKind { get }
  static var apiVersion: String { get }
  /// The pods that it makes, or is.
  static func template(in spec: Spec) -> WorkloadPod?
}

/// A workload with no more than what discovery needs of it.
struct WorkloadObject<Shape: WorkloadShape>: Resource {
  struct Status: Codable, Hashable, Sendable {
    var phase: String?
    var conditions: [Condition]?
  }

  static var apiVersion: String { Shape.apiVersion }
  static var kind: String { Shape.workload.rawValue }
  static var plural: String { Shape.workload.rawValue.lowercased() + "s" }

  var metadata: ObjectMeta
  var spec: Shape.Spec?
  var status: Status?
}

/// The template of a workload's pods.
struct WorkloadPod: Codable, Hashable, Sendable {
  struct Spec: Codable, Hashable, Sendable {
    struct Container: Codable, Hashable, Sendable {
      var name: String?
      /// Missing where an admission webhook is to fill it in.
      var image: String?
    }

    /// A volume that is an image (KEP-4639).
    struct Volume: Codable, Hashable, Sendable {
      struct Image: Codable, Hashable, Sendable {
        var reference: String?
      }

      var name: String?
      var image: Image?
    }

    var initContainers: [Container]?
    var containers: [Container]?
    var ephemeralContainers: [Container]?
    var volumes: [Volume]?
  }

  struct Metadata: Codable, Hashable, Sendable {
    var annotations: StringMap?
  }

  var metadata: Metadata?
  var spec: Spec?
}

/// A spec that holds a template: that of most workloads.
struct TemplateSpec: Codable, Hashable, Sendable {
  var template: WorkloadPod?
}

/// A CronJob's spec.
struct CronSpec: Codable, Hashable, Sendable {
  struct JobTemplate: Codable, Hashable, Sendable {
    var metadata: WorkloadPod.Metadata?
    var spec: TemplateSpec?
  }

  var jobTemplate: JobTemplate?
}

enum DeploymentShape: WorkloadShape {
  static let workload = WorkloadKind.deployment
  static let apiVersion = "apps/v1"
  static func template(in spec: TemplateSpec) -> WorkloadPod? { spec.template }
}

enum StatefulSetShape: WorkloadShape {
  static let workload = WorkloadKind.statefulSet
  static let apiVersion = "apps/v1"
  static func template(in spec: TemplateSpec) -> WorkloadPod? { spec.template }
}

enum DaemonSetShape: WorkloadShape {
  static let workload = WorkloadKind.daemonSet
  static let apiVersion = "apps/v1"
  static func template(in spec: TemplateSpec) -> WorkloadPod? { spec.template }
}

enum JobShape: WorkloadShape {
  static let workload = WorkloadKind.job
  static let apiVersion = "batch/v1"
  static func template(in spec: TemplateSpec) -> WorkloadPod? { spec.template }
}

enum CronJobShape: WorkloadShape {
  static let workload = WorkloadKind.cronJob
  static let apiVersion = "batch/v1"

  static func template(in spec: CronSpec) -> WorkloadPod? {
    guard var pod = spec.jobTemplate?.spec?.template else { return nil }
    let outer = spec.jobTemplate?.metadata?.annotations ?? [:]
    pod.metadata = .init(annotations: outer.merging(pod.metadata?.annotations ?? [:]))
    return pod
  }
}

enum PodShape: WorkloadShape {
  static let workload = WorkloadKind.pod
  static let apiVersion = "v1"
  static func template(in spec: WorkloadPod.Spec) -> WorkloadPod? { WorkloadPod(spec: spec) }
}
