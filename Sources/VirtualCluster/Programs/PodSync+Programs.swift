import Documents
import KubeAPIServer

/// Containers whose program this process runs.
extension PodSync {
  /// Whether any container does.
  var hasProgram: Bool { plan.containers.contains { kubelet.programs.program(of: $0) != nil } }

  /// Looks at programs so often.
  static let programTick = Duration.milliseconds(100)

  /// Starts the program of a container that was just created; nil where it runs none of ours.
  func startProgram(_ container: PodPlan.Container) -> ProgramProcess? {
    let programs = kubelet.programs
    guard let (program, arguments) = programs.program(of: container),
      let pod = kubelet.store.get(.pods, namespace: plan.namespace, name: plan.name), pod.uid == plan.uid,
      let spec = pod[path: "spec", "containers"]?.array?.first(where: { $0["name"]?.string == container.name })
    else { return nil }
    let log = programs.log(pod: plan.uid, container: container.name)
    let variables = environment(spec, pod)
    let run = ContainerRun(
      namespace: plan.namespace, pod: plan.name, podUID: plan.uid, node: plan.nodeName, container: container.name,
      podIP: document.podIP, arguments: arguments.map { Self.expand($0, variables) }, environment: variables,
      configuration: programs.configuration(spec, pod), runtime: kubelet.images.backend.place,
      platform: kubelet.template.platform, token: { programs.token(at: $0, spec, pod) },
      address: { [store = kubelet.store] in Self.address(of: $0, in: store) },
      disk: { [images = kubelet.images] in await (images.usedBytes, images.diskBytes) }, print: { log.append($0) })
    let process = ProgramProcess(
      program, run,
      probe: ReadinessProbe(
        spec, address: document.podIP, recorder: recorder, fieldPath: container.fieldPath, pace: kubelet.pace))
    programs.start(process)
    return process
  }

  /// As cluster DNS and kube-proxy have it: of a pod that is ready and bears the labels that the Service selects.
  private static func address(of host: String, in store: Store) -> String? {
    let words = host.split(separator: ".").map(String.init)
    guard words.count >= 3, words[2] == "svc",
      let service = store.get(.services, namespace: words[1], name: words[0]),
      let labels = service[path: "spec", "selector"]?.object, !labels.isEmpty
    else { return nil }
    return store.list(.pods, namespace: words[1]).items.first { pod in
      let conditions = pod[path: "status", "conditions"]?.array ?? []
      return labels.allSatisfy { pod[path: "metadata", "labels", $0.key] == $0.value }
        && conditions.contains { $0["type"] == "Ready" && $0["status"] == "True" }
    }?[path: "status", "podIP"]?.string
  }

  private func environment(_ container: JSON, _ pod: JSON) -> [String: String] {
    var variables = ["HOSTNAME": plan.name, "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]
    for variable in container["env"]?.array ?? [] {
      guard let name = variable["name"]?.string else { continue }
      if let text = variable["value"]?.string {
        variables[name] = Self.expand(text, variables)
      } else if let field = variable[path: "valueFrom", "fieldRef", "fieldPath"]?.string {
        variables[name] = value(of: field, pod)
      }
    }
    return variables
  }

  /// The downward API.
  private func value(of field: String, _ pod: JSON) -> String {
    switch field {
    case "status.podIP": return document.podIP
    case "status.hostIP": return document.hostIP
    default: break
    }
    guard let bracket = field.firstIndex(of: "[") else {
      let path = field.split(separator: ".").map(String.init)
      return pod[path: path[...]]?.string ?? ""
    }
    let key = field[bracket...].dropFirst().dropLast().filter { $0 != "'" && $0 != "\"" }
    let path = field[..<bracket].split(separator: ".").map(String.init) + [String(key)]
    return pod[path: path[...]]?.string ?? ""
  }

  /// `$(NAME)` as the kubelet replaces it: only where the variable is known.
  private static func expand(_ text: String, _ variables: [String: String]) -> String {
    variables.reduce(text) { $0.replacing("$(\($1.key))", with: $1.value) }
  }

  /// Tells all programs to end, and waits for them as long as the grace period says.
  func stopPrograms() async {
    let processes = document.containers.compactMap(\.process).filter { $0.exitCode == nil }
    guard !processes.isEmpty else { return }
    for process in processes { process.stop() }
    let pod = kubelet.store.get(.pods, namespace: plan.namespace, name: plan.name)
    let grace =
      pod?[path: "metadata", "deletionGracePeriodSeconds"]?.integer
      ?? pod?[path: "spec", "terminationGracePeriodSeconds"]?.integer ?? 30
    let deadline = ContinuousClock.now + .seconds(grace)
    while processes.contains(where: { $0.exitCode == nil }), ContinuousClock.now < deadline {
      guard (try? await Task.sleep(for: .milliseconds(20))) != nil else { return }
    }
  }
}
