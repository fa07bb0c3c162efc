import Documents
import TestKit
import Testing

@testable import VirtualCluster

/// A node whose images are a real containerd's.
@Suite(.timeLimit(.minutes(10))) struct RealRuntimeTests {
  @Test(arguments: ContainerdRelease.all)
  func aNodePullsThroughContainerd(_ release: ContainerdRelease) async throws {
    try await withContainerd(ContainerdOptions(release: release)) { containerd in
      var real = NodeTemplate("real")
      real.images = .cri(containerd.socket)
      try await Cluster.with(Cluster.options([real, NodeTemplate("virtual")], speed: 20)) { sandbox in
        let (web, missing) = (sandbox.sampleImages[0], "\(sandbox.registry.host)/sample/web:none")
        try sandbox.run("warm", [web, missing], node: "real")
        try sandbox.run("virtual", [web], node: "virtual")
        let pod = try await sandbox.pod("warm", when: "to have one image") {
          $0.terminated("c0") != nil && $0.waiting("c1") == "ImagePullBackOff"
        }
        #expect(pod.waitingMessage("c1")?.contains("not found") == true)
        let virtual = try await sandbox.pod("virtual", in: "Succeeded")
        // What a real runtime says it holds is what ours does.
        #expect(pod.container("c0")?["imageID"]?.string == virtual.container("c0")?["imageID"]?.string)
        #expect(try await containerd.ctr("images", "ls", "-q").contains(web))
      }
    }
  }
}
