import ArgumentParser
import Commands
import Foundation
import Kubernetes
import TestKit
import Testing
import Workloads

@testable import CLI

/// A file of `Tests/Samples/manifests`.
func sample(_ name: String) throws -> String {
  let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "Samples/manifests")
  return try String(contentsOf: folder.appending(path: name + ".yaml"), encoding: .utf8)
}

@Suite("The images of manifests", .timeLimit(.minutes(10)))
struct ManifestImagesTests {
  private static func find(_ name: String) throws -> ManifestImages {
    try ManifestFiles.images(of: try sample(name), name: name)
  }

  @Test(
    "Each kind that makes pods is read, wherever its containers sit",
    arguments: [
      (
        "argo-rollout",
        """
        rollout/web spec.template.spec.initContainers[0].image registry.example.com/shop/migrate:7
        rollout/web spec.template.spec.containers[0].image registry.example.com/shop/web:2.0
        analysistemplate/smoke spec.metrics[0].provider.job.spec.template.spec.containers[0].image grafana/k6:0.50.0
        """
      ),
      (
        "knative",
        """
        service/hello spec.template.spec.containers[0].image ghcr.io/knative/helloworld-go:latest
        service/hello spec.template.spec.containers[1].image envoyproxy/envoy:v1.30.1
        """
      ),
      (
        "tekton",
        """
        task/build spec.steps[0].image golang:1.22
        task/build spec.sidecars[0].image docker:27-dind
        task/build spec.stepTemplate.image alpine:3.20
        pipelinerun/release- spec.pipelineSpec.tasks[0].taskSpec.steps[0].image aquasec/trivy:0.53.0
        stepaction/upload spec.image amazon/aws-cli:2.17.0
        """
      ),
      (
        "kserve",
        """
        inferenceservice/llama spec.predictor.model.image kserve/huggingfaceserver:v0.13.0-gpu
        inferenceservice/llama spec.predictor.model.storageUri registry.example.com/models/llama:3-8b
        inferenceservice/llama spec.transformer.containers[0].image registry.example.com/models/tokeniser:1
        servingruntime/triton spec.containers[0].image nvcr.io/nvidia/tritonserver:24.05-py3
        """
      ),
      (
        "ray",
        """
        rayjob/train spec.rayClusterSpec.headGroupSpec.template.spec.containers[0].image rayproject/ray:2.31.0
        rayjob/train spec.rayClusterSpec.workerGroupSpecs[0].template.spec.containers[0].image rayproject/ray:2.31.0-gpu
        rayjob/train spec.rayClusterSpec.workerGroupSpecs[0].template.spec.volumes[0].image.reference \
        registry.example.com/models/weights:1
        rayjob/train spec.submitterPodTemplate.spec.containers[0].image rayproject/ray:2.31.0-cpu
        """
      ),
      (
        "argo-workflow",
        """
        cronworkflow/nightly spec.workflowSpec.templates[0].steps[1][0].inline.container.image busybox:1.36
        cronworkflow/nightly spec.workflowSpec.templates[1].sidecars[0].image redis:7
        cronworkflow/nightly spec.workflowSpec.templates[1].container.image curlimages/curl:8.8.0
        cronworkflow/nightly spec.workflowSpec.templates[2].script.image python:3.12-slim
        cronworkflow/nightly spec.workflowSpec.templates[4].containerSet.containers[0].image debian:12
        cronworkflow/nightly spec.workflowSpec.templates[4].containerSet.containers[1].image debian:12
        """
      ),
      (
        "operators",
        """
        prometheus/k8s spec.image quay.io/prometheus/prometheus:v2.53.0
        sparkapplication/pi spec.image spark:3.5.1
        virtualmachine/vm spec.template.spec.volumes[0].containerDisk.image quay.io/containerdisks/fedora:40
        job/pushed- spec.template.spec.containers[0].image alpine/git:2.45.2
        """
      ),
      (
        "plain",
        """
        deployment/front spec.template.spec.containers[0].image nginx:1.27
        cronjob/report spec.jobTemplate.spec.template.spec.containers[0].image busybox:1.36
        pod/one spec.containers[1].image nginx:1.27
        """
      ),
    ])
  func kinds(name: String, expected: String) throws {
    let found = try Self.find(name)
    let lines = found.images.map { "\($0.source) \($0.path) \($0.reference)" }
    #expect(lines.joined(separator: "\n") == expected)
  }

