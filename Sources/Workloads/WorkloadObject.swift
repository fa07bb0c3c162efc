package import Kubernetes

/// What tells one kind of workload from another on the wire.
package protocol WorkloadShape: SendableMetatype {
  associatedtype Spec: Codable, Hashable, Sendable
  static var workload: WorkloadKind { get }
  /// The pods that it makes, or is.
  static func template(in spec: Spec) -> WorkloadPod?
  /// How many pods of its present template are not there yet.
  static func missingPods(of spec: Spec, _ status: WorkloadStatus) -> Int
}

extension WorkloadShape {
  package static func missingPods(of spec: Spec, _ status: WorkloadStatus) -> Int { 0 }
}

/// A workload with no more than what its images need of it.
package struct WorkloadObject<Shape: WorkloadShape>: Resource {
  package static var apiVersion: String { Shape.workload.apiVersion }
  package static var kind: String { Shape.workload.rawValue }
  package static var plural: String { Shape.workload.plural }

  package var metadata: ObjectMeta
  package var spec: Shape.Spec?
  package var status: WorkloadStatus?
  /// Of a ControllerRevision, in place of a spec.
  package var data: RevisionData?
  /// Of a ControllerRevision: the greatest is the present one.
  package var revision: Int?
}

/// What a ControllerRevision keeps of the object that it is a revision of.
package struct RevisionData: Codable, Hashable, Sendable {
  package var spec: TemplateSpec?
}

/// The status of a workload, of whichever kind.
package struct WorkloadStatus: Codable, Hashable, Sendable {
  /// Of a pod.
  package var phase: String?
  package var conditions: [Condition]?
  /// Pods of the present template, of a Deployment or StatefulSet.
  package var updatedReplicas: Int?
  package var desiredNumberScheduled: Int?
  package var updatedNumberScheduled: Int?
  /// Of a Job.
  package var active: Int?
  package var succeeded: Int?

  package init(
    phase: String? = nil, conditions: [Condition]? = nil, updatedReplicas: Int? = nil,
    desiredNumberScheduled: Int? = nil, updatedNumberScheduled: Int? = nil, active: Int? = nil, succeeded: Int? = nil
  ) {
    self.phase = phase
    self.conditions = conditions
    self.updatedReplicas = updatedReplicas
    self.desiredNumberScheduled = desiredNumberScheduled
    self.updatedNumberScheduled = updatedNumberScheduled
    self.active = active
    self.succeeded = succeeded
  }
}

/// The template of a workload's pods.
package struct WorkloadPod: Codable, Hashable, Sendable {
  package struct Spec: Codable, Hashable, Sendable {
    package struct Container: Codable, Hashable, Sendable {
      package var name: String?
      /// Missing where an admission webhook is to fill it in.
      package var image: String?
    }

    /// A volume that is an image (KEP-4639).
    package struct Volume: Codable, Hashable, Sendable {
      package struct Image: Codable, Hashable, Sendable {
        package var reference: String?
      }

      package var name: String?
      package var image: Image?
    }

    package var initContainers: [Container]?
    package var containers: [Container]?
    package var ephemeralContainers: [Container]?
    package var volumes: [Volume]?
    package var nodeName: String?
    package var nodeSelector: StringMap?
    package var affinity: Affinity?
    package var tolerations: [Toleration]?
  }

  package struct Metadata: Codable, Hashable, Sendable {
    package var annotations: StringMap?
  }

  package var metadata: Metadata?
  package var spec: Spec?
}

/// A spec that holds a template: that of most workloads.
package struct TemplateSpec: Codable, Hashable, Sendable {
  package var template: WorkloadPod?
  /// 1 when nil.
  package var replicas: Int?
  /// Of a Job; 1 when nil, as is `completions`.
  package var parallelism: Int?
  package var completions: Int?
}

/// A CronJob's spec.
package struct CronSpec: Codable, Hashable, Sendable {
  package struct JobTemplate: Codable, Hashable, Sendable {
    package var metadata: WorkloadPod.Metadata?
    package var spec: TemplateSpec?
  }

  package var jobTemplate: JobTemplate?
}

package enum DeploymentShape: WorkloadShape {
  package static let workload = WorkloadKind.deployment
  package static func template(in spec: TemplateSpec) -> WorkloadPod? { spec.template }

  package static func missingPods(of spec: TemplateSpec, _ status: WorkloadStatus) -> Int {
    max(0, (spec.replicas ?? 1) - (status.updatedReplicas ?? 0))
  }
}

package enum StatefulSetShape: WorkloadShape {
  package static let workload = WorkloadKind.statefulSet
  package static func template(in spec: TemplateSpec) -> WorkloadPod? { spec.template }

  package static func missingPods(of spec: TemplateSpec, _ status: WorkloadStatus) -> Int {
    max(0, (spec.replicas ?? 1) - (status.updatedReplicas ?? 0))
  }
}

package enum DaemonSetShape: WorkloadShape {
  package static let workload = WorkloadKind.daemonSet
  package static func template(in spec: TemplateSpec) -> WorkloadPod? { spec.template }

  package static func missingPods(of spec: TemplateSpec, _ status: WorkloadStatus) -> Int {
    max(0, (status.desiredNumberScheduled ?? 0) - (status.updatedNumberScheduled ?? 0))
  }
}

package enum JobShape: WorkloadShape {
  package static let workload = WorkloadKind.job
  package static func template(in spec: TemplateSpec) -> WorkloadPod? { spec.template }

  package static func missingPods(of spec: TemplateSpec, _ status: WorkloadStatus) -> Int {
    if status.isEndOfJob { return 0 }
    let abreast = spec.parallelism ?? 1
    let left = (spec.completions ?? abreast) - (status.succeeded ?? 0)
    return max(0, min(abreast, left) - (status.active ?? 0))
  }
}

package enum CronJobShape: WorkloadShape {
  package static let workload = WorkloadKind.cronJob

  package static func template(in spec: CronSpec) -> WorkloadPod? {
    guard var pod = spec.jobTemplate?.spec?.template else { return nil }
    let outer = spec.jobTemplate?.metadata?.annotations ?? [:]
    pod.metadata = .init(annotations: outer.merging(pod.metadata?.annotations ?? [:]))
    return pod
  }
}

package enum ReplicaSetShape: WorkloadShape {
  package static let workload = WorkloadKind.replicaSet
  package static func template(in spec: TemplateSpec) -> WorkloadPod? { spec.template }
}

package enum ControllerRevisionShape: WorkloadShape {
  package static let workload = WorkloadKind.controllerRevision
  package static func template(in spec: TemplateSpec) -> WorkloadPod? { spec.template }
}

package enum PodShape: WorkloadShape {
  package static let workload = WorkloadKind.pod
  package static func template(in spec: WorkloadPod.Spec) -> WorkloadPod? { WorkloadPod(spec: spec) }
}

extension WorkloadStatus {
  /// Whether it is that of a Job which has ended.
  package var isEndOfJob: Bool {
    conditions?.contains { ["Complete", "Failed"].contains($0.type) && $0.status == "True" } ?? false
  }
}
