/// The messages that kubectl's typed clients send, by the numbers of `k8s.io/api`'s `generated.proto`.
///
/// Since 1.32 kubectl writes what it makes itself (`create configmap`, `auth can-i`, `drain`) in Protobuf.
enum ProtobufShapes {
  indirect enum Shape: Sendable {
    case string, integer, flag, bytes, time, quantity
    case message(String)
    case list(Shape)
    case map(Shape)
  }

  typealias Field = (name: String, shape: Shape)

  static let messages: [String: [Int: Field]] = [
    "ObjectMeta": [
      1: ("name", .string), 2: ("generateName", .string), 3: ("namespace", .string), 4: ("selfLink", .string),
      5: ("uid", .string), 6: ("resourceVersion", .string), 7: ("generation", .integer),
      8: ("creationTimestamp", .time), 9: ("deletionTimestamp", .time), 10: ("deletionGracePeriodSeconds", .integer),
      11: ("labels", .map(.string)), 12: ("annotations", .map(.string)),
      13: ("ownerReferences", .list(.message("OwnerReference"))), 14: ("finalizers", .list(.string)),
    ],
    "OwnerReference": [
      1: ("kind", .string), 3: ("name", .string), 4: ("uid", .string), 5: ("apiVersion", .string),
      6: ("controller", .flag), 7: ("blockOwnerDeletion", .flag),
    ],
    "ConfigMap": [
      1: ("metadata", .message("ObjectMeta")), 2: ("data", .map(.string)), 3: ("binaryData", .map(.bytes)),
      4: ("immutable", .flag),
    ],
    "Secret": [
      1: ("metadata", .message("ObjectMeta")), 2: ("data", .map(.bytes)), 3: ("type", .string),
      4: ("stringData", .map(.string)), 5: ("immutable", .flag),
    ],
    "Namespace": [
      1: ("metadata", .message("ObjectMeta")), 2: ("spec", .message("NamespaceSpec")),
      3: ("status", .message("NamespaceStatus")),
    ],
    "NamespaceSpec": [1: ("finalizers", .list(.string))],
    "NamespaceStatus": [1: ("phase", .string)],
    "ServiceAccount": [1: ("metadata", .message("ObjectMeta")), 4: ("automountServiceAccountToken", .flag)],
    "PolicyRule": [
      1: ("verbs", .list(.string)), 2: ("apiGroups", .list(.string)), 3: ("resources", .list(.string)),
      4: ("resourceNames", .list(.string)), 5: ("nonResourceURLs", .list(.string)),
    ],
    "Role": [1: ("metadata", .message("ObjectMeta")), 2: ("rules", .list(.message("PolicyRule")))],
    "ClusterRole": [
      1: ("metadata", .message("ObjectMeta")), 2: ("rules", .list(.message("PolicyRule"))),
      3: ("aggregationRule", .message("AggregationRule")),
    ],
    "AggregationRule": [1: ("clusterRoleSelectors", .list(.message("LabelSelector")))],
    "RoleBinding": [
      1: ("metadata", .message("ObjectMeta")), 2: ("subjects", .list(.message("Subject"))),
      3: ("roleRef", .message("RoleRef")),
    ],
    "ClusterRoleBinding": [
      1: ("metadata", .message("ObjectMeta")), 2: ("subjects", .list(.message("Subject"))),
      3: ("roleRef", .message("RoleRef")),
    ],
    "Subject": [1: ("kind", .string), 2: ("apiGroup", .string), 3: ("name", .string), 4: ("namespace", .string)],
    "RoleRef": [1: ("apiGroup", .string), 2: ("kind", .string), 3: ("name", .string)],
    "TokenRequest": [
      1: ("metadata", .message("ObjectMeta")), 2: ("spec", .message("TokenRequestSpec")),
      3: ("status", .message("Nothing")),
    ],
    "TokenRequestSpec": [
      1: ("audiences", .list(.string)), 3: ("boundObjectRef", .message("BoundObjectReference")),
      4: ("expirationSeconds", .integer),
    ],
    "BoundObjectReference": [
      1: ("kind", .string), 2: ("apiVersion", .string), 3: ("name", .string), 4: ("uid", .string),
    ],
    "DeleteOptions": [
      1: ("gracePeriodSeconds", .integer), 2: ("preconditions", .message("Preconditions")),
      3: ("orphanDependents", .flag), 4: ("propagationPolicy", .string), 5: ("dryRun", .list(.string)),
    ],
    "Preconditions": [1: ("uid", .string), 2: ("resourceVersion", .string)],
    "Eviction": [1: ("metadata", .message("ObjectMeta")), 2: ("deleteOptions", .message("DeleteOptions"))],
    "SelfSubjectAccessReview": [
      1: ("metadata", .message("ObjectMeta")), 2: ("spec", .message("SelfSubjectAccessReviewSpec")),
      3: ("status", .message("Nothing")),
    ],
    "SelfSubjectAccessReviewSpec": [
      1: ("resourceAttributes", .message("ResourceAttributes")),
      2: ("nonResourceAttributes", .message("NonResourceAttributes")),
    ],
    "ResourceAttributes": [
      1: ("namespace", .string), 2: ("verb", .string), 3: ("group", .string), 4: ("version", .string),
      5: ("resource", .string), 6: ("subresource", .string), 7: ("name", .string),
    ],
    "NonResourceAttributes": [1: ("path", .string), 2: ("verb", .string)],
    "SelfSubjectRulesReview": [
      1: ("metadata", .message("ObjectMeta")), 2: ("spec", .message("SelfSubjectRulesReviewSpec")),
      3: ("status", .message("Nothing")),
    ],
    "SelfSubjectRulesReviewSpec": [1: ("namespace", .string)],
    "SelfSubjectReview": [1: ("metadata", .message("ObjectMeta")), 2: ("status", .message("Nothing"))],
    "Deployment": [
      1: ("metadata", .message("ObjectMeta")), 2: ("spec", .message("DeploymentSpec")),
      3: ("status", .message("Nothing")),
    ],
    "DeploymentSpec": [
      1: ("replicas", .integer), 2: ("selector", .message("LabelSelector")),
      3: ("template", .message("PodTemplateSpec")), 4: ("strategy", .message("Strategy")),
      5: ("minReadySeconds", .integer), 6: ("revisionHistoryLimit", .integer), 7: ("paused", .flag),
    ],
    "Strategy": [1: ("type", .string)],
    "LabelSelector": [1: ("matchLabels", .map(.string))],
    "PodTemplateSpec": [1: ("metadata", .message("ObjectMeta")), 2: ("spec", .message("PodSpec"))],
    "PodSpec": [
      2: ("containers", .list(.message("Container"))), 3: ("restartPolicy", .string),
      4: ("terminationGracePeriodSeconds", .integer), 5: ("activeDeadlineSeconds", .integer), 6: ("dnsPolicy", .string),
      7: ("nodeSelector", .map(.string)), 8: ("serviceAccountName", .string), 9: ("serviceAccount", .string),
      10: ("nodeName", .string), 11: ("hostNetwork", .flag), 12: ("hostPID", .flag), 13: ("hostIPC", .flag),
      14: ("securityContext", .message("Empty")),
      16: ("hostname", .string), 17: ("subdomain", .string), 19: ("schedulerName", .string),
      24: ("priorityClassName", .string),
    ],
    "Container": [
      1: ("name", .string), 2: ("image", .string), 3: ("command", .list(.string)), 4: ("args", .list(.string)),
      5: ("workingDir", .string), 6: ("ports", .list(.message("ContainerPort"))),
      7: ("env", .list(.message("EnvVar"))), 8: ("resources", .message("Resources")),
      13: ("terminationMessagePath", .string), 14: ("imagePullPolicy", .string),
      15: ("securityContext", .message("Empty")), 16: ("stdin", .flag),
      17: ("stdinOnce", .flag), 18: ("tty", .flag), 20: ("terminationMessagePolicy", .string),
    ],
    "ContainerPort": [
      1: ("name", .string), 2: ("hostPort", .integer), 3: ("containerPort", .integer), 4: ("protocol", .string),
      5: ("hostIP", .string),
    ],
    "EnvVar": [1: ("name", .string), 2: ("value", .string)],
    "Resources": [1: ("limits", .map(.quantity)), 2: ("requests", .map(.quantity))],
    "ResourceQuota": [
      1: ("metadata", .message("ObjectMeta")), 2: ("spec", .message("ResourceQuotaSpec")),
      3: ("status", .message("Nothing")),
    ],
    "ResourceQuotaSpec": [1: ("hard", .map(.quantity)), 2: ("scopes", .list(.string))],
    // Written without members.
    "Empty": [:],
    // Status, which is the server's to fill.
    "Nothing": Dictionary(uniqueKeysWithValues: (1...16).map { ($0, ("_", .bytes)) }),
  ]
}
