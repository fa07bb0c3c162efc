package import Kubernetes
package import Serving

/// All that the page inside a cluster tells about itself in numbers.
package struct PageMetrics: Sendable {
  package let registry: MetricRegistry

  package let sessions: Gauge
  package let streams: Gauge
  package let scopes: Gauge
  package let logIns: Counter
  package let reviews: Counter
  package let apiRequests: Counter

  package init(registry: MetricRegistry = MetricRegistry(), version: String = "unknown") {
    self.registry = registry
    sessions = registry.gauge("prepull_page_sessions", "People who are logged in.")
    streams = registry.gauge("prepull_page_streams", "Pages that are told of changes now.")
    scopes = registry.gauge("prepull_page_scopes", "Different views of the cluster, by what people may see of it.")
    logIns = registry.counter(
      "prepull_page_logins_total",
      "Tries to log in: accepted, refused (the token is not valid), limited (too many tries), failed (the API server could "
        + "not be asked).", labels: ["result"])
    reviews = registry.counter(
      "prepull_page_reviews_total", "Questions to the API server what somebody may see: allowed, denied, failed.",
      labels: ["outcome"])
    apiRequests = registry.counter(
      "prepull_page_api_requests_total", "Requests to the API server; the code is 0 where no answer came.",
      labels: ["verb", "resource", "code"])
    let build = registry.gauge("prepull_page_build_info", "1; the label is the version.", labels: ["version"])
    build.set(1, version)
    ProcessMetrics.add(to: registry)
  }

  /// Counts a request to the API server.
  package func count(_ request: RequestReport) {
    apiRequests.add(1, request.verb, request.resource, "\(request.status ?? 0)")
  }
}
