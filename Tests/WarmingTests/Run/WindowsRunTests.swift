import Documents
import ImageModel
import KubeAPIServer
import Kubernetes
import TestKit
import Testing
import VirtualCluster

@testable import Warming

@Suite("A run on Windows nodes", .timeLimit(.minutes(3)))
struct WindowsRunTests {
  private static func windows(_ name: String, _ build: String) -> NodeTemplate {
    NodeTemplate(name, platform: Platform(os: "windows", architecture: "amd64", osVersion: build))
  }

  @Test("Linux and Windows nodes get what exists for them, each build its own image")
  func mixed() async throws {
    var nodes = [NodeTemplate("linux", platform: Platform(os: "linux", architecture: "amd64"))]
    nodes += [Self.windows("w-2019", "10.0.17763"), Self.windows("w-2022", "10.0.20348")]
    nodes += [Self.windows("w-2025", "10.0.26100"), Self.windows("w-2016", "10.0.14393")]
    try await RunLab.with(nodes) { lab in
      let request = try lab.request(lab.sample("web:1.27"), lab.sample("mixed"), lab.sample("iis"))
      let report = try await lab.check(request)
      #expect(report.machines == ["amd64": 1, "windows-amd64": 4])
      #expect(report.blockers.isEmpty)
      let remark = try #require(report.remarks.first { $0.detail.contains("sample/mixed") })
      #expect(
        remark.code == "noPlatform" && remark.detail.contains("has nothing for windows/amd64 10.0.14393")
          && remark.detail.contains("windows/amd64 10.0.17763.5576, windows/amd64 10.0.20348.2340"), "\(remark)")
      let result = try await lab.run(request)
      #expect(result.isWarm, "\(result.failures)")
      let column = { (node: String) in
        result.coverage.nodes.firstIndex(of: node).map { result.coverage.column($0).map(\.state) }
      }
      #expect(column("linux") == [.warm, .warm, .unsupported])
      #expect(column("w-2019") == [.unsupported, .warm, .unsupported])
      #expect(column("w-2022") == [.unsupported, .warm, .warm])
      #expect(column("w-2025") == [.unsupported, .warm, .warm], "2022 and later run images of 2022")
      #expect(column("w-2016") == [.unsupported, .unsupported, .unsupported])
      #expect(lab.remains.isEmpty)
    }
  }

  @Test("Its pods are those of Windows, which the API server and Pod Security take as the real ones do")
  func pods() throws {
    let request = RunRequest(
      images: [WantedImage(given: "iis:1", reference: try Reference(parsing: "iis:1"))], namespace: "default")
    let objects = RunObjects(request, run: "bcdfg")
    var owner = objects.configMap(expires: "")
    owner.metadata.uid = "u"
    #expect(owner.binaryData?["touch-windows-amd64"] != nil)
    let id = FleetPod.ID(prepull: objects.owner, node: "win", nodeUID: "w", serial: 1)
    let pod = objects.pod(id, images: [0], architecture: .windows, owner: owner)
    #expect(pod.spec.os?.name == "windows")
    #expect(
      pod.spec.securityContext
        == PodSecurityContext(runAsNonRoot: true, windowsOptions: WindowsOptions(runAsUserName: "ContainerUser")))
    #expect(pod.spec.containers[0].command == ["C:\\prepull\\touch.exe"])
    #expect(pod.spec.containers[0].securityContext == nil)
    let volume = try #require(pod.spec.volumes?.first?.configMap)
    #expect(volume.defaultMode == nil && volume.items?.first?.path == "touch.exe")
    #expect(pod.spec.activeDeadlineSeconds == 2 * 3600 + 60, "half an hour for an image is no failure")
    let linux = objects.pod(id, images: [0], architecture: .amd64, owner: owner)
    #expect(linux.spec.os == nil && linux.spec.activeDeadlineSeconds == 15 * 60 + 60)

    let store = Store()
    let namespaces = ResourceName(group: "", plural: "namespaces")
    try store.modify(namespaces, name: "default") {
      $0[path: "metadata", "labels", "pod-security.kubernetes.io/enforce"] = "restricted"
    }
    var json = try JSON(encoding: pod)
    try store.create(json, as: ResourceName(group: "", plural: "pods"))
    json[path: "metadata", "name"] = "other"
    json[path: "spec", "securityContext", "runAsUser"] = 65534
    let error = #expect(throws: StatusError.self) {
      try store.create(json, as: ResourceName(group: "", plural: "pods"))
    }
    #expect(
      error?.message.hasSuffix(
        "spec.securityContext.runAsUser: Forbidden: cannot be set for a windows pod") == true, "\(error?.message ?? "")"
    )
  }

  @Test("A DaemonSet holds images on Windows nodes too, in one of its own")
  func keeps() throws {
    var manifest = DaemonSetManifest(
      images: [WantedImage(given: "iis:1", reference: try Reference(parsing: "iis:1"))], prepullImage: "p:1")
    manifest.architectures = [.amd64, .windows]
    let sets = try manifest.resources().compactMap { $0 as? DaemonSet }
    #expect(sets.map(\.metadata.name) == ["prepull-iis-amd64", "prepull-iis-windows"])
    let pod = sets[1].spec.template.spec
    #expect(pod.nodeSelector == ["kubernetes.io/os": "windows", "kubernetes.io/arch": "amd64"])
    #expect(pod.containers[0].command == ["C:\\prepull\\touch.exe", "hold"])
    #expect(pod.initContainers?[0].command == ["C:\\prepull\\touch.exe"])
    manifest.engine = .cri
    let error = #expect(throws: ManifestError.self) { try manifest.resources() }
    #expect(error?.code == .architecture)
  }
}
