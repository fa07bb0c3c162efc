/// A DaemonSet: one pod on every node that it selects.
package struct DaemonSet: Resource {
  package static let apiVersion = "apps/v1"
  package static let kind = "DaemonSet"

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

  package var metadata: ObjectMeta
  package var spec: Spec

  package init(metadata: ObjectMeta, spec: Spec) {
    self.metadata = metadata
    self.spec = spec
  }
}
