import Documents
import KubeAPIServer
import Testing

/// What `kubectl get` prints of each kind: the columns and cells of Kubernetes 1.36.
@Suite("API server: tables", .timeLimit(.minutes(5))) struct KubectlTableTests {
  private static let template: JSON = [
    "metadata": ["labels": ["app": "a"]],
    "spec": ["restartPolicy": "Never", "containers": [["name": "main", "image": "web:1"]]],
  ]

  /// Objects with the header and the cells that are printed of each, `-o wide`, without ages.
  private static let tables: [(object: JSON, header: String, cells: String)] = [
    (
      [
        "apiVersion": "batch/v1", "kind": "Job", "spec": ["completions": 3, "template": template],
        "status": ["succeeded": 1, "startTime": "2026-01-01T00:00:00Z"],
      ], "NAME STATUS COMPLETIONS DURATION AGE CONTAINERS IMAGES SELECTOR", "a Running 1/3 * * main web:1 *"
    ),
    (
      [
        "apiVersion": "batch/v1", "kind": "CronJob",
        "spec": ["schedule": "@daily", "suspend": false, "jobTemplate": ["spec": ["template": template]]],
      ], "NAME SCHEDULE TIMEZONE SUSPEND ACTIVE LAST|SCHEDULE AGE CONTAINERS IMAGES SELECTOR",
      "a @daily <none> False 0 <none> * main web:1 <none>"
    ),
    (
      [
        "apiVersion": "apps/v1", "kind": "StatefulSet",
        "spec": [
          "replicas": 2, "serviceName": "a", "selector": ["matchLabels": ["app": "a"]], "template": alwaysTemplate,
        ],
      ], "NAME READY AGE CONTAINERS IMAGES", "a 0/2 * main web:1"
    ),
    (
      [
        "apiVersion": "v1", "kind": "Service",
        "spec": [
          "type": "NodePort", "clusterIP": "10.0.0.9", "selector": ["app": "a"],
          "ports": [["port": 80, "nodePort": 30080, "protocol": "TCP"], ["port": 53, "protocol": "UDP"]],
        ],
      ], "NAME TYPE CLUSTER-IP EXTERNAL-IP PORT(S) AGE SELECTOR",
      "a NodePort 10.0.0.9 <none> 80:30080/TCP,53/UDP * app=a"
    ),
    (
      [
        "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
        "endpoints": [["addresses": ["10.0.0.1"]]],
      ], "NAME ADDRESSTYPE PORTS ENDPOINTS AGE", "a IPv4 <unset> 10.0.0.1 *"
    ),
    (
      [
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "spec": ["podSelector": ["matchExpressions": [["key": "tier", "operator": "In", "values": ["b", "a"]]]]],
      ], "NAME POD-SELECTOR AGE", "a tier in (a,b) *"
    ),
    (
      [
        "apiVersion": "policy/v1", "kind": "PodDisruptionBudget",
        "spec": ["minAvailable": "50%", "selector": ["matchLabels": ["app": "a"]]],
      ], "NAME MIN|AVAILABLE MAX|UNAVAILABLE ALLOWED|DISRUPTIONS AGE", "a 50% N/A 0 *"
    ),
    (
      ["apiVersion": "v1", "kind": "ConfigMap", "data": ["one": "1"], "binaryData": ["two": "Mg=="]], "NAME DATA AGE",
      "a 2 *"
    ),
    (["apiVersion": "v1", "kind": "Secret", "data": ["one": "MQ=="]], "NAME TYPE DATA AGE", "a Opaque 1 *"),
    (["apiVersion": "v1", "kind": "ServiceAccount"], "NAME SECRETS AGE", "a 0 *"),
    (
      ["apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "spec": ["holderIdentity": "me"]], "NAME HOLDER AGE",
      "a me *"
    ),
    (
      ["apiVersion": "v1", "kind": "LimitRange", "spec": ["limits": [["type": "Pod", "max": ["cpu": "1"]]]]],
      "NAME CREATED|AT", "a *"
    ),
    (
      ["apiVersion": "v1", "kind": "ResourceQuota", "spec": ["hard": ["pods": "9", "limits.cpu": "2"]]],
      "NAME REQUEST LIMIT AGE", "a pods: 0/9 limits.cpu: 0/2 *"
    ),
    (
      ["apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "rules": []], "NAME CREATED|AT", "a *"
    ),
    (
      [
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
        "roleRef": ["apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"],
        "subjects": [
          ["kind": "User", "name": "eve", "apiGroup": "rbac.authorization.k8s.io"],
          ["kind": "ServiceAccount", "name": "bot", "namespace": "web"],
        ],
      ], "NAME ROLE AGE USERS GROUPS SERVICEACCOUNTS", "a ClusterRole/view * eve web/bot"
    ),
    (
      ["apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "value": 7],
      "NAME VALUE GLOBAL-DEFAULT AGE PREEMPTIONPOLICY", "a 7 false * PreemptLowerPriority"
    ),
    (
      [
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy",
        "spec": [
          "validations": [["expression": "true"]],
          "matchConstraints": [
            "resourceRules": [
              ["apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]]
            ]
          ],
        ],
      ], "NAME VALIDATIONS PARAMKIND AGE", "a 1 <unset> *"
    ),
    (
      [
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicyBinding",
        "spec": ["policyName": "p", "validationActions": ["Deny"], "paramRef": ["name": "x"]],
      ], "NAME POLICYNAME PARAMREF AGE", "a p */x *"
    ),
  ]

  private static var alwaysTemplate: JSON {
    var template = template
    template[path: "spec", "restartPolicy"] = "Always"
    return template
  }

  @Test("Each kind has the columns that it has in a cluster, and what they say")
  func columns() async throws {
    let store = Store()
    for (object, _, _) in Self.tables {
      let kind = object["kind"]?.string ?? ""
      let definition = try #require(store.definitions.first { $0.kind == kind }, "\(kind)")
      var object = object
      object["metadata"] = definition.isNamespaced ? ["name": "a", "namespace": "default"] : ["name": "a"]
      try store.create(object, as: definition.name)
      if let status = object["status"] {
        try store.modify(definition.name, namespace: "default", name: "a", subresource: .status) {
          $0["status"] = status
        }
      }
    }
    try await Kubectl.with(store: store) { kubectl, _ in
      for (object, header, cells) in Self.tables {
        let kind = object["kind"]?.string?.lowercased() ?? ""
        let outcome = try await kubectl.sh("kubectl get \(kind) a -o wide")
        let lines = outcome.output.split(separator: "\n")
        #expect(
          lines.first?.split(separator: " ").joined(separator: " ") == header.replacing("|", with: " "), "\(kind)")
        let words = (lines.last ?? "").split(separator: " ").map(String.init)
        let wanted = cells.split(separator: " ").map(String.init)
        #expect(
          words.count == wanted.count && zip(words, wanted).allSatisfy { $1 == "*" || $0 == $1 }, "\(words) of \(kind)")
      }
    }
  }

  @Test("A Job's status is told as its conditions say")
  func jobs() async throws {
    let store = Store()
    let jobs = ResourceName(group: "batch", plural: "jobs")
    let job: JSON = [
      "metadata": ["name": "a", "namespace": "default"], "spec": ["parallelism": 4, "template": Self.template],
    ]
    try store.create(job, as: jobs)
    try await Kubectl.with(store: store) { kubectl, _ in
      for (condition, status, word) in [
        ("Suspended", "True", "Suspended"), ("Suspended", "False", "Running"),
        ("FailureTarget", "True", "FailureTarget"),
        ("Failed", "True", "Failed"), ("Complete", "True", "Complete"),
      ] {
        try store.modify(jobs, namespace: "default", name: "a", subresource: .status) {
          $0["status"] = [
            "startTime": "2026-01-01T00:00:00Z", "completionTime": "2026-01-01T00:01:05Z",
            "conditions": [["type": .string(condition), "status": .string(status)]],
          ]
        }
        let outcome = try await kubectl.sh("kubectl get jobs --no-headers")
        #expect(outcome.output.hasPrefix("a     \(word)   0/1 of 4   65s"), "\(outcome.output)\(outcome.error)")
      }
    }
  }
}
