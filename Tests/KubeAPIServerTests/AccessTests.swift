import Documents
import Testing

@testable import KubeAPIServer

@Suite("Roles and service accounts", .timeLimit(.minutes(10))) struct AccessTests {
  private static func role(_ name: String, _ rules: [JSON], namespace: String? = nil) -> (ResourceName, JSON) {
    var role: JSON = ["metadata": ["name": .string(name)], "rules": .array(rules)]
    guard let namespace else { return (.clusterRoles, role) }
    role[path: "metadata", "namespace"] = .string(namespace)
    return (.roles, role)
  }

  private static func binding(
    _ name: String, _ kind: String, _ role: String, to subject: JSON, namespace: String? = nil
  ) -> (ResourceName, JSON) {
    var binding: JSON = [
      "metadata": ["name": .string(name)], "roleRef": ["kind": .string(kind), "name": .string(role)],
      "subjects": [subject],
    ]
    guard let namespace else { return (.clusterRoleBindings, binding) }
    binding[path: "metadata", "namespace"] = .string(namespace)
    return (.roleBindings, binding)
  }

  private static let robot: JSON = ["kind": "ServiceAccount", "name": "robot", "namespace": "default"]

  @Test func matchesRulesAsRBACDoes() throws {
    let store = Store()
    let objects = [
      Self.role("nodes", [["apiGroups": [""], "resources": ["nodes"], "verbs": ["get", "list"]]]),
      Self.role(
        "local",
        [
          ["apiGroups": [""], "resources": ["pods", "pods/log"], "verbs": ["*"]],
          ["apiGroups": ["apps"], "resources": ["*/scale"], "verbs": ["update"]],
          ["apiGroups": [""], "resources": ["secrets"], "resourceNames": ["mine"], "verbs": ["get"]],
        ], namespace: "default"),
      Self.role("web", [["nonResourceURLs": ["/metrics/*"], "verbs": ["get"]]]),
      Self.binding("nodes", "ClusterRole", "nodes", to: Self.robot),
      Self.binding("web", "ClusterRole", "web", to: ["kind": "Group", "name": "ops"]),
      Self.binding("local", "Role", "local", to: Self.robot, namespace: "default"),
      Self.binding("lost", "ClusterRole", "none", to: ["kind": "User", "name": "eve"]),
    ]
    for (resource, object) in objects { try store.create(object, as: resource) }
    let authorizer = RBACAuthorizer(store)
    let robot = ServerUser.account("default", "robot")
    func ask(
      _ verb: String, _ plural: String, group: String = "", sub: String? = nil, in namespace: String? = nil,
      name: String? = nil
    ) -> RBACAuthorizer.Verdict {
      authorizer.verdict(
        on: AccessAttempt(
          user: robot, verb: verb, group: group, plural: plural, subresource: sub, namespace: namespace, name: name))
    }
    #expect(
      ask("list", "nodes")
        == .init(
          isAllowed: true,
          reason: "RBAC: allowed by ClusterRoleBinding \"nodes\" of ClusterRole \"nodes\" to ServiceAccount "
            + "\"robot/default\""))
    #expect(
      ask("delete", "pods", in: "default").reason
        == "RBAC: allowed by RoleBinding \"local/default\" of Role \"local\" to ServiceAccount \"robot/default\"")
    #expect(!ask("patch", "nodes").isAllowed)
    #expect(!ask("list", "pods").isAllowed)
    #expect(!ask("list", "pods", in: "kube-system").isAllowed)
    #expect(!ask("update", "pods", sub: "status", in: "default").isAllowed)
    #expect(ask("get", "pods", sub: "log", in: "default").isAllowed)
    #expect(ask("update", "deployments", group: "apps", sub: "scale", in: "default").isAllowed)
    #expect(!ask("update", "deployments", group: "apps", in: "default").isAllowed)
    #expect(ask("get", "secrets", in: "default", name: "mine").isAllowed)
    #expect(!ask("get", "secrets", in: "default", name: "other").isAllowed)
    #expect(!ask("list", "secrets", in: "default").isAllowed)
    let ops = ServerUser(name: "ann", groups: ["ops"])
    #expect(authorizer.verdict(on: "/metrics/x", verb: "get", by: ops).isAllowed)
    #expect(!authorizer.verdict(on: "/metrics", verb: "get", by: ops).isAllowed)
    #expect(
      authorizer.verdict(on: AccessAttempt(user: ServerUser(name: "eve"), verb: "get", plural: "pods"))
        == .init(isAllowed: false, reason: "RBAC: clusterrole.rbac.authorization.k8s.io \"none\" not found"))
    // What is taken away is gone at once.
    try store.delete(.clusterRoleBindings, name: "nodes")
    #expect(!ask("list", "nodes").isAllowed)
  }

  @Test func namesOfRolesMayHaveColons() throws {
    let store = Store()
    let (resource, role) = Self.role("system:r", [])
    try store.create(role, as: resource)
    let error = #expect(throws: StatusError.self) { try store.create(Self.role("a/b", []).1, as: resource) }
    #expect(error?.message.contains("may not contain '/'") == true)
  }

  @Test func bindsTokensToAccountsAndPods() throws {
    let store = Store(hasAccounts: true)
    let tokens = ServiceAccountTokens(store)
    let account = try store.create(["metadata": ["name": "robot", "namespace": "default"]], as: .serviceAccounts)
    let pod = try store.create(Samples.pod("p"), as: .pods)
    let free = try tokens.token(for: account).text
    let bound = try tokens.token(for: account, pod: pod).text
    let user = try #require(tokens.user(of: bound)?.user)
    #expect(user.name == "system:serviceaccount:default:robot")
    #expect(
      user.groups == ["system:serviceaccounts", "system:serviceaccounts:default", "system:authenticated"])
    #expect(user.extra["authentication.kubernetes.io/pod-name"] == ["p"])
    let others = [
      try tokens.token(for: account, lifetime: .seconds(-1)), try tokens.token(for: account, audiences: ["vault"]),
      try ServiceAccountTokens(store).token(for: account),
    ]
    for other in others { #expect(tokens.user(of: other.text) == nil) }
    #expect(tokens.user(of: String(free.dropLast(4)) + "AAAA") == nil)
    try store.delete(.pods, namespace: "default", name: "p", options: DeleteOptions(gracePeriod: 0))
    #expect(tokens.user(of: bound) == nil)
    #expect(tokens.user(of: free) != nil)
    try store.delete(.serviceAccounts, namespace: "default", name: "robot")
    try store.create(["metadata": ["name": "robot", "namespace": "default"]], as: .serviceAccounts)
    #expect(tokens.user(of: free) == nil)
  }

  @Test func givesPodsTheirAccount() throws {
    let store = Store(hasAccounts: true)
    let plain = try store.create(Samples.pod("plain"), as: .pods)
    #expect(plain[path: "spec", "serviceAccountName"] == "default")
    let mount = try #require(plain[path: "spec", "containers"]?.array?.first?["volumeMounts"]?.array?.first)
    #expect(mount["mountPath"] == "/var/run/secrets/kubernetes.io/serviceaccount")
    #expect(mount["name"]?.string?.hasPrefix("kube-api-access-") == true)
    let volume = try #require(plain[path: "spec", "volumes"]?.array?.first)
    #expect(volume["projected"]?["sources"]?.array?[0]["serviceAccountToken"]?["expirationSeconds"] == 3607)
    var without = Samples.pod("without")
    without[path: "spec", "automountServiceAccountToken"] = false
    #expect(try store.create(without, as: .pods)[path: "spec", "volumes"] == nil)
    try store.create(
      [
        "metadata": ["name": "puller", "namespace": "default"], "imagePullSecrets": [["name": "regcred"]],
        "automountServiceAccountToken": false,
      ], as: .serviceAccounts)
    var own = Samples.pod("own")
    own[path: "spec", "serviceAccountName"] = "puller"
    let made = try store.create(own, as: .pods)
    #expect(made[path: "spec", "imagePullSecrets"] == [["name": "regcred"]])
    #expect(made[path: "spec", "volumes"] == nil)
    own[path: "spec", "serviceAccountName"] = "nobody"
    own[path: "metadata", "name"] = "lost"
    let error = #expect(throws: StatusError.self) { try store.create(own, as: .pods) }
    #expect(
      error?.message
        == "pods \"lost\" is forbidden: error looking up service account default/nobody: serviceaccount \"nobody\" not "
        + "found")
  }

  @Test func letsKubectlAsk() async throws {
    let store = Store(hasAccounts: true)
    try await Kubectl.with(store: store, configure: { $0.hasRoles = true }) { kubectl, _ in
      let outcome = try await kubectl.sh(
        """
        kubectl create namespace ops
        kubectl create serviceaccount robot -n ops
        kubectl create clusterrole watcher --verb=get,list,watch --resource=pods,nodes
        kubectl create clusterrolebinding watcher --clusterrole=watcher --serviceaccount=ops:robot
        kubectl create role leases -n ops --verb=create,update --resource=leases.coordination.k8s.io
        kubectl create rolebinding leases -n ops --role=leases --serviceaccount=ops:robot
        echo "---"
        robot=system:serviceaccount:ops:robot
        kubectl auth can-i list pods -A --as=$robot
        kubectl auth can-i delete nodes --as=$robot || true
        kubectl auth can-i create leases.coordination.k8s.io -n ops --as=$robot
        kubectl auth can-i create leases.coordination.k8s.io -n default --as=$robot || true
        kubectl auth can-i get /healthz --as=$robot
        kubectl auth can-i '*' '*'
        kubectl auth can-i --list -n ops --as=$robot | grep -E '^(pods|leases)' | tr -s ' '
        echo "---"
        token=$(kubectl create token robot -n ops --duration=20m)
        server=$(kubectl config view -o jsonpath='{.clusters[0].cluster.server}')
        kubectl config view --raw -o jsonpath='{.clusters[0].cluster.certificate-authority-data}' | base64 -d > ca.crt
        as_robot="kubectl --kubeconfig=/dev/null --server=$server --certificate-authority=ca.crt --token=$token"
        $as_robot auth whoami -o jsonpath='{.status.userInfo.username}{"\\n"}'
        $as_robot get nodes
        $as_robot get secrets -n ops || true
        $as_robot delete node n1 || true
        $as_robot get widgets.example.dev || true
        kubectl get node n1 --as=bob || true
        kubectl describe rolebinding leases -n ops | tail -1 | tr -s ' '
        """)
      #expect(outcome.isSuccess, "\(outcome.error)")
      let parts = outcome.output.split(separator: "---\n").map { $0.split(separator: "\n").map(String.init) }
      try #require(parts.count == 3, "\(outcome.output)\n\(outcome.error)")
      #expect(parts[1].prefix(6) == ["yes", "no", "yes", "no", "yes", "yes"])
      #expect(parts[1].contains("leases.coordination.k8s.io [] [] [create update]"))
      #expect(parts[1].contains("pods [] [] [get list watch]"))
      #expect(parts[2].first == "system:serviceaccount:ops:robot")
      #expect(parts[2].last == " ServiceAccount robot ops")
      for text in [
        "secrets is forbidden: User \"system:serviceaccount:ops:robot\" cannot list resource \"secrets\" in API group "
          + "\"\" in the namespace \"ops\"",
        "nodes \"n1\" is forbidden: User \"system:serviceaccount:ops:robot\" cannot delete resource \"nodes\" in API "
          + "group \"\" at the cluster scope",
        "nodes \"n1\" is forbidden: User \"bob\" cannot get resource \"nodes\" in API group \"\" at the cluster scope",
      ] {
        #expect(outcome.error.contains(text), "\(outcome.error)")
      }
    }
  }

  @Test func servesWhatAnOperatorIsInstalledWith() async throws {
    try await Kubectl.with { kubectl, _ in
      let service: JSON = [
        "apiVersion": "v1", "kind": "Service", "metadata": ["name": "web"],
        "spec": ["selector": ["app": "web"], "ports": [["port": 80]]],
      ]
      let policy: JSON = [
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": ["name": "web"],
        "spec": ["podSelector": ["matchLabels": ["app": "web"]], "ingress": []],
      ]
      let budget: JSON = [
        "apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": ["name": "web"],
        "spec": ["minAvailable": 1, "selector": ["matchLabels": ["app": "web"]]],
      ]
      let files = try [service, policy, budget].enumerated().map { try kubectl.file("\($0).json", $1) }
      let outcome = try await kubectl.sh(
        """
        for file in \(files.joined(separator: " ")); do kubectl apply -f $file; kubectl apply -f $file; done
        kubectl get pdb web -o jsonpath='{.metadata.generation} {.spec}{"\\n"}'
        kubectl get svc,netpol,pdb --no-headers | awk '{print $1}'
        kubectl delete svc/web netpol/web pdb/web
        """)
      #expect(outcome.isSuccess, "\(outcome.error)")
      let lines = outcome.output.split(separator: "\n").map(String.init)
      #expect(
        lines.prefix(6) == [
          "service/web created", "service/web unchanged", "networkpolicy.networking.k8s.io/web created",
          "networkpolicy.networking.k8s.io/web unchanged", "poddisruptionbudget.policy/web created",
          // Its selector is replaced, never merged: kubectl always sends it.
          "poddisruptionbudget.policy/web configured",
        ])
      #expect(lines.contains("1 {\"minAvailable\":1,\"selector\":{\"matchLabels\":{\"app\":\"web\"}}}"))
      for name in ["service/web", "networkpolicy.networking.k8s.io/web", "poddisruptionbudget.policy/web"] {
        #expect(lines.contains(name), "\(outcome.output)")
      }
    }
  }
}
