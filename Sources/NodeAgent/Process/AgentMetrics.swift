package import Kubernetes
import PrepullAPI
package import Serving

/// All that the agent of a node tells about itself in numbers.
package struct AgentMetrics: Sendable {
  package let registry: MetricRegistry

  // MARK: Pulls

  package let pulls: Counter
  package let ways: Counter
  package let pulledBytes: Counter
  package let pullDuration: Histogram
  package let secondsSaved: Counter
  package let runtimeRate: Gauge

  // MARK: Images

  package let wishes: Gauge
  package let pins: Gauge
  package let imagesLost: Counter
  package let imagesRepaired: Counter
  package let imagesRemoved: Counter

  // MARK: The node

  package let diskUsed: Gauge
  package let diskCapacity: Gauge
  package let isPaused: Gauge
  package let paceLimit: Gauge

  // MARK: Work

  package let apiRequests: Counter
  package let statusWrites: Counter
  package let watchErrors: Counter

  package init(registry: MetricRegistry = MetricRegistry(), version: String = "unknown") {
    self.registry = registry
    pulls = registry.counter(
      "prepull_agent_pulls_total",
      "Pulls that ended: pulled, present (it was there), failed, noRoom (put off, for want of room on the disk), "
        + "cancelled.", labels: ["result"])
    ways = registry.counter(
      "prepull_agent_pull_ways_total",
      "Images pulled by way: fast, or runtime with the reason: small, unavailable on this node, unsuitable (this image), "
        + "off.", labels: ["way", "reason"])
    pulledBytes = registry.counter(
      "prepull_agent_pulled_bytes_total", "Compressed bytes of the images that were pulled, by way: fast, runtime.",
      labels: ["way"])
    pullDuration = registry.histogram(
      "prepull_agent_pull_duration_seconds", "Time of pulls that succeeded, by way: fast, runtime.", labels: ["way"],
      buckets: [0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 60, 120, 300, 600, 1200])
    secondsSaved = registry.counter(
      "prepull_agent_seconds_saved_total",
      "Time that fast pulls saved: what their bytes would have taken at prepull_agent_runtime_rate_bytes, less what they "
        + "took. Nothing is counted until that rate is known.")
    runtimeRate = registry.gauge(
      "prepull_agent_runtime_rate_bytes",
      "Bytes a second of the runtime's own pulls on this node: the mean of those of 8 MiB and more since the agent began; "
        + "absent before the first.")
    wishes = registry.gauge(
      "prepull_agent_images", "Wanted images by state: Warm, Pulling, Pending, Failed, Lost.", labels: ["state"])
    pins = registry.gauge("prepull_agent_pinned_images", "Wanted images that are pinned.")
    imagesLost = registry.counter("prepull_agent_images_lost_total", "Wanted images that were here and vanished.")
    imagesRepaired = registry.counter("prepull_agent_images_repaired_total", "Of those, how many are here again.")
    imagesRemoved = registry.counter("prepull_agent_images_removed_total", "Images removed as nobody wants them.")
    diskUsed = registry.gauge("prepull_agent_disk_used_bytes", "What is taken of the file system of the images.")
    diskCapacity = registry.gauge("prepull_agent_disk_capacity_bytes", "The size of the file system of the images.")
    isPaused = registry.gauge(
      "prepull_agent_paused", "1 while the disk keeps the agent from pulling and pinning, else 0.")
    paceLimit = registry.gauge(
      "prepull_agent_pace_limit_bytes", "Bytes a second that fast pulls may move now; 0 for no limit.")
    apiRequests = registry.counter(
      "prepull_agent_api_requests_total", "Requests to the API server; the code is 0 where no answer came.",
      labels: ["verb", "resource", "code"])
    statusWrites = registry.counter(
      "prepull_agent_status_writes_total", "Writes of the WarmNode's status: written, failed.", labels: ["result"])
    watchErrors = registry.counter(
      "prepull_agent_watch_errors_total", "Failures of the watches of the WarmNode and of the Node, each try.",
      labels: ["resource", "code"])
    isPaused.set(0)
    let build = registry.gauge("prepull_agent_build_info", "1; the label is the version.", labels: ["version"])
    build.set(1, version)
    ProcessMetrics.add(to: registry)
  }

  /// Counts a request to the API server.
  package func count(_ request: RequestReport) {
    apiRequests.add(1, request.verb, request.resource, "\(request.status ?? 0)")
  }

  /// Takes in what a status says.
  func show(_ agent: WarmNode.Agent) {
    let images = agent.images ?? []
    for state in WarmNode.HeldState.allCases {
      wishes.set(Double(images.count { $0.state == state }), state.rawValue)
    }
    pins.set(Double(images.count { $0.isPinned == true }))
    isPaused.set(agent.conditions?["DiskPressure"]?.isTrue == true ? 1 : 0)
    if let disk = agent.imageFilesystem {
      diskUsed.set(Double(disk.usedBytes))
      diskCapacity.set(Double(disk.capacityBytes))
    }
  }
}
