/// A DaemonSet: one pod on every node that it selects.
package struct DaemonSet: Resource {
  package static let apiVersion = "apps/v1"
  package static let kind = "DaemonSet"
  package static let plural = "daemonsets"

  package struct Spec: Codable, Hashable, Sendable {
    package var selector: LabelSelector
    package var updateStrategy: UpdateStrategy?
    package var template: PodTemplateSpec

    package init(selector: LabelSelector, updateStrategy: UpdateStrategy? = nil, template: PodTemplateSpec) {
      self.selector = selector
      self.updateStrategy = updateStrategy
      self.template = template
    }
  }

  package struct UpdateStrategy: Codable, Hashable, Sendable {
    package struct RollingUpdate: Codable, Hashable, Sendable {
      package var maxUnavailable: IntOrString?
    }

    package var type: String
    package var rollingUpdate: RollingUpdate?

    /// Replaces the pods of an edited template, at most `maxUnavailable` of them at a time.
    package static func rollingUpdate(maxUnavailable: IntOrString) -> UpdateStrategy {
      UpdateStrategy(type: "RollingUpdate", rollingUpdate: RollingUpdate(maxUnavailable: maxUnavailable))
    }
  }

  package struct Status: Codable, Hashable, Sendable {
    package var observedGeneration: Int?
    package var desiredNumberScheduled: Int?
    package var currentNumberScheduled: Int?
    package var updatedNumberScheduled: Int?
    package var numberReady: Int?
    package var numberAvailable: Int?
    package var numberUnavailable: Int?
    package var numberMisscheduled: Int?
  }

  package var metadata: ObjectMeta
  package var spec: Spec
  package var status: Status?

  package init(metadata: ObjectMeta, spec: Spec) {
    self.metadata = metadata
    self.spec = spec
  }
}
