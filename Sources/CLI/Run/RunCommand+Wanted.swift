import ArgumentParser
import Commands
import Foundation
import Kubernetes
import Warming
import Workloads

/// What the options of `prepull run` stand for.
extension RunCommand {
  /// What the options stand for, with what the cluster adds to its workloads.
  func wanted(
    _ given: [ImageArguments.Given], _ ofFiles: WorkloadSet, _ choice: NodeChoice, _ client: KubernetesClient
  ) async throws -> RunSession.Wanted {
    let namespace = try usage { try self.namespace(of: ofFiles, client) }
    let (workloads, remarks) = try await workloadOptions.loaded(
      ofFiles, client: client, namespace: namespace)
    let (images, repeated) = try imageArguments.wanted(given, and: try usage { try workloads.references() })
    if !quiet {
      let notes = repeated.map { "\($0) names an image that is in the list already" } + remarks
      let console = Console.standardError
      console.write(lines: console.wrapped(notes.map { "note: \($0)" }))
    }
    var request = RunRequest(images: images, namespace: namespace)
    request.name = name
    request.nodes = choice
    request.nodes.narrow(to: workloads)
    if let parallelism { request.parallelism = parallelism }
    request.maxFailures = maxFailures
    request.seeds = seeds ?? 0
    request.timeout = timeout?.duration
    request.notAfter = notAfter.map { .seconds($0.date.timeIntervalSinceNow) }
    if let limit = nodeTimeout { (request.nodeTimeout, request.windowsTimeout) = (limit.duration, limit.duration) }
    request.policy = policy
    for secret in pullSecret + workloads.pullSecrets where !request.pullSecrets.contains(secret) {
      request.pullSecrets.append(secret)
    }
    request.placement = placement == .direct ? .nodeName : .affinity
    request.priorityClass = priorityClass
    request.template = try podOptions.template()
    return RunSession.Wanted(
      request: request, tolerations: try nodeOptions.tolerations() + workloads.tolerations,
      maxUnavailable: try (keep ? parallelism : nil).map { limit in
        try usage { try IntOrString(maxUnavailable: "\(limit)") }
      }, notAfter: notAfter)
  }

  /// The namespace of the workloads in files, which the option must not contradict, else the one of the context.
  private func namespace(of ofFiles: WorkloadSet, _ client: KubernetesClient) throws -> String {
    guard let own = try ofFiles.namespace() else { return client.configuration.namespace }
    if let given = clusterOptions.namespace, given != own {
      throw ValidationError("the workload is in the namespace \(own), not in \(given): leave out --namespace")
    }
    return own
  }
}