  @Test func imagesCarryTheirNamespaceAndContainer() throws {
    let found = try Self.find("argo-rollout")
    #expect(found.images.map(\.place.namespace) == ["shop", "shop", "shop"])
    #expect(found.images.map(\.container) == ["migrate", "web", "k6"])
    #expect(try Self.find("plain").references == ["nginx:1.27", "busybox:1.36"])
  }

  @Test func whatIsNoImageIsToldWithItsPlace() throws {
    let found = try Self.find("bad-images")
    #expect(found.images.map(\.reference) == ["nginx:1.27"])
    #expect(
      found.problems.map { "\($0.place.container) \($0.code)" } == [
        "missing empty", "empty empty", "blank empty", "nothing empty", "helm variable", "shell variable",
        "dollar variable", "kustomize variable", "ko variable", "sha identifier", "id identifier", "at identifier",
        "number malformed", "values malformed", "upper malformed", "spaces malformed", "model empty",
      ])
    let first = try #require(found.problems.first)
    #expect(
      first.description
        == "deployment/bad, spec.template.spec.initContainers[0].image: the container 'missing' has no image")
    #expect(found.problems[4].description.contains("helm template"))
  }

  @Test func aFolderStandsForItsOwnManifests() async throws {
    try await withTemporaryFolder { folder in
      try FileManager.default.createDirectory(atPath: folder + "/more", withIntermediateDirectories: true)
      for (name, image) in [("b.yaml", "b:1"), ("a.yml", "a:1"), ("c.txt", "c:1"), ("more/d.yaml", "d:1")] {
        try "{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: [{name: a, image: '\(image)'}]}}\n"
          .write(toFile: folder + "/" + name, atomically: true, encoding: .utf8)
      }
      #expect(try ManifestFiles.images(in: [folder]).references == ["a:1", "b:1"])
      let none = #expect(throws: ValidationError.self) { try ManifestFiles.images(in: [folder + "/none"]) }
      #expect(none?.message.contains("cannot read") == true)
    }
  }

  @Test func variablesOfRunsAndWebhooksAreNoImages() throws {
    #expect(try Self.find("tekton").problems.map(\.code) == [.variable])
    #expect(try Self.find("argo-workflow").problems.map(\.code) == [.variable])
    #expect(try Self.find("plain").problems.map(\.description).first?.contains("Istio") == true)
    #expect(try Self.find("operators").problems.isEmpty)
  }

  // MARK: Bad input

  private static func complaint(_ text: String) throws -> String {
    let error = #expect(throws: ValidationError.self) { try ManifestFiles.images(of: text, name: "f.yaml") }
    return try #require(error).message
  }

  @Test func anUnrenderedTemplateIsCalledSo() throws {
    let chart = try Self.complaint(try sample("chart-template"))
    #expect(chart.hasPrefix("f.yaml, line 4: it is a template that was not rendered"))
    #expect(chart.contains("helm template"))
    #expect(try Self.complaint("kind: Pod\nspec: {{ .Values.spec }}\n").contains("line 2: it is a template"))
    #expect(try Self.complaint("{{- range .Values.x }}\nkind: Pod\n{{- end }}\n").contains("line 1: it is a template"))
  }

  @Test func bracesInAWorkflowDoNotHideAnotherMistake() throws {
    let text = "kind: Workflow\nargs: [\"{{inputs.parameters.x}}\"]\nspec:\n\ta: 1\n"
    #expect(try Self.complaint(text).contains("line 4: it is indented with a tab"))
  }

  @Test(
    "Text that is no manifest is refused",
    arguments: [
      "", "# nothing\n", "just text\n", "- nginx:1.27\n- redis:7\n", "services: {web: {image: nginx}}\n",
      "<html><body>404</body></html>", "[[[[]]]]", "42",
    ])
  func noManifest(text: String) throws {
    #expect(try Self.complaint(text).contains("there is no Kubernetes object in f.yaml"))
  }

  @Test(arguments: ["\u{0}\u{1}binary", "a: [1", "\tkind: Pod", "kind: *nowhere"])
  func noYAML(text: String) throws {
    #expect(try Self.complaint(text).hasPrefix("f.yaml, "))
  }

  @Test func anchorsAreFollowed() throws {
    let text = """
      apiVersion: v1
      kind: Pod
      metadata: {name: p}
      spec:
        containers:
        - &base {name: a, image: "nginx:1.27"}
        - {<<: *base, name: b}
      """
    let found = try ManifestFiles.images(of: text, name: "f.yaml")
    #expect(found.images.map(\.container) == ["a", "b"])
    #expect(found.references == ["nginx:1.27"])
  }

  @Test func listsOfListsAreWalked() throws {
    let pod = #"{"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [{"name": "a", "image": "nginx:1.27"}]}}"#
    #expect(try ManifestFiles.images(of: "[[\(pod)], [[\(pod)]]]", name: "f.yaml").images.count == 2)
    let deep = String(repeating: "[", count: 900) + pod + String(repeating: "]", count: 900)
    #expect(try ManifestFiles.images(of: deep, name: "f.yaml").images.count == 1)
    let deeper = String(repeating: "[", count: 5000) + String(repeating: "]", count: 5000)
    #expect(try Self.complaint(deeper).hasPrefix("f.yaml, "))
  }

  @Test("A list of more than 16 MiB is read; beyond the limit is said how to go on")
  func largeLists() async throws {
    let padding = String(repeating: "x", count: 1 << 20)
    let pods = (0..<18).map { number in
      #"{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p\#(number)", "annotations": {"a": "\#(padding)"}}, "#
        + #""spec": {"containers": [{"name": "c", "image": "app-\#(number % 7):1"}]}}"#
    }
    let text = #"{"apiVersion": "v1", "kind": "List", "items": [\#(pods.joined(separator: ","))]}"#
    try await withTemporaryFolder { folder in
      let path = folder + "/pods.json"
      try text.write(toFile: path, atomically: true, encoding: .utf8)
      #expect(try ManifestFiles.images(in: [path]).references.count == 7)
      let error = #expect(throws: ValidationError.self) {
        try InputFile.text(of: path, option: "-f", largest: 16 << 20)
      }
      let message = try #require(error?.message)
      #expect(message.contains("larger than 16 MiB") && message.contains("split it"), "\(message)")
      #expect(message.contains("kubectl get … -n NAMESPACE") && message.contains("without -f"))
    }
  }

  @Test("What a shell of Windows writes is read", arguments: [String.Encoding.utf16LittleEndian, .utf16BigEndian])
  func utf16(encoding: String.Encoding) async throws {
    let text = "\u{FEFF}apiVersion: v1\r\nkind: Pod\r\nspec: {containers: [{name: a, image: 'a:1'}]}\r\n"
    try await withTemporaryFolder { folder in
      try #require(text.data(using: encoding)).write(to: URL(filePath: folder + "/pod.yaml"))
      #expect(try ManifestFiles.images(in: [folder]).references == ["a:1"])
      try Data([0xff, 0xfe, 0x00]).write(to: URL(filePath: folder + "/pod.yaml"))
      let error = #expect(throws: ValidationError.self) { try ManifestFiles.images(in: [folder]) }
      #expect(error?.message.contains("is not UTF-8 text") == true)
    }
  }

  @Test("Letters of another encoding are passed over, as kubectl does; what is no text is refused")
  func otherEncodings() async throws {
    let pod = Data("apiVersion: v1\nkind: Pod\nspec: {containers: [{name: a, image: 'a:1'}]}\n".utf8)
    try await withTemporaryFolder { folder in
      let file = URL(filePath: folder + "/pod.yaml")
      try (Data([0x23, 0x20, 0x4b, 0xfc, 0x68, 0x6c, 0x65, 0x72, 0x0a]) + pod).write(to: file)
      #expect(try ManifestFiles.images(in: [folder]).references == ["a:1"])
      try (Data([0x1f, 0x8b, 0x08, 0x00, 0xff]) + pod).write(to: file)
      let error = #expect(throws: ValidationError.self) { try ManifestFiles.images(in: [folder]) }
      #expect(error?.message.contains("is not UTF-8 text") == true)
    }
  }

  @Test("Documents that are no objects are not passed by in silence")
  func strangeDocuments() throws {
    let pod = "apiVersion: v1\nkind: Pod\nspec: {containers: [{name: a, image: 'a:1'}]}\n"
    let others = [
      "kind: Pod", "apiversion: v1\nKind: Pod", "hello", "[]", "# nothing", "- {apiVersion: v1, kind: Pod}",
    ]
    let found = try ManifestFiles.images(of: ([pod] + others).joined(separator: "\n---\n"), name: "f.yaml")
    #expect(found.references == ["a:1"])
    #expect(
      found.remarks == [
        "f.yaml, line 6: this document is passed by, as it has no apiVersion",
        "f.yaml, line 8: this document is passed by, as it has no apiVersion and no kind",
        "f.yaml, line 11: this document is passed by, as it is no object",
      ])
    let many = try ManifestFiles.images(of: pod + String(repeating: "---\na: 1\n", count: 7), name: "f.yaml").remarks
    #expect(many.count == 6 && many.last == "f.yaml: 2 more documents are passed by")
  }

  @Test("Keys that stand twice are taken as kubectl takes them, and told by images, check and run")
  func duplicateKeys() async throws {
    let text = """
      apiVersion: v1
      kind: Service
      metadata:
        labels:
          app: web
          app: shop
      ---
      apiVersion: v1
      kind: Pod
      metadata: {name: p}
      spec:
        containers:
        - name: a
          image: old:1
          image: new:1

      """
    let found = try ManifestFiles.images(of: text, name: "f.yaml")
    #expect(found.references == ["new:1"])
    let notes = ["app", "image"].enumerated().map {
      "f.yaml, line \([6, 15][$0]): the key '\($1)' is there already; the last one holds, as it does for kubectl"
    }
    #expect(found.remarks == notes)
    try await withTemporaryFolder { folder in
      let path = folder + "/f.yaml"
      try text.write(toFile: path, atomically: true, encoding: .utf8)
      let told = notes.map { $0.replacing("f.yaml", with: path) }
      #expect(try WorkloadOptions.parse(["-f", path]).ofFiles().remarks == told)
      let images = try await PrepullProgram.run(["images", "-f", path])
      #expect(images.exitCode == 0 && told.allSatisfy { images.errors.contains("note: \($0)") }, "\(images)")
      #expect(
        try CheckInput(ImageArguments.parse([]), WorkloadOptions.parse(["-f", path]), hasMore: false).remarks == told)
    }
    let many =
      "apiVersion: v1\nkind: Pod\nspec: {}\ndata: {\((0..<20).map { "k\($0 / 2): 1" }.joined(separator: ", "))}\n"
    let remarks = try ManifestFiles.images(of: many, name: "f.yaml").remarks
    #expect(remarks.count == 6 && remarks.last == "f.yaml: 5 more keys are there more than once")
  }

  @Test func aLargeStreamOfManyDocumentsIsRead() throws {
    var text = ""
    for number in 0..<2000 {
      text += "---\napiVersion: v1\nkind: Pod\nmetadata: {name: p\(number)}\n"
      text += "spec: {containers: [{name: a, image: 'web:\(number % 50)'}]}\n"
    }
    // Ten megabytes in all: what is in a ConfigMap may be long.
    text += "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: long}\ndata:\n  a: |\n"
    text += String(repeating: "    0123456789 abcdefghijklmnopqrstuvwxyz {{ not a template }}\n", count: 160_000)
    #expect(text.utf8.count > 10_000_000)
    let found = try ManifestFiles.images(of: text, name: "f.yaml")
    #expect(found.images.count == 2000)
    #expect(found.references.count == 50)
  }
}
