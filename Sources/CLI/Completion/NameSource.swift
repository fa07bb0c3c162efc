import ArgumentParser
import Commands
import Foundation
import Kubernetes
import Logging
import Networking
import PrepullAPI
import Warming
import Workloads

/// Asks the kubeconfig and the cluster for names to complete. What cannot be asked has none: a shell shows no errors.
struct NameSource {
  /// A shell waits for it.
  private static let timeout = Duration.seconds(3)

  /// The words of the command line before the one that is typed; its options say which cluster is meant.
  let words: [String]
  var environment = ProcessInfo.processInfo.environment

  /// The names that begin as `prefix`, in their order.
  func names(_ kind: NameKind, prefix: String) async -> [String] {
    guard let options = Self.options(in: words) else { return [] }
    switch kind {
    case .context: return matching(kubeconfig(options)?.contexts?.map(\.name), prefix)
    case .cluster: return matching(kubeconfig(options)?.clusters?.map(\.name), prefix)
    case .user: return matching(kubeconfig(options)?.users?.map(\.name), prefix)
    case .namespace:
      return matching(
        await ask(options) { client in
          try await client.names(of: DynamicResource(apiVersion: "v1", plural: "namespaces", isNamespaced: false))
        }, prefix)
    case .node:
      // Several stand in one word, with commas between.
      let head = prefix.lastIndex(of: ",").map { String(prefix[...$0]) } ?? ""
      let nodes = await ask(options) { client in
        try await client.names(of: DynamicResource(apiVersion: "v1", plural: "nodes", isNamespaced: false))
      }
      return matching(nodes.map { head + $0 }, prefix)
    case .workload: return await workloads(prefix, options)
    case .prepull:
      return matching(await ask(options) { try await Self.prepulls($0) }, prefix)
    case .kept:
      return matching(
        await ask(options) { client in
          let sets = DynamicResource(apiVersion: "apps/v1", plural: "daemonsets")
          let namespace = client.configuration.namespace
          let kept = (try? await client.labels(of: sets, in: namespace, labels: RunObjects.Key.ours)) ?? []
          let names = kept.compactMap { $0[RunObjects.Key.instance] }
          return names + ((try? await Self.prepulls(client)) ?? [])
        }, prefix)
    }
  }

  private static func prepulls(_ client: KubernetesClient) async throws -> [String] {
    try await client.names(of: DynamicResource(Prepull.self), in: client.configuration.namespace)
  }

  /// `deployment/` and so on first, then the names behind it.
  private func workloads(_ prefix: String, _ options: ClusterOptions) async -> [String] {
    guard let slash = prefix.firstIndex(of: "/") else {
      return matching(WorkloadKind.nameable.map { "\($0.singular)/" }, prefix)
    }
    let written = prefix[..<slash]
    guard let kind = WorkloadKind(named: written) else { return [] }
    let names = await ask(options) { client in
      try await client.names(
        of: DynamicResource(apiVersion: kind.apiVersion, plural: kind.plural), in: client.configuration.namespace)
    }
    return matching(names.map { "\(written)/\($0)" }, prefix)
  }

  private func matching(_ names: [String]?, _ prefix: String) -> [String] {
    Set((names ?? []).filter { $0.hasPrefix(prefix) && !$0.contains(where: \.isWhitespace) }).sorted()
  }

  // MARK: Asking

  private func kubeconfig(_ options: ClusterOptions) -> Kubeconfig? {
    try? Kubeconfig.load(
      explicit: options.kubeconfig, environment: environment, decode: ClusterOptions.kubeconfig)
  }

  private func ask(
    _ options: ClusterOptions, _ body: @escaping @Sendable (KubernetesClient) async throws -> [String]
  ) async -> [String] {
    guard let configuration = try? options.configuration(environment: environment) else { return [] }
    let logger = Logger(label: "prepull") { _ in SwiftLogNoOpLogHandler() }
    guard let client = try? KubernetesClient(configuration, notice: { _ in }, logger: logger) else { return [] }
    let names = try? await client.closed { try await withTimeLimit(Self.timeout) { try await body(client) } }
    return names ?? []
  }

  /// The cluster options among the words; nil when they are none that can be read.
  static func options(in words: [String]) -> ClusterOptions? {
    let valued: Set = [
      "--kubeconfig", "--context", "--cluster", "--user", "--namespace", "-n", "--server", "-s", "--token", "--as",
      "--as-group", "--as-uid", "--certificate-authority", "--tls-server-name", "--request-timeout",
    ]
    var picked: [String] = []
    var rest = words[...]
    while let word = rest.popFirst() {
      let name = word.prefix { $0 != "=" }
      if word == "--insecure-skip-tls-verify" {
        picked.append(word)
      } else if valued.contains(String(name)) {
        picked.append(word)
        guard name.endIndex == word.endIndex else { continue }
        if let value = rest.popFirst() {
          picked.append(value)
        } else {
          // Its value is what is being typed.
          picked.removeLast()
        }
      }
    }
    return try? ClusterOptions.parse(picked)
  }
}
