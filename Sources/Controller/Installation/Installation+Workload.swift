import Documents

/// What runs, and what surrounds it.
extension Installation {
  /// Where `/metrics`, `/healthz` and `/readyz` are served.
  private static let port: JSON = 8080

  var workload: [JSON] {
    [service, deployment, disruptionBudget, networkPolicy] + (hasServiceMonitor ? [serviceMonitor] : [])
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
    return pod
  }

  private static func toleration(of taint: String) -> JSON { ["key": .string(taint), "operator": "Exists"] }

  private var container: JSON {
    [
      "name": "controller", "image": .string(image), "command": ["prepull"],
      "args": .array((["controller", "--log-format=json"] + arguments).map(JSON.string)),
      // Its name in the Lease and in Events.
      "env": [["name": "POD_NAME", "valueFrom": ["fieldRef": ["fieldPath": "metadata.name"]]]],
      "ports": [["name": "http", "containerPort": Self.port]],
      "livenessProbe": probe("/healthz", failures: 6), "readinessProbe": probe("/readyz", failures: 3),
      "resources": resources,
      "securityContext": [
        "allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "capabilities": ["drop": ["ALL"]],
      ],
    ]
  }

  private func probe(_ path: String, failures: Int64) -> JSON {
    [
      "httpGet": ["path": .string(path), "port": "http"], "periodSeconds": 10, "timeoutSeconds": 5,
      "failureThreshold": .integer(failures),
    ]
  }

  var service: JSON {
    var service = object("v1", "Service", in: namespace)
    service["spec"] = [
      "selector": Self.labels, "ports": [["name": "http", "port": Self.port, "targetPort": "http"]],
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
      "ingress": [["ports": [["port": "http", "protocol": "TCP"]]]],
    ]
    return policy
  }

  var serviceMonitor: JSON {
    var monitor = object("monitoring.coreos.com/v1", "ServiceMonitor", in: namespace)
    monitor["spec"] = ["selector": ["matchLabels": Self.labels], "endpoints": [["port": "http"]]]
    return monitor
  }
}
