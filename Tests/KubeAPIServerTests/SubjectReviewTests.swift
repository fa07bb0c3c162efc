import Documents
import NIOHTTP1
import Testing

@testable import KubeAPIServer

/// What somebody may do, asked by somebody else.
@Suite("API server: reviews of others", .timeLimit(.minutes(2))) struct SubjectReviewTests {
  private static let path = "/apis/authorization.k8s.io/v1/subjectaccessreviews"

  private func review(_ spec: JSON) -> JSON {
    ["apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": spec]
  }

  @Test func followRolesOfUserAndGroups() async throws {
    let store = Store(hasAccounts: true)
    try store.create(
      [
        "metadata": ["name": "looker"],
        "rules": [["apiGroups": [""], "resources": ["pods"], "verbs": ["list"]]],
      ], as: .clusterRoles)
    for (name, subject): (String, JSON) in [
      ("ada", ["kind": "User", "name": "ada"]), ("ops", ["kind": "Group", "name": "ops"]),
    ] {
      try store.create(
        [
          "metadata": ["name": .string(name), "namespace": "default"],
          "roleRef": ["kind": "ClusterRole", "name": "looker"], "subjects": [subject],
        ], as: .roleBindings)
    }
    try await Wire.with(store: store, configure: { ($0.isOpen, $0.hasRoles) = (true, true) }) { wire in
      func answer(_ who: JSON, _ what: JSON) async throws -> JSON {
        var spec = who
        spec["resourceAttributes"] = what
        return try await wire.send(.POST, Self.path, review(spec)).json["status"] ?? [:]
      }
      let pods: JSON = ["verb": "list", "resource": "pods", "namespace": "default"]
      let ada = try await answer(["user": "ada"], pods)
      #expect(ada["allowed"] == true)
      #expect(ada["reason"]?.string?.hasPrefix("RBAC: allowed by RoleBinding \"ada/default\"") == true)
      #expect(try await answer(["user": "bob", "groups": ["ops"]], pods)["allowed"] == true)
      for who: JSON in [["user": "bob"], ["user": "bob", "groups": ["system:authenticated"]], ["user": "ad"]] {
        #expect(try await answer(who, pods)["allowed"] == false)
      }
      for what: JSON in [
        ["verb": "list", "resource": "pods"], ["verb": "watch", "resource": "pods", "namespace": "default"],
        ["verb": "list", "resource": "pods", "namespace": "kube-system"],
        ["verb": "list", "resource": "unknown", "namespace": "default"], ["resource": "pods", "namespace": "default"],
        ["verb": "list", "group": "apps", "resource": "pods", "namespace": "default"],
      ] {
        #expect(try await answer(["user": "ada"], what)["allowed"] == false, "\(what.text)")
      }
    }
  }

  @Test func refuseQuestionsThatAreNone() async throws {
    try await Wire.with(store: Store(), configure: { ($0.isOpen, $0.hasRoles) = (true, true) }) { wire in
      for (spec, words): (JSON, String) in [
        (["resourceAttributes": ["verb": "list", "resource": "pods"]], "at least one of user or group must be"),
        (["user": "ada"], "exactly one of nonResourceAttributes or resourceAttributes"),
        (
          ["user": "ada", "resourceAttributes": ["verb": "list"], "nonResourceAttributes": ["path": "/"]],
          "exactly one of nonResourceAttributes or resourceAttributes"
        ),
      ] {
        let answer = try await wire.send(.POST, Self.path, review(spec))
        #expect(answer.status == 422 && answer.json["message"]?.string?.contains(words) == true, "\(answer.json.text)")
      }
    }
  }
}
