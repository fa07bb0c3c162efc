import Commands
import Kubernetes
import Logging
import PrepullAPI
import Workloads

/// What a cluster knows of the images of a check, besides its nodes: its Prepulls and workloads, and what its service
/// accounts add to the pods of all workloads.
struct CheckCluster: Sendable {
  struct NamedPrepull: Sendable {
    let name: String
    let spec: Prepull.Spec
    /// What the operator found that workloads use; it is there before the first node is warm.
    let discovered: [String]
    /// Those that give nothing now, and those that have not said anything yet.
    let sources: [Prepull.SourceStatus]
  }

  /// Of what has none of its own.
  let namespace: String
  private(set) var prepulls: [NamedPrepull] = []
  /// Those of the files, then those of the cluster, all with what the cluster adds.
  private(set) var workloads: [CheckInput.Workload] = []
  /// Lines for the user.
  private(set) var remarks: [String] = []

  /// What to read of the cluster.
  struct Names: Sendable {
    var prepulls: [String]
    var workloads: [WorkloadName]
    /// Whether a cluster that refuses an answer is an error, and not only less to tell.
    var isNeeded: Bool
  }

  /// Reads what is named, and completes it and the workloads of files.
  init(
    _ names: Names, completing files: [CheckInput.Workload], client: KubernetesClient, logger: Logger
  ) async throws {
    namespace = client.configuration.namespace
    for name in names.prepulls {
      let prepull = try await client.get(Prepull.self, name, in: namespace)
      prepulls.append(
        NamedPrepull(
          name: name, spec: prepull.spec, discovered: (prepull.status?.images ?? []).map(\.image),
          sources: (prepull.status?.sources ?? []).filter { $0.reason != nil || $0.images == nil }))
    }
    let reader = WorkloadReader(client: client)
    workloads = files
    for name in names.workloads {
      workloads.append(.init(template: try await reader.template(of: name, in: namespace), origin: .cluster))
    }
    try await complete(by: reader, isNeeded: names.isNeeded, logger)
  }

  private mutating func complete(by reader: WorkloadReader, isNeeded: Bool, _ logger: Logger) async throws {
    // Many workloads, few service accounts: each is asked for once.
    var known: [String: [String]] = [:]
    for index in workloads.indices {
      var template = workloads[index].template
      let isOfCluster = workloads[index].origin == .cluster
      let account = "\(template.namespace ?? namespace)/\(template.serviceAccount)"
      if template.runtimeClass == nil, let secrets = known[account] {
        if template.pullSecrets.isEmpty { workloads[index].template.pullSecrets = secrets }
        continue
      }
      let hadSecrets = !template.pullSecrets.isEmpty
      do {
        let remarks = try await reader.complete(&template, in: template.namespace ?? namespace)
        // Of what is not applied yet, the account may be missing too.
        if isOfCluster { self.remarks += remarks }
      } catch let error as APIError where !isOfCluster && !isNeeded {
        // The nodes will be asked next, and that tells the same.
        logger.debug("workload not completed", metadata: ["error": "\(error.code)"])
      }
      workloads[index].template = template
      if !hadSecrets { known[account] = template.pullSecrets }
    }
  }
}
