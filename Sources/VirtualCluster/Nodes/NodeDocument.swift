import Documents
import ImageModel
import Kubernetes
import Synchronization

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A Node object as its kubelet writes it.
enum NodeDocument {
  static let networkProblem =
    "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady "
    + "message:Network plugin returns error: cni plugin not initialized"
  /// The kubelet's default, `nodeStatusMaxImages`.
  private static let mostImages = 50

  /// The object that a kubelet registers.
  static func registration(_ kubelet: VirtualKubelet) -> JSON {
    let template = kubelet.template
    var labels: JSON = [
      "kubernetes.io/hostname": .string(template.name), "kubernetes.io/arch": .string(template.platform.architecture),
      "kubernetes.io/os": .string(template.platform.os),
      "beta.kubernetes.io/arch": .string(template.platform.architecture),
      "beta.kubernetes.io/os": .string(template.platform.os),
    ]
    if template.platform.os == "windows" {
      // As many as the kubelet states, without the update's number.
      let build = windowsVersion(template.platform).split(separator: ".").prefix(3).joined(separator: ".")
      labels[NodeFacts.windowsBuildLabel] = .string(build)
    }
    for (key, value) in template.labels { labels[key] = .string(value) }
    var node: JSON = [
      "metadata": [
        "name": .string(template.name), "labels": labels,
        "annotations": ["volumes.kubernetes.io/controller-managed-attach-detach": "true"],
      ], "spec": ["podCIDR": .string(kubelet.podCIDR)],
    ]
    if !template.isSchedulable { node[path: "spec", "unschedulable"] = true }
    let taints = template.taints.map { taint -> JSON in
      var value: JSON = ["key": .string(taint.key), "effect": .string(taint.effect)]
      if let text = taint.value { value["value"] = .string(text) }
      return value
    }
    if !taints.isEmpty { node[path: "spec", "taints"] = .array(taints) }
    node["status"] = status(kubelet, images: [], over: [:])
    return node
  }

  static func status(_ kubelet: VirtualKubelet, images: [HeldImage], over old: JSON) -> JSON {
    let template = kubelet.template
    var status = old
    let resources: JSON = [
      "cpu": .string(String(template.cpus)), "memory": .string("\(template.memoryBytes / 1024)Ki"),
      "pods": .string(String(template.maxPods)), "ephemeral-storage": .string("\(template.diskBytes / 1024)Ki"),
      "hugepages-2Mi": "0",
    ]
    status["capacity"] = resources
    status["allocatable"] = resources
    status["addresses"] = [
      ["type": "InternalIP", "address": .string(kubelet.hostIP)],
      ["type": "Hostname", "address": .string(template.name)],
    ]
    status["daemonEndpoints"] = ["kubeletEndpoint": ["Port": 10250]]
    status["nodeInfo"] = info(kubelet)
    status["images"] = .array(list(images))
    let (isReady, isFull) = kubelet.state.withLock { ($0.isReady, $0.hasDiskPressure) }
    status["conditions"] = conditions(
      [
        ("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
        isFull
          ? ("DiskPressure", "True", "KubeletHasDiskPressure", "kubelet has disk pressure")
          : ("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
        ("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
        isReady
          ? ("Ready", "True", "KubeletReady", "kubelet is posting ready status")
          : ("Ready", "False", "KubeletNotReady", networkProblem),
      ], over: old["conditions"]?.array ?? [])
    return status
  }

  private static func info(_ kubelet: VirtualKubelet) -> JSON {
    // The same node always has the same identifiers.
    let id = String(repeating: "0", count: 28) + String(0x1000 + kubelet.number, radix: 16)
    let isWindows = kubelet.template.platform.os == "windows"
    return [
      "architecture": .string(kubelet.template.platform.architecture),
      "operatingSystem": .string(kubelet.template.platform.os),
      "osImage": .string(isWindows ? windowsName(kubelet.template.platform) : "Prepull sandbox"),
      "kernelVersion": .string(isWindows ? windowsVersion(kubelet.template.platform) : "6.12.0"),
      "containerRuntimeVersion": "containerd://2.1.4", "kubeletVersion": .string(version),
      "kubeProxyVersion": "", "machineID": .string(id), "systemUUID": .string(id), "bootID": .string(id),
    ]
  }

  /// With the number of an update: what a kubelet states as the kernel's version.
  private static func windowsVersion(_ platform: Platform) -> String {
    let version = platform.osVersion ?? "10.0.20348"
    return version.split(separator: ".").count > 3 ? version : "\(version).2700"
  }

  private static func windowsName(_ platform: Platform) -> String {
    switch platform.osVersion?.split(separator: ".").dropFirst(2).first {
    case "17763": "Windows Server 2019 Datacenter"
    case "26100": "Windows Server 2025 Datacenter"
    default: "Windows Server 2022 Datacenter"
    }
  }

  /// Of the kubelets.
  static let version = "v1.36.0"

  /// At most fifty, the largest, each with its digests and its tags.
  static func list(_ images: [HeldImage]) -> [JSON] {
    var names: [String: Set<String>] = [:]
    var sizes: [String: Int64] = [:]
    for image in images {
      sizes[image.id] = image.sizeBytes
      names[image.id, default: []].formUnion(image.names.map(\.description) + [image.imageID])
    }
    return sizes.sorted { ($0.value, $1.key) > ($1.value, $0.key) }.prefix(mostImages).map { id, size in
      let own = (names[id] ?? []).sorted { ($0.contains("@") ? 0 : 1, $0) < ($1.contains("@") ? 0 : 1, $1) }
      return ["names": .array(own.prefix(5).map(JSON.string)), "sizeBytes": .integer(size)]
    }
  }

  /// Those of others stay as they are.
  ///
  /// - Parameter facts: type, status, reason, message.
  static func conditions(_ facts: [(String, String, String, String)], over old: [JSON]) -> JSON {
    let now = JSON.string(Date().formatted(.iso8601))
    return .array(
      facts.map { type, status, reason, message in
        let before = old.first { $0["type"]?.string == type }
        return [
          "type": .string(type), "status": .string(status), "reason": .string(reason), "message": .string(message),
          "lastHeartbeatTime": now,
          "lastTransitionTime": before?["status"]?.string == status ? before?["lastTransitionTime"] ?? now : now,
        ]
      } + old.filter { condition in !facts.contains { $0.0 == condition["type"]?.string } })
  }

  /// A kubelet's lease, with the time of now in microseconds.
  static func lease(_ name: String, node: JSON) -> JSON {
    [
      "metadata": [
        "name": .string(name), "namespace": "kube-node-lease",
        "ownerReferences": [
          ["apiVersion": "v1", "kind": "Node", "name": .string(name), "uid": node[path: "metadata", "uid"] ?? ""]
        ],
      ], "spec": ["holderIdentity": .string(name), "leaseDurationSeconds": 40, "renewTime": microTime],
    ]
  }

  static var microTime: JSON {
    let now = Date()
    let fraction = String(Int(now.timeIntervalSince1970.truncatingRemainder(dividingBy: 1) * 1_000_000) + 1_000_000)
    return .string(now.formatted(.iso8601).dropLast() + "." + fraction.dropFirst() + "Z")
  }
}
