import ArgumentParser
import Commands
import ImageModel
import Kubernetes
import PrepullAPI
import Warming

extension DaemonSetManifest.Engine: ExpressibleByArgument {}

/// `prepull render`: the manifest that makes every node pull.
struct RenderCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "render",
    abstract: "Print a DaemonSet that pulls images onto every node, for kubectl apply.",
    discussion: """
      Nothing needs to be installed in the cluster, and nothing is asked of it: the output depends on the arguments \
      alone.

      Examples:
        \(Program.name) render nginx:1.27 | kubectl apply -f -
        \(Program.name) render --from-file images.txt --toleration all --arch amd64
        \(Program.name) render --engine docker hello-world
      """)

  @OptionGroup var images: ImageArguments

  @Option(
    help: """
      Who pulls: the kubelet, because the pod names the image; or Prepull's own image through the node's docker or \
      cri socket, as root, after which every pod of the node may use the images.
      """)
  var engine = DaemonSetManifest.Engine.kubelet

  @Option(help: "Name of the objects. (default: prepull- and the first image's name)")
  var name: String?

  @Option(name: .shortAndLong, help: "Namespace of the objects. (default: kubectl's current one)")
  var namespace: String?

  @Option(
    name: [.customShort("l"), .long], help: NodeOptions.selectorHelp)
  var selector: [String] = []

  @Option(help: NodeOptions.tolerationHelp)
  var toleration: [String] = []

  @Option(
    help: ArgumentHelp("Secret with registry credentials, of the same namespace. Repeatable.", valueName: "name"))
  var pullSecret: [String] = []

  @Option(
    help: ArgumentHelp(
      "Architectures of the nodes, with commas or repeated: \(TouchProgram.Architecture.choices). (default: amd64,arm64)",
      valueName: "arch"))
  var arch: [String] = []

  @Flag(help: "Give each image a container that stays, so that one that cannot be pulled does not keep others waiting.")
  var isolate = false

  @Option(help: "When a node asks the registry.")
  var policy = PullPolicy.ifNotPresent

  @OptionGroup var podOptions: PodOptions

  @Option(help: ArgumentHelp("Priority class of the pods.", valueName: "name"))
  var priorityClass: String?

  @Option(
    help: ArgumentHelp(
      "How many nodes may be without their pod while an update rolls out: a number or a percentage.",
      valueName: "number"))
  var maxUnavailable = "10%"

  @Option(
    help: ArgumentHelp(
      "Prepull's own image, for the engines docker and cri. (default: \(Self.publishedImage))", valueName: "image"))
  var prepullImage: String?

  @Option(
    help: ArgumentHelp(
      """
      The runtime's socket on the nodes, for the engines docker and cri. \
      (default: /var/run/docker.sock, /run/containerd/containerd.sock)
      """, valueName: "path"))
  var socket: String?

  @Option(
    help: ArgumentHelp(
      "How often a failed pull is tried again, for the engines docker and cri. (default: 5)", valueName: "n"))
  var retries: Int?

  @Option(name: .shortAndLong, help: "Form of the output.")
  var output = ManifestOutput.yaml

  func validate() throws {
    if let retries, !(0...100).contains(retries) {
      throw ValidationError("--retries takes 0 to 100, not \(retries)")
    }
  }

  func run() throws {
    let (text, remarks) = try rendered()
    let console = Console.standardError
    console.write(lines: console.wrapped(remarks))
    try Console.standardOutput.writeAll(text)
  }

  /// What goes to standard output, and remarks for standard error.
  func rendered() throws -> (text: String, remarks: [String]) {
    let (wanted, repeated) = try images.wanted()
    do {
      let manifest = try manifest(of: wanted)
      let resources = try manifest.resources()
      var remarks = repeated.map { "note: \($0) is there already and was left out" }
      if engine == .kubelet, prepullImage != nil {
        remarks.append("note: --prepull-image is not used: with engine kubelet nothing of Prepull's image runs")
      }
      if engine == .kubelet, retries != nil {
        remarks.append("note: --retries is not used: with engine kubelet each kubelet tries again forever")
      }
      if manifest.needsServerSideApply(resources) {
        remarks.append("note: too large for plain kubectl apply: use kubectl apply --server-side")
      }
      return (try output.text(of: resources, notes: manifest.notes(on: resources)), remarks)
    } catch let error as ManifestError {
      throw ValidationError(error.description)
    }
  }

  private func manifest(of images: [WantedImage]) throws -> DaemonSetManifest {
    var manifest = DaemonSetManifest(images: images, prepullImage: prepullImage ?? Self.publishedImage)
    manifest.name = name
    manifest.namespace = namespace
    manifest.engine = engine
    if !arch.isEmpty { manifest.architectures = Set(try TouchProgram.Architecture.all(in: arch)) }
    manifest.isolate = isolate
    manifest.policy = policy
    manifest.select(try NodeOptions.requirements(selector))
    manifest.tolerations = try toleration.map { try Toleration(parsing: $0) }
    manifest.pullSecrets = pullSecret
    let template = try podOptions.template()
    manifest.labels = template.labels
    manifest.annotations = template.annotations
    manifest.requests = template.requests
    manifest.limits = template.limits
    manifest.retries = retries
    manifest.priorityClass = priorityClass
    manifest.maxUnavailable = try IntOrString(maxUnavailable: maxUnavailable)
    manifest.socket = socket
    return manifest
  }

  static let publishedImage = "ghcr.io/prepull/prepull:\(Version.current)"
}
