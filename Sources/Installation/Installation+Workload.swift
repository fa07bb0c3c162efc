import Documents

/// What runs, and what surrounds it.
extension Installation {
  /// Where `/metrics`, `/healthz` and `/readyz` are served and, for agents, logins by their tokens.
  private var ports: [(name: String, port: Int64)] { [("http", 8080)] + (agent == nil ? [] : [("tokens", 8443)]) }

  var workload: [JSON] {
    authoritiesObjects + [service, deployment, disruptionBudget, networkPolicy]
      + (hasServiceMonitor ? [serviceMonitor] : [])
  }

  var namespaceObject: JSON {
    var object = object("v1", "Namespace", namespace)
    for mode in ["enforce", "audit", "warn"] {
      object[path: "metadata", "labels", "pod-security.kubernetes.io/\(mode)"] = "restricted"
    }
    return object
  }

  var deployment: JSON {
    var deployment = object("apps/v1", "Deployment", in: namespace)
    deployment["spec"] = [
      "replicas": .integer(Int64(replicas)), "selector": ["matchLabels": Self.labels],
      "template": ["metadata": ["labels": Self.labels], "spec": pod],
    ]
    return deployment
  }

  private var pod: JSON {
    var pod: JSON = [
      "serviceAccountName": .string(Self.name), "automountServiceAccountToken": true, "enableServiceLinks": false,
      "containers": [container], "terminationGracePeriodSeconds": 30,
      "securityContext": [
        "runAsNonRoot": true, "runAsUser": 65532, "runAsGroup": 65532, "seccompProfile": ["type": "RuntimeDefault"],
      ],
      "nodeSelector": .object(
        nodeSelector.mapValues(JSON.string).merging(["kubernetes.io/os": "linux"]) { given, _ in given }),
      "topologySpreadConstraints": [
        [
          "maxSkew": 1, "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "ScheduleAnyway",
          "labelSelector": ["matchLabels": Self.labels],
        ]
      ],
    ]
    let tolerations = (opensGates ? gateTaints.map(Self.toleration) : []) + tolerations
    if !tolerations.isEmpty { pod["tolerations"] = .array(tolerations) }
    if !pullSecrets.isEmpty { pod["imagePullSecrets"] = .array(pullSecrets.map { ["name": .string($0)] }) }
    pod["priorityClassName"] = priorityClass.map(JSON.string)
    if let (name, key) = authoritiesSource {
      let items: JSON = [["key": .string(key), "path": .string(Self.authoritiesKey)]]
      pod["volumes"] = [["name": "ca", "configMap": ["name": .string(name), "items": items]]]
    }
    return pod
  }

  private static func toleration(of taint: String) -> JSON { ["key": .string(taint), "operator": "Exists"] }

  private static let authoritiesFolder = "/etc/prepull/ca"

  /// Which key of which ConfigMap has further authorities.
  private var authoritiesSource: (name: String, key: String)? {
    switch authorities {
    case nil: nil
    case .text: ("\(Self.name)-ca", Self.authoritiesKey)
    case .configMap(let name, let key): (name, key)
    }
  }

  private var authoritiesObjects: [JSON] {
    guard case .text(let text) = authorities else { return [] }
    var map = object("v1", "ConfigMap", "\(Self.name)-ca", in: namespace)
    map["data"] = .object([Self.authoritiesKey: .string(text)])
    return [map]
  }

  private var container: JSON {
    let hasAuthorities = authorities != nil
    let trust = hasAuthorities ? ["--ca-file=\(Self.authoritiesFolder)/\(Self.authoritiesKey)"] : []
    let agents = agent == nil ? [] : ["--agent-namespace=\(Self.agentName)"]
    let variables: [JSON] = environment.map { ["name": .string($0.name), "value": .string($0.value)] }
    // Its name in the Lease and in Events.
    let name: JSON = ["name": "POD_NAME", "valueFrom": ["fieldRef": ["fieldPath": "metadata.name"]]]
    var container: JSON = [
      "name": "controller", "image": .string(image), "command": ["prepulld"],
      "args": .array((["controller", "--log-format=json"] + trust + agents + arguments).map(JSON.string)),
      "env": .array([name] + variables),
      "ports": .array(ports.map { ["name": .string($0.name), "containerPort": .integer($0.port)] }),
      "livenessProbe": Self.probe("/healthz", failures: 6), "readinessProbe": Self.probe("/readyz", failures: 3),
      "resources": resources,
      "securityContext": [
        "allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "capabilities": ["drop": ["ALL"]],
      ],
    ]
    if hasAuthorities {
      container["volumeMounts"] = [["name": "ca", "mountPath": .string(Self.authoritiesFolder), "readOnly": true]]
    }
    return container
  }

  static func probe(_ path: String, failures: Int64) -> JSON {
    [
      "httpGet": ["path": .string(path), "port": "http"], "periodSeconds": 10, "timeoutSeconds": 5,
      "failureThreshold": .integer(failures),
    ]
  }

  var service: JSON {
    var service = object("v1", "Service", in: namespace)
    service["spec"] = [
      "selector": Self.labels,
      "ports": .array(
        ports.map { ["name": .string($0.name), "port": .integer($0.port), "targetPort": .string($0.name)] }),
    ]
    return service
  }

  var disruptionBudget: JSON {
    var budget = object("policy/v1", "PodDisruptionBudget", in: namespace)
    budget["spec"] = ["maxUnavailable": 1, "selector": ["matchLabels": Self.labels]]
    return budget
  }

  /// Nothing comes in but to the one port. What goes out is the API server and whatever registries the images name.
  var networkPolicy: JSON {
    var policy = object("networking.k8s.io/v1", "NetworkPolicy", in: namespace)
    policy["spec"] = [
      "podSelector": ["matchLabels": Self.labels], "policyTypes": ["Ingress"],
      "ingress": [["ports": .array(ports.map { ["port": .string($0.name), "protocol": "TCP"] })]],
    ]
    return policy
  }

  var serviceMonitor: JSON {
    var monitor = object("monitoring.coreos.com/v1", "ServiceMonitor", in: namespace)
    monitor["spec"] = ["selector": ["matchLabels": Self.labels], "endpoints": [["port": "http"]]]
    return monitor
  }
}
