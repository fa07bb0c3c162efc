import KubeAPIServer
import TestKit
import Documents
import Testing

@Suite("API server: used by kubectl", .timeLimit(.minutes(10))) struct KubectlTests {
  @Test func appliesListsLabelsAndDeletes() async throws {
    try await Kubectl.with { kubectl, server in
      let set = try kubectl.file("set.json", Samples.daemonSet("agents"))
      let outcome = try await kubectl.sh(
        """
        kubectl apply -f \(set)
        kubectl apply -f \(set)
        kubectl get ds -o wide
        kubectl label ds agents tier=web
        kubectl get ds -l 'tier in (web)' -o jsonpath='{.items[*].metadata.name}{"\\n"}'
        kubectl describe ds agents
        kubectl apply -f \(set) --dry-run=server
        kubectl patch ds agents -p '{"spec":{"template":{"spec":{"containers":[{"name":"main","image":"x:2"}]}}}}'
        kubectl get ds agents -o jsonpath='{.spec.template.spec.containers[*].image} {.metadata.generation}{"\\n"}'
        kubectl delete ds agents --wait
        kubectl get ds
        """)
      #expect(outcome.isSuccess, "\(outcome.error)")
      let lines = outcome.output.split(separator: "\n").map(String.init)
      #expect(lines.prefix(2) == ["daemonset.apps/agents created", "daemonset.apps/agents unchanged"])
      #expect(lines[2].split(separator: " ").prefix(4) == ["NAME", "DESIRED", "CURRENT", "READY"])
      #expect(lines[3].hasSuffix("main         nginx    app=agents"))
      #expect(lines[4...5] == ["daemonset.apps/agents labeled", "agents"])
      #expect(outcome.output.contains("Node-Selector:  <none>"))
      #expect(
        lines.suffix(4) == [
          "daemonset.apps/agents unchanged (server dry run)", "daemonset.apps/agents patched", "x:2 2",
          "daemonset.apps \"agents\" deleted",
        ])
      #expect(outcome.error == "No resources found in default namespace.\n")
      #expect(server.requestCounts.keys.contains { $0.verb == "patch" && $0.client == "kubectl" })
    }
  }

  @Test func createsWhatKubectlWritesInProtobuf() async throws {
    try await Kubectl.with { kubectl, server in
      server.faults.deny(DeniedPermission(verb: "delete", resource: "nodes"))
      let outcome = try await kubectl.sh(
        """
        kubectl create configmap m --from-literal=a=b
        kubectl create secret docker-registry s --docker-server=r --docker-username=u --docker-password=p
        kubectl create ns web
        kubectl create deployment d --image=nginx:1 -n web
        kubectl create quota q --hard=pods=3,limits.cpu=1 -n web
        kubectl get cm,secrets,ns,deploy -A --no-headers | awk '{print $1, $2, $3, $4}'
        kubectl auth can-i create pods
        kubectl auth can-i delete nodes || true
        kubectl auth whoami -o jsonpath='{.status.userInfo.username}{"\\n"}'
        kubectl delete nodes/x || true
        """)
      #expect(outcome.isSuccess, "\(outcome.error)")
      let lines = outcome.output.split(separator: "\n").map(String.init)
      #expect(lines.suffix(3) == ["yes", "no", "kubernetes-admin"])
      for line in [
        "default configmap/m", "default secret/s kubernetes.io/dockerconfigjson 1", "namespace/web Active",
        "web deployment.apps/d 0/1 0",
      ] {
        #expect(lines.contains { $0.contains(line) }, "\(line) in \(outcome.output)")
      }
      #expect(outcome.error.contains("User \"kubernetes-admin\" cannot delete resource \"nodes\""))
      #expect(server.store.get(Samples.configMaps, namespace: "default", name: "m")?["data"] == ["a": "b"])
      let quota = server.store.get(ResourceName(plural: "resourcequotas"), namespace: "web", name: "q")
      #expect(quota?[path: "spec", "hard"] == ["pods": "3", "limits.cpu": "1"])
    }
  }

  @Test func waitsAndWatches() async throws {
    let store = Store()
    try await Kubectl.with(store: store) { kubectl, server in
      try store.create(Samples.daemonSet("agents"), as: Samples.daemonSets)
      try store.create(Samples.pod("a", node: "n1"), as: Samples.pods)
      async let outcome = kubectl.sh(
        """
        (timeout 20 kubectl get pods -w > watched &)
        kubectl wait pod/a --for=condition=Ready --timeout=20s
        kubectl wait pod/a --for=jsonpath='{.status.phase}'=Running --timeout=20s
        kubectl rollout status ds/agents --timeout=20s
        kubectl delete pod a --wait --timeout=20s
        kubectl wait pod/a --for=delete --timeout=20s
        cat watched
        """)
      try await eventually("a watch") { server.requestCounts.keys.contains { $0.verb == "watch" } }
      try store.modify(Samples.pods, namespace: "default", name: "a", subresource: .status) {
        $0["status"] = [
          "phase": "Running", "conditions": [["type": "Ready", "status": "True"]],
          "containerStatuses": [["name": "main", "ready": true, "restartCount": 0, "state": ["running": [:]]]],
        ]
      }
      try store.modify(Samples.daemonSets, namespace: "default", name: "agents", subresource: .status) {
        $0["status"] = [
          "observedGeneration": 1, "desiredNumberScheduled": 1, "updatedNumberScheduled": 1, "numberAvailable": 1,
        ]
      }
      try await eventually("the end of the pod") {
        guard let pod = store.get(Samples.pods, namespace: "default", name: "a") else { return true }
        if pod[path: "metadata", "deletionTimestamp"] != nil {
          // What the kubelet does when the containers have stopped.
          try store.delete(
            Samples.pods, namespace: "default", name: "a", options: DeleteOptions(gracePeriod: 0))
        }
        return false
      }
      let result = try await outcome
      #expect(result.isSuccess, "\(result.error)")
      #expect(result.output.contains("pod/a condition met"))
      #expect(result.output.contains("daemon set \"agents\" successfully rolled out"))
      #expect(result.output.contains("pod \"a\" deleted"))
      #expect(result.output.contains("a      1/1     Running   0"))
      #expect(result.output.contains("a      1/1     Terminating   0"))
    }
  }

  @Test func appliesOnTheServer() async throws {
    try await Kubectl.with { kubectl, _ in
      var set = Samples.daemonSet("agents")
      let first = try kubectl.file("first.json", set)
      set[path: "spec", "template", "spec", "containers"] = [["name": "main", "image": "other"]]
      let second = try kubectl.file("second.json", set)
      let outcome = try await kubectl.sh(
        """
        kubectl apply --server-side --field-manager=one -f \(first)
        kubectl apply --server-side --field-manager=two -f \(second) || true
        kubectl apply --server-side --field-manager=two --force-conflicts -f \(second)
        kubectl get ds agents -o jsonpath='{.spec.template.spec.containers[0].image}{"\\n"}'
        kubectl get ds agents --show-managed-fields -o jsonpath='{.metadata.managedFields[*].manager}{"\\n"}'
        """)
      #expect(outcome.isSuccess, "\(outcome.error)")
      let lines = outcome.output.split(separator: "\n").map(String.init)
      #expect(
        lines == [
          "daemonset.apps/agents serverside-applied", "daemonset.apps/agents serverside-applied", "other", "one two",
        ])
      #expect(outcome.error.contains("conflict with \"one\": .spec.template.spec.containers[name=\"main\"].image"))
    }
  }

  @Test func servesCustomResources() async throws {
    try await Kubectl.with { kubectl, _ in
      let crd = try kubectl.file("crd.json", CustomResourceTests.definition)
      let good = try kubectl.file("good.json", CustomResourceTests.widget(["images": ["a"]]))
      let odd = try kubectl.file("odd.json", CustomResourceTests.widget(["images": ["a"], "wrong": 1]))
      let outcome = try await kubectl.sh(
        """
        kubectl apply -f \(crd)
        kubectl wait crd/widgets.example.dev --for=condition=Established --timeout=10s
        kubectl apply -f \(good)
        kubectl get wd --no-headers | awk '{print $1, $2}'
        kubectl apply -f \(odd) || true
        kubectl explain widgets.spec.mode | head -6
        kubectl patch wd w --type=merge -p '{"spec":{"size":0}}' || true
        kubectl delete crd widgets.example.dev
        """)
      #expect(outcome.isSuccess, "\(outcome.error)")
      #expect(
        outcome.output.contains("customresourcedefinition.apiextensions.k8s.io/widgets.example.dev condition met"))
      #expect(outcome.output.contains("widget.example.dev/w created\nw 3\n"))
      #expect(outcome.output.contains("FIELD: mode <string>"))
      #expect(outcome.error.contains("strict decoding error: unknown field \"spec.wrong\""))
      #expect(outcome.error.contains("should be greater than or equal to 1"))
    }
  }

  @Test func keepsNodes() async throws {
    let store = Store()
    try store.create(
      [
        "metadata": ["name": "n1", "labels": ["node-role.kubernetes.io/worker": ""]],
        "status": [
          "conditions": [["type": "Ready", "status": "True"]],
          "nodeInfo": ["kubeletVersion": "v1.34.0", "osImage": "Prepull", "containerRuntimeVersion": "containerd://1"],
          "addresses": [["type": "InternalIP", "address": "10.0.0.1"]],
        ],
      ], as: Samples.nodes)
    try await Kubectl.with(store: store) { kubectl, _ in
      let outcome = try await kubectl.sh(
        """
        kubectl get nodes -o wide --no-headers | awk '{print $1, $2, $3, $5, $6}'
        kubectl taint node n1 a=b:NoSchedule
        kubectl cordon n1
        kubectl get node n1 --no-headers | awk '{print $2}'
        kubectl get nodes --field-selector spec.unschedulable=true -o name
        kubectl describe node n1 | grep -A1 Taints
        kubectl taint node n1 a-
        kubectl uncordon n1
        """)
      #expect(outcome.isSuccess, "\(outcome.error)")
      #expect(
        outcome.output.split(separator: "\n").prefix(5) == [
          "n1 Ready worker v1.34.0 10.0.0.1", "node/n1 tainted", "node/n1 cordoned", "Ready,SchedulingDisabled",
          "node/n1",
        ])
      #expect(outcome.output.contains("a=b:NoSchedule"))
      #expect(store.get(Samples.nodes, name: "n1")?["spec"]?["taints"] == nil)
    }
  }
}
