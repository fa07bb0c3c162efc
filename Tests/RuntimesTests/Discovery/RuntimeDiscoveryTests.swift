import Foundation
import ImageModel
import TestKit
import Testing

@testable import Runtimes

@Suite(.timeLimit(.minutes(2))) struct RuntimeDiscoveryTests {
  private func discovery(
    _ root: String, _ environment: [String: String] = [:], isSuperuser: Bool = true
  ) -> RuntimeDiscovery {
    RuntimeDiscovery(root: root, environment: environment, isSuperuser: isSuperuser, limits: .test())
  }

  @Test func fallsBackToAFolder() async throws {
    try await withTemporaryFolder { root in
      let finding = try await discovery(root).find()
      #expect(finding.endpoint == RuntimeEndpoint(kind: .oci, path: root + "/var/lib/prepull"))
      #expect(finding.passedOver.isEmpty && finding.identity == nil)
      #expect(finding.description.hasSuffix("(no container runtime was found; images go into a folder)"))
      let user = try await discovery(root, ["HOME": "/home/anna"], isSuperuser: false).find()
      #expect(user.endpoint.path == "/home/anna/.local/share/prepull")
      let data = try await discovery(root, ["XDG_DATA_HOME": "/data"], isSuperuser: false).find()
      #expect(data.endpoint.path == "/data/prepull")
    }
  }

  @Test(arguments: [
    (["CONTAINER_RUNTIME_ENDPOINT": "unix:///run/a.sock"], "cri:///run/a.sock"),
    (["CONTAINER_RUNTIME_ENDPOINT": "/run/a.sock"], "cri:///run/a.sock"),
    (["CONTAINER_RUNTIME_ENDPOINT": "docker:///run/a.sock"], "docker:///run/a.sock"),
    (["DOCKER_HOST": "unix:///run/d.sock"], "docker:///run/d.sock"),
    (["DOCKER_HOST": "unix:///run/d.sock", "CONTAINER_RUNTIME_ENDPOINT": "unix:///run/a.sock"], "cri:///run/a.sock"),
    (["DOCKER_HOST": "", "CONTAINER_RUNTIME_ENDPOINT": ""], "oci:/nowhere/var/lib/prepull"),
  ]) func obeysTheEnvironment(_ environment: [String: String], _ endpoint: String) async throws {
    #expect(try await discovery("/nowhere", environment).find().endpoint.description == endpoint)
  }

  @Test(arguments: [
    ["CONTAINER_RUNTIME_ENDPOINT": "tcp://1.2.3.4:5"], ["DOCKER_HOST": "tcp://1.2.3.4:2375"],
    ["DOCKER_HOST": "ssh://host"],
  ]) func refusesWhatItCannotReach(_ environment: [String: String]) async throws {
    await #expect(throws: RuntimeEndpointError.self) { try await discovery("/nowhere", environment).find() }
  }

  @Test func takesTheFirstThatAnswers() async throws {
    try await withTemporaryFolder { root in
      try FileManager.default.createDirectory(atPath: root + "/run/crio", withIntermediateDirectories: true)
      try FileManager.default.createDirectory(atPath: root + "/run/containerd", withIntermediateDirectories: true)
      try await FakeCRI().serve(at: root + "/run/crio/crio.sock") { crio in
        let first = try await discovery(root).find()
        #expect(first.endpoint == crio)
        #expect(first.description == "cri-o 1.30.0 at \(crio) (the first socket that answers)")
        // Docker's containerd comes first in the order, and has no CRI.
        try await FakeCRI.serve([], at: root + "/run/containerd/containerd.sock") {
          let second = try await discovery(root).find()
          #expect(second.endpoint == crio)
          #expect(second.passedOver.map(\.error?.code) == [.unsupported])
        }
      }
    }
  }

  /// To fill a folder while the node's runtime is down would help no pod.
  @Test func doesNotHideARuntimeThatIsDown() async throws {
    try await withTemporaryFolder { root in
      try FileManager.default.createDirectory(atPath: root + "/run", withIntermediateDirectories: true)
      try Data().write(to: URL(filePath: root + "/run/docker.sock"))
      let error = await #expect(throws: RuntimeError.self) { try await discovery(root).find() }
      #expect(error?.code == .unreachable)
      #expect(error?.endpoint.path == root + "/run/docker.sock")
    }
  }
}

extension Daemons {
  @Suite(.timeLimit(.minutes(10))) struct DiscoveryTests {
    /// A machine with Docker alone: its containerd has CRI switched off.
    @Test func findsDocker() async throws {
      try await withDockerd { dockerd in
        try await withTemporaryFolder { root in
          let run = root + "/run"
          try FileManager.default.createDirectory(atPath: run + "/containerd", withIntermediateDirectories: true)
          try FileManager.default.createSymbolicLink(
            atPath: run + "/containerd/containerd.sock",
            withDestinationPath: dockerd.folder("exec/containerd/containerd.sock"))
          try FileManager.default.createSymbolicLink(
            atPath: run + "/docker.sock", withDestinationPath: dockerd.socket)
          let finding = try await RuntimeDiscovery(root: root, environment: [:], isSuperuser: true).find()
          #expect(finding.endpoint == RuntimeEndpoint(kind: .docker, path: run + "/docker.sock"))
          #expect(finding.identity?.name == "docker")
          #expect(finding.passedOver.map(\.error?.code) == [.unsupported])
        }
      }
    }

    @Test func findsContainerd() async throws {
      try await withContainerd { containerd in
        try await withTemporaryFolder { root in
          try FileManager.default.createDirectory(
            atPath: root + "/run/k3s/containerd", withIntermediateDirectories: true)
          try FileManager.default.createSymbolicLink(
            atPath: root + "/run/k3s/containerd/containerd.sock", withDestinationPath: containerd.socket)
          let finding = try await RuntimeDiscovery(root: root, environment: [:], isSuperuser: true).find()
          #expect(finding.endpoint.path == root + "/run/k3s/containerd/containerd.sock")
          #expect(finding.identity?.name == "containerd")
        }
      }
    }
  }
}
