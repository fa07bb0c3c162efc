import Commands
import Documents
import ImageModel
import VirtualCluster

/// What a person or a script needs to know of a sandbox that is up.
struct SandboxDescription {
  let server: String
  let registry: String
  let nodes: [(name: String, platform: String)]
  let images: [String]
  let kubeconfig: String
  /// Prepull's own image: its containers run the operator in this process.
  let image: String

  init(_ sandbox: Sandbox, images: [String], kubeconfig: String) {
    server = sandbox.address
    registry = sandbox.registry.host
    nodes = sandbox.options.nodes.map { ($0.name, $0.platform.architecture) }
    self.images = images
    self.kubeconfig = kubeconfig
    image = sandbox.programImages["prepull"] ?? ""
  }

  /// For a person: what it is, and how to use it.
  var text: String {
    let kinds = Dictionary(grouping: nodes, by: \.platform).map { "\($1.count) \($0)" }.sorted()
    let names =
      nodes.count > 2 ? "\(nodes[0].name) … \(nodes[nodes.count - 1].name)" : nodes.map(\.name).joined(separator: ", ")
    let shown = images.prefix(12)
    let more = images.count > shown.count ? ["    … and \(images.count - shown.count) more"] : []
    let lines =
      [
        "A cluster of \(nodes.count) virtual node\(nodes.count == 1 ? "" : "s") (\(kinds.joined(separator: ", "))): \(names)",
        "  API server  \(server)",
        "  images",
      ] + shown.map { "    \($0)" } + more + [
        "    (private ones: user \(SampleImages.username), password \(SampleImages.password))",
        "",
        "In another shell:",
        "  export KUBECONFIG=\(kubeconfig)",
        "  kubectl get nodes",
        "  \(Program.name) run \(images.first ?? "IMAGE")",
        "  \(Program.name) install --image \(image) | kubectl apply -f -",
        "",
        "Ctrl-C ends it and removes everything.",
      ]
    return lines.joined(separator: "\n") + "\n"
  }

  /// For a program: one line.
  var json: String {
    let value: JSON = [
      "server": .string(server), "registry": .string(registry), "kubeconfig": .string(kubeconfig),
      "image": .string(image),
      "nodes": .array(nodes.map { ["name": .string($0.name), "architecture": .string($0.platform)] }),
      "images": .array(images.map { .string($0) }),
    ]
    return value.text + "\n"
  }

  /// What the API server was asked for, and by whom, and bytes of images by where they came from: one line.
  static func json(of counts: [RequestCount], _ traffic: SandboxTraffic) -> String {
    let requests = counts.map { count -> JSON in
      [
        "client": .string(count.client), "verb": .string(count.verb), "resource": .string(count.resource),
        "count": .integer(Int64(count.count)),
      ]
    }
    let document: JSON = [
      "requests": .array(requests.sorted { $0.text < $1.text }),
      "traffic": [
        "registryBytes": .integer(traffic.registry), "cacheBytes": .integer(traffic.cache),
        "nodeBytes": .integer(traffic.nodes),
      ],
    ]
    return document.text + "\n"
  }
}
