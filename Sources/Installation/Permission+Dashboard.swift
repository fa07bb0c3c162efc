extension Permission {
  /// What the page inside the cluster may do, in the whole cluster: it changes nothing. Whose token it is shown, and what
  /// that user may see, it asks the API server.
  package static let dashboard = [
    Permission(
      group: "", resources: ["nodes"], verbs: ["list", "watch"],
      purpose: "The rows of the page, and how many nodes hold what pods use."),
    Permission(
      group: "prepull.dev", resources: ["prepulls", "warmnodes"], verbs: ["list", "watch"],
      purpose: "What is wanted, and what nodes hold."),
    Permission(
      group: "", resources: ["pods", "events"], verbs: ["list", "watch"],
      purpose: "Runs and their failures; what pods use and how long they waited (`Cost`)."),
    Permission(
      group: "apps", resources: ["daemonsets"], verbs: ["list", "watch"],
      purpose: "DaemonSets of `run --keep`; what they start next (`Cost`)."),
    Permission(
      group: "apps", resources: ["deployments", "statefulsets"], verbs: ["list"],
      purpose: "What workloads start next (`Cost`)."),
    Permission(
      group: "batch", resources: ["cronjobs", "jobs"], verbs: ["list"], purpose: "What workloads start next (`Cost`)."),
    Permission(
      group: "", resources: ["namespaces"], verbs: ["list"],
      purpose: "Ask in which of them somebody may list pods (`Cost`)."),
    Permission(
      group: "authentication.k8s.io", resources: ["tokenreviews"], verbs: ["create"],
      purpose: "Tell whose token it is shown."),
    Permission(
      group: "authorization.k8s.io", resources: ["subjectaccessreviews"], verbs: ["create"],
      purpose: "Ask what that user may list."),
  ]

  /// For people who look at the page, beside `view` in their namespaces; bound to nobody.
  package static let dashboardViewers = [
    Permission(
      group: "", resources: ["nodes"], verbs: ["get", "list", "watch"], purpose: "See the rows of the page."),
    Permission(
      group: "prepull.dev", resources: ["warmnodes"], verbs: ["get", "list", "watch"],
      purpose: "See what nodes hold of what one may see."),
  ]
}
