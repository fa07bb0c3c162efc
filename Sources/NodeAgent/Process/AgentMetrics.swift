package import Serving

/// All that the agent of a node tells about itself in numbers.
package struct AgentMetrics: Sendable {
  package let registry: MetricRegistry

  package init(registry: MetricRegistry = MetricRegistry(), version: String = "unknown") {
    self.registry = registry
    let build = registry.gauge("prepull_agent_build_info", "1; the label is the version.", labels: ["version"])
    build.set(1, version)
    ProcessMetrics.add(to: registry)
  }
}
