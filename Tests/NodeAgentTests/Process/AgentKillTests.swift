import Foundation
import Glibc
import ImageModel
import PrepullAPI
import Runtimes
import Synchronization
import TestKit
import Testing
import VirtualCluster

@testable import NodeAgent

extension AgentContainerdTests {
  @Test("An agent that is killed anywhere in a pull leaves nothing half-made, and the next goes on with what is whole")
  func killed() async throws {
    let image = try SampleImage(layers: [16_000_000, 7_000_000, 2_000_000], gzip: true)
    let size = image.variants[0].layers.reduce(0) { $0 + $1.descriptor.size }
    for kill in KillPlan(of: "agents", size: size).kills {
      // A disk of its own, as the agent heeds how full it is.
      try await ContainerdNode.run(
        options: { _ in ContainerdOptions(loopSize: 1 << 30, release: ContainerdNode.release) },
        { try await Self.kill(image, kill, in: $0) })
    }
  }

  private static func kill(_ image: SampleImage, _ kill: KillPlan.Kill, in node: ContainerdNode) async throws {
    let (registry, containerd) = (node.registry, node.containerd)
    let reference = registry.add(image)
    registry.limit(reader: nil, registry: 20_000_000)
    try await node.lab.want([reference.description])
    let kubeconfig = containerd.folder("kubeconfig")
    try node.lab.sandbox.kubeconfig.write(toFile: kubeconfig, atomically: true, encoding: .utf8)
    let arguments = [
      "agent", "--node", AgentLab.node, "--kubeconfig", kubeconfig, "--runtime", containerd.endpoint, "--fast",
      "always", "--metrics-address", "none", "--state-dir", containerd.folder("root/prepull-agent"),
    ]
    let program = try PrepullProgram.daemonPath
    let first = try await PrepullProgram.run(
      arguments, program: program, signal: SIGKILL,
      when: {
        let isBegun = (try? containerd.staging().isEmpty) == false
        return isBegun && ((try? containerd.bytesHeld(of: image))?.values.reduce(0, +) ?? 0) >= kill.bytes
      })
    #expect(first.exitCode == 128 + SIGKILL, "\(kill.text): \(first.errors)")
    #expect(try await node.runtime.list().isEmpty, "\(kill.text)")
    let had = try containerd.bytesHeld(of: image)
    registry.clearRequests()

    let isWarm = Mutex(false)
    async let second = PrepullProgram.run(
      arguments, program: program, signal: SIGTERM, when: { isWarm.withLock { $0 } })
    do {
      try await node.lab.untilStates([.warm])
    } catch {
      isWarm.withLock { $0 = true }
      Issue.record("\(kill.text): \(error): \(try await second.errors)")
      return
    }
    isWarm.withLock { $0 = true }
    let outcome = try await second
    #expect(outcome.exitCode == 0, "\(kill.text): \(outcome.errors)")
    for layer in image.variants[0].layers {
      let asked = registry.bytesAsked(of: layer)
      let missing = layer.bytes.count - Int(had[layer.descriptor.digest] ?? 0)
      #expect(asked.runtimes == 0 && asked.ours == missing, "\(kill.text): \(asked) instead of \(missing)")
    }
    #expect(try containerd.staging() == [], "\(kill.text)")
    #expect(try await containerd.leases() == [], "\(kill.text)")
    try await containerd.collectGarbage()
    let snapshots = try await containerd.ctr("snapshots", "list").split(separator: "\n").dropFirst()
    #expect(snapshots.count == 3 && snapshots.allSatisfy { $0.contains("Committed") }, "\(kill.text)")
  }
}
