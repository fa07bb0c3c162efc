package import Serving
package import Kubernetes

/// All that the controller tells about itself in numbers. `prepull` labels are `namespace/name`.
package struct ControllerMetrics: Sendable {
  package let registry: MetricRegistry

  // MARK: Coverage

  /// Of a Prepull: `desired`, `warm`, `pulling`, `pending`, `failed`, `unreachable`, `unsupported`.
  package let nodes: Gauge
  /// Of an image of a Prepull: `warm`, `failed`, `unsupported`.
  package let imageNodes: Gauge
  /// Conditions of Prepulls: 1 for True, 0 for all else.
  package let condition: Gauge

  // MARK: Pulls

  package let pullDuration: Histogram
  package let pulledBytes: Counter
  package let pullFailures: Counter
  package let secondsSaved: Counter
  package let nodeFirstPod: Histogram
  package let nodeWarm: Histogram
  package let imagesLost: Counter

  // MARK: Gates

  package let gateWait: Histogram
  package let gatedNodes: Gauge

  // MARK: Agents

  /// `ready`, `starting`.
  package let agents: Gauge

  // MARK: Pods of others

  package let yieldingNodes: Gauge
  package let yieldTimeouts: Counter

  // MARK: Work

  package let queueDepth: Gauge
  package let pods: Gauge
  package let stepDuration: Histogram
  package let apiRequests: Counter
  package let watchErrors: Counter
  package let watchSynced: Gauge
  package let skippedObjects: Counter
  package let resolutions: Counter
  package let discoveredImages: Gauge
  package let windowOpen: Gauge
  package let windowChange: Gauge
  package let sourceImages: Gauge
  package let sourceUpdated: Gauge
  package let sourceFailing: Gauge
  package let sourceErrors: Counter
  package let isLeader: Gauge

  package init(registry: MetricRegistry = MetricRegistry(), version: String = "unknown") {
    let seconds: [Double] = [0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 60, 120, 300, 600, 1200]
    self.registry = registry
    nodes = registry.gauge(
      "prepull_nodes",
      "Nodes by state: all that a Prepull wants (desired), and of them warm, pulling, pending, "
        + "failed, unreachable (cordoned or not ready); and unsupported.", labels: ["prepull", "state"])
    imageNodes = registry.gauge(
      "prepull_image_nodes", "Nodes by state of an image of a Prepull: warm, failed, unsupported.",
      labels: ["prepull", "image", "state"])
    condition = registry.gauge(
      "prepull_condition", "1 where a condition of a Prepull is True, else 0: Ready, Progressing, Degraded, Complete.",
      labels: ["prepull", "condition"])
    pullDuration = registry.histogram(
      "prepull_image_pull_duration_seconds",
      "Time that kubelets took for an image: pulled, or present (nothing was to be done).",
      labels: ["image", "outcome"], buckets: seconds)
    pulledBytes = registry.counter(
      "prepull_image_pulled_bytes_total", "Bytes of the images that kubelets pulled for Prepull, as they state them.",
      labels: ["image"])
    pullFailures = registry.counter(
      "prepull_image_pull_failures_total", "Tries of a node to get an image that failed.",
      labels: ["image", "reason"])
    secondsSaved = registry.counter(
      "prepull_cold_start_seconds_saved_total",
      "Pull times that pods did not have to wait: for each container of a pod that came to a node where Prepull had "
        + "pulled its image, the time that this pull had taken there.", labels: ["image"])
    nodeFirstPod = registry.histogram(
      "prepull_node_first_pod_seconds", "Time from the creation of a new node to its first puller pod.",
      buckets: [0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60, 120, 300])
    nodeWarm = registry.histogram(
      "prepull_node_warm_seconds",
      "Time from the creation of a node until all that it is to hold was warm for the first time, if that took less "
        + "than an hour.",
      buckets: seconds)
    imagesLost = registry.counter(
      "prepull_images_lost_total", "Images that check pods missed on nodes that had held them.")
    gateWait = registry.histogram(
      "prepull_gate_wait_seconds",
      "Time from when a gated node was first seen until its taint was removed, because it was Warm or because the "
        + "DeadlinePassed, or Unclaimed as its Prepull is gone.", labels: ["reason"], buckets: seconds)
    gatedNodes = registry.gauge("prepull_gated_nodes", "Nodes that have the taint of a gate now.")
    agents = registry.gauge(
      "prepull_agents", "Nodes with an agent, by how it is: ready, or starting, which is there and not ready.",
      labels: ["state"])
    yieldingNodes = registry.gauge(
      "prepull_yielding_nodes", "Nodes on which pods of others pull images now, so that puller pods wait.")
    yieldTimeouts = registry.counter(
      "prepull_yield_timeouts_total",
      "Pods of others that still pulled when --yield-timeout was over, so that puller pods waited no longer.")
    queueDepth = registry.gauge(
      "prepull_queue_depth", "What waits: nodes for a puller pod (nodes), changes for being written (writes).",
      labels: ["queue"])
    pods = registry.gauge("prepull_pods", "Puller and check pods that exist now.")
    stepDuration = registry.histogram(
      "prepull_step_duration_seconds", "Time that the controller took to decide about one event.", labels: ["input"],
      buckets: [0.00001, 0.000032, 0.0001, 0.00032, 0.001, 0.0032, 0.01, 0.032, 0.1, 0.32, 1])
    apiRequests = registry.counter(
      "prepull_api_requests_total", "Requests to the API server; the code is 0 where no answer came.",
      labels: ["verb", "resource", "code"])
    watchErrors = registry.counter(
      "prepull_watch_errors_total",
      "Failures of what the controller has to see, each try: watches by their resource, and the election (leases); the "
        + "code says why: forbidden, notFound, unauthorized, unreachable, timedOut and so on.",
      labels: ["resource", "code"])
    watchSynced = registry.gauge(
      "prepull_watch_synced",
      "1 where the controller sees what it has to: prepulls, nodes, pods, warmnodes, leases, and what it can do without; "
        + "0 until it was listed, and while a failure lasts.", labels: ["resource"])
    skippedObjects = registry.counter(
      "prepull_skipped_objects_total",
      "Objects that were left out of a list or a watch, as they are not what this version of Prepull can read.",
      labels: ["resource"])
    resolutions = registry.counter(
      "prepull_resolutions_total",
      "Requests to registries for what a reference resolves to: resolved (first answer), unchanged, moved (a new "
        + "digest), failed.", labels: ["registry", "outcome"])
    discoveredImages = registry.gauge(
      "prepull_discovered_images", "Images that discovery adds to a Prepull.", labels: ["prepull"])
    windowOpen = registry.gauge(
      "prepull_window_open", "1 while one of the windows of a Prepull that has some is open, else 0.",
      labels: ["prepull"])
    windowChange = registry.gauge(
      "prepull_window_change_timestamp_seconds",
      "When the windows of a Prepull open or close next, since the Unix epoch.", labels: ["prepull"])
    sourceImages = registry.gauge(
      "prepull_source_images", "Images of the last good list of a source of a Prepull.", labels: ["prepull", "source"])
    sourceUpdated = registry.gauge(
      "prepull_source_last_success_timestamp_seconds",
      "When a source of a Prepull last gave a list, since the Unix epoch.", labels: ["prepull", "source"])
    sourceFailing = registry.gauge(
      "prepull_source_failing", "1 while a source of a Prepull gives no list, so that its last good one stays, else 0.",
      labels: ["prepull", "source"])
    sourceErrors = registry.counter(
      "prepull_source_errors_total", "Questions to sources that failed, by why.", labels: ["source", "code"])
    isLeader = registry.gauge("prepull_leader", "1 on the controller that leads, 0 on the others.")
    isLeader.set(0)
    let build = registry.gauge("prepull_build_info", "1; the label is the version.", labels: ["version"])
    build.set(1, version)
    ProcessMetrics.add(to: registry)
  }

  /// Whose first label is a Prepull.
  private var ofPrepulls: [Gauge] {
    [
      nodes, imageNodes, condition, discoveredImages, windowOpen, windowChange, sourceImages, sourceUpdated,
      sourceFailing,
    ]
  }

  /// Forgets all that only the leader knows, when it leads no more; what was counted stays.
  package func standBy() {
    isLeader.set(0)
    gatedNodes.set(0)
    agents.set(0, "ready")
    agents.set(0, "starting")
    yieldingNodes.set(0)
    pods.set(0)
    for gauge in ofPrepulls + [queueDepth] { gauge.retain { _ in false } }
  }

  /// Removes all series of Prepulls that are gone.
  ///
  /// - Parameter prepulls: `namespace/name` of those that are there.
  package func retain(prepulls: Set<String>) {
    for gauge in ofPrepulls { gauge.retain { prepulls.contains($0[0]) } }
  }

  /// Removes all series of images that no Prepull wants any more.
  package func retain(images: Set<String>) {
    pullDuration.retain { images.contains($0[0]) }
    for counter in [pulledBytes, pullFailures, secondsSaved] { counter.retain { images.contains($0[0]) } }
    imageNodes.retain { images.contains($0[1]) }
  }
}

extension ControllerMetrics {
  /// Counts a request to the API server.
  package func count(_ request: RequestReport) {
    apiRequests.add(1, request.verb, request.resource, "\(request.status ?? 0)")
  }

  /// Counts an object that could not be read.
  package func count(_ object: SkippedObject) { skippedObjects.add(1, object.resource) }
}
