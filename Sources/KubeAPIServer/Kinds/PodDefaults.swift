import Documents

/// What the API server fills in for pods and for the workloads that hold a pod's template.
///
/// Source: `pkg/apis/core/v1/defaults.go`, `pkg/apis/apps/v1/defaults.go`, `pkg/apis/batch/v1/defaults.go`.
enum PodDefaults {
  static func pod(_ pod: inout JSON) {
    guard var spec = pod["spec"], spec.object != nil else { return }
    pod["spec"] = .null
    self.spec(&spec)
    set(&spec, "serviceAccountName", "default")
    set(&spec, "serviceAccount", spec["serviceAccountName"] ?? "default")
    set(&spec, "enableServiceLinks", true)
    set(&spec, "preemptionPolicy", "PreemptLowerPriority")
    set(&spec, "priority", 0)
    tolerate(&spec)
    requestLimits(&spec)
    pod["spec"] = spec
  }

  /// Of a pod and of a pod's template.
  private static func spec(_ spec: inout JSON) {
    set(&spec, "restartPolicy", "Always")
    set(&spec, "dnsPolicy", "ClusterFirst")
    set(&spec, "schedulerName", "default-scheduler")
    set(&spec, "terminationGracePeriodSeconds", 30)
    set(&spec, "securityContext", [:])
    for list in ["containers", "initContainers"] {
      guard let containers = spec[list]?.array else { continue }
      spec[list] = .array(containers.map(container))
    }
    if let volumes = spec["volumes"]?.array { spec["volumes"] = .array(volumes.map(volume)) }
  }

  private static func container(_ container: JSON) -> JSON {
    guard container.object != nil else { return container }
    var container = container
    set(&container, "terminationMessagePath", "/dev/termination-log")
    set(&container, "terminationMessagePolicy", "File")
    set(&container, "resources", [:])
    set(&container, "imagePullPolicy", pullPolicy(container["image"]?.string ?? ""))
    if let ports = container["ports"]?.array {
      container["ports"] = .array(
        ports.map { port in
          var port = port
          set(&port, "protocol", "TCP")
          return port
        })
    }
    for probe in ["livenessProbe", "readinessProbe", "startupProbe"] where container[probe]?.object != nil {
      for (key, value) in ["timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3]
      where container[path: probe, key] == nil {
        container[path: probe, key] = .integer(Int64(value))
      }
      if container[path: probe, "httpGet"] != nil, container[path: probe, "httpGet", "scheme"] == nil {
        container[path: probe, "httpGet", "scheme"] = "HTTP"
      }
    }
    if let variables = container["env"]?.array {
      container["env"] = .array(
        variables.map { variable in
          var variable = variable
          if variable[path: "valueFrom", "fieldRef"] != nil,
            variable[path: "valueFrom", "fieldRef", "apiVersion"] == nil
          {
            variable[path: "valueFrom", "fieldRef", "apiVersion"] = "v1"
          }
          return variable
        })
    }
    return container
  }

  /// `Always` for the tag `latest` or none, unless a digest is given.
  private static func pullPolicy(_ image: String) -> JSON {
    if image.contains("@") { return "IfNotPresent" }
    let last = image.split(separator: "/", omittingEmptySubsequences: false).last ?? ""
    let tag = last.split(separator: ":", omittingEmptySubsequences: false).dropFirst().first
    return tag == nil || tag == "latest" ? "Always" : "IfNotPresent"
  }

  private static func volume(_ volume: JSON) -> JSON {
    var volume = volume
    if volume.object?.allSatisfy({ $0.key == "name" || $0.value == .null }) == true { volume["emptyDir"] = [:] }
    for source in ["configMap", "secret", "projected", "downwardAPI"] where volume[source]?.object != nil {
      if volume[path: source, "defaultMode"] == nil { volume[path: source, "defaultMode"] = 420 }
    }
    if volume["hostPath"]?.object != nil, volume[path: "hostPath", "type"] == nil {
      volume[path: "hostPath", "type"] = ""
    }
    return volume
  }

  /// The admission plugin DefaultTolerationSeconds.
  private static func tolerate(_ spec: inout JSON) {
    var tolerations = spec["tolerations"]?.array ?? []
    for key in ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"] {
      let isTolerated = tolerations.contains { toleration in
        let name = toleration["key"]?.string ?? ""
        let effect = toleration["effect"]?.string ?? ""
        return (name == key || name.isEmpty) && (effect == "NoExecute" || effect.isEmpty)
      }
      if isTolerated { continue }
      tolerations.append([
        "key": .string(key), "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300,
      ])
    }
    spec["tolerations"] = .array(tolerations)
  }

  /// Requests that were left out are the limits.
  private static func requestLimits(_ spec: inout JSON) {
    for list in ["containers", "initContainers"] {
      guard var containers = spec[list]?.array else { continue }
      for index in containers.indices {
        for (resource, limit) in containers[index][path: "resources", "limits"]?.object ?? [:]
        where containers[index][path: "resources", "requests", resource] == nil {
          containers[index][path: "resources", "requests", resource] = limit
        }
      }
      spec[list] = .array(containers)
    }
  }

  /// `BestEffort`, `Burstable` or `Guaranteed`.
  static func qualityOfService(_ pod: JSON) -> String {
    let containers =
      (pod[path: "spec", "containers"]?.array ?? []) + (pod[path: "spec", "initContainers"]?.array ?? [])
    let counted = ["cpu", "memory"]
    func amounts(_ container: JSON, _ kind: String) -> [String: JSON] {
      (container[path: "resources", kind]?.object ?? [:]).filter { counted.contains($0.key) }
    }
    if containers.allSatisfy({ amounts($0, "requests").isEmpty && amounts($0, "limits").isEmpty }) {
      return "BestEffort"
    }
    let isGuaranteed = containers.allSatisfy {
      amounts($0, "limits").count == 2 && amounts($0, "limits") == amounts($0, "requests")
    }
    return isGuaranteed ? "Guaranteed" : "Burstable"
  }

  static func set(_ object: inout JSON, _ key: String, _ value: JSON) {
    if object[key] == nil || object[key] == .null { object[key] = value }
  }

  static func template(_ object: inout JSON, _ path: String...) {
    guard var template = object[path: path[...]], var spec = template["spec"], spec.object != nil else { return }
    self.spec(&spec)
    if spec["serviceAccountName"] != nil { set(&spec, "serviceAccount", spec["serviceAccountName"] ?? .null) }
    template["spec"] = spec
    set(&template, "metadata", [:])
    object[path: path[...]] = template
  }
}
