import Documents

/// A walk through a document that knows at each spot in which object it is and how it got there.
struct ManifestSearch {
  var found = ManifestImages()
  /// The object that the walk is in.
  struct Source {
    let name: String
    let namespace: String?
    /// Whether it is of Kubernetes' own kinds that make pods: these have images in containers and nowhere else.
    let isOwn: Bool
    /// Whether its images may be those of machines.
    let isOfMachines: Bool
  }
  private(set) var source: Source?
  /// From the document on.
  private var route: [DocumentStep] = []
  /// How many steps lead to the object.
  private var depth = 0
  /// What the objects around say of the images within, the nearest last.
  var context = ImageContext()

  /// Lists of containers. Those of pods come first, then the steps of Tekton and the sidecars of Tekton and Argo.
  private static let lists = ["initContainers", "containers", "ephemeralContainers", "steps", "sidecars"]
  /// What is a container by its key: of Argo, Tekton and KubeVirt.
  private static let single: Set = ["container", "script", "stepTemplate", "containerDisk"]
  /// Fields beside an image that only what becomes a container has.
  private static let marks: Set = [
    "args", "command", "env", "envFrom", "imagePullPolicy", "imagePullSecrets", "livenessProbe", "modelFormat", "ports",
    "readinessProbe", "resources", "script", "securityContext", "storageUri", "volumeMounts",
  ]
  /// Their content is data or schema, not pods.
  private static let opaque: Set = ["ConfigMap", "Secret", "CustomResourceDefinition"]
  /// Flux's are about repositories of images, and ours is read by those who need its nodes too.
  private static let opaqueGroups: Set = ["image.toolkit.fluxcd.io", "prepull.dev"]
  private static let skipped: Set = ["apiVersion", "kind", "metadata", "status"]

  mutating func visit(_ value: JSON) {
    switch value {
    case .array(let elements):
      for (index, element) in elements.enumerated() { step(.index(index)) { $0.visit(element) } }
    case .object(let members):
      if let kind = members["kind"]?.string, members["apiVersion"]?.string != nil {
        visit(object: value, kind: kind, members)
      } else {
        if source != nil { fields(members) }
        visit(members: members)
      }
    case .string(let text):
      guard let source else { break }
      argument(text)
      if !source.isOwn { look(at: text) }
      if !source.isOwn || ["args", "command"].contains(lastKey) { mention(text) }
    default: break
    }
  }

  private mutating func visit(object: JSON, kind: String, _ members: [String: JSON]) {
    if kind.hasSuffix("List"), let items = members["items"]?.array {
      // The API server leaves out of a typed list's items what the list says.
      for (index, var item) in items.enumerated() {
        if item["kind"] == nil {
          item["kind"] = .string(String(kind.dropLast("List".count)))
          item["apiVersion"] = members["apiVersion"]
        }
        step(.key("items")) { $0.step(.index(index)) { $0.visit(item) } }
      }
      return
    }
    found.objects += 1
    let group = String(members["apiVersion"]?.string?.split(separator: "/").first ?? "")
    guard !Self.opaque.contains(kind), !Self.opaqueGroups.contains(group) else { return }
    let name = object[path: "metadata", "name"]?.string ?? object[path: "metadata", "generateName"]?.string
    let outer = (source, depth, context)
    source = Source(
      name: ForeignText.clean("\(kind.lowercased())/\(name ?? "?")"),
      namespace: object[path: "metadata", "namespace"]?.string.map { ForeignText.clean($0) },
      isOwn: ["v1", "apps", "batch"].contains(group), isOfMachines: Self.isOfMachines(group))
    depth = route.count
    context = ImageContext()
    let content = members.filter { !Self.skipped.contains($0.key) }
    if source?.isOwn == false { fields(content) }
    visit(members: content)
    (source, depth, context) = outer
  }

  private static func isOfMachines(_ group: String) -> Bool {
    group.hasSuffix("cluster.x-k8s.io") || group.hasPrefix("machine.") || group.hasPrefix("karpenter.")
      || ["kops.k8s.io", "metal3.io", "hive.openshift.io"].contains(group)
  }

  mutating func visit(members: [String: JSON]) {
    let outer = context
    context.enter(members)
    defer { context = outer }
    let keys = members.keys.sorted { (Self.rank(of: $0), $0) < (Self.rank(of: $1), $1) }
    for key in keys {
      guard let value = members[key] else { continue }
      step(.key(key)) { search in
        guard let source = search.source else { return search.visit(value) }
        switch value {
        case .array(let elements) where Self.lists.contains(key): search.containers(elements, of: key)
        case .array(let elements) where key == "volumes": search.volumes(elements)
        case .object(let container) where Self.single.contains(key):
          search.container(container, of: nil, fallback: key)
          search.visit(members: container)
        case .string(let address) where key == "storageUri" && address.hasPrefix("oci://"):
          // A model that KServe mounts as an image ("modelcar").
          search.take(address, String(address.dropFirst("oci://".count)), name: "model")
        case .object, .array:
          if !source.isOwn, ImageField.isPlural(key) {
            search.images(value, name: key)
          } else if !source.isOwn, case .object(let image) = value, ImageField.isSingular(key), search.image(image) {
            break
          } else {
            search.visit(value)
          }
        // What is in a field of its own was looked at with the fields beside it.
        case .string(let text) where ImageField(key: key) != nil:
          if !source.isOwn, ImageField(key: key)?.part == .version { search.mention(text) }
        default: search.visit(value)
        }
      }
    }
  }

  /// Pods first; what runs after them last.
  private static func rank(of key: String) -> Int { lists.firstIndex(of: key) ?? lists.count }

  private mutating func containers(_ elements: [JSON], of list: String) {
    for (index, element) in elements.enumerated() {
      step(.index(index)) { search in
        guard case .object(let members) = element else { return search.visit(element) }
        search.container(members, of: list, fallback: "\(list)[\(index)]")
        search.visit(members: members)
      }
    }
  }

  private mutating func volumes(_ elements: [JSON]) {
    for (index, element) in elements.enumerated() {
      step(.index(index)) { search in
        guard case .object(let members) = element else { return }
        if let image = members["image"]?["reference"] {
          search.step(.key("image")) {
            $0.step(.key("reference")) { $0.take(image, name: members["name"]?.string ?? "volumes[\(index)]") }
          }
        }
        search.visit(members: members.filter { $0.key != "image" })
      }
    }
  }

  /// - Parameter list: the list of containers that it stands in; nil for one that is known by its shape.
  mutating func container(_ members: [String: JSON], of list: String?, fallback: String) {
    let name = members["name"]?.string ?? fallback
    if source?.isOwn == false {
      // Its members are visited too.
      if members["image"]?.object != nil { return }
      if members["image"] == nil { return fields(members) }
      let parts = ImageParts(members)
      if parts.areSeveral { return state(parts, at: "image") }
    }
    step(.key("image")) { search in
      switch members["image"] {
      case let image?: search.take(image, name: name, isInjected: name == "istio-proxy")
      // A resource of its own kind may state a patch of a container, or take the image from elsewhere.
      case nil where list != nil && search.source?.isOwn == true:
        search.problem(.empty, name, "the container '\(name)' has no image")
      case nil: break
      }
    }
  }

  private mutating func take(_ image: JSON, name: String, isInjected: Bool = false) {
    switch image {
    case .string("auto") where isInjected:
      problem(.variable, name, "'auto' is filled in by Istio when the pod is made")
    case .string(let text): take(text, text, name: name)
    case .null: problem(.empty, name, "the image of '\(name)' is empty")
    case .object, .array:
      problem(.malformed, name, "the image of '\(name)' is no text but a list of fields: write name:tag")
    default: problem(.malformed, name, "the image of '\(name)' is no text: put it in quotes")
    }
  }

  /// - Parameters:
  ///   - text: as it is written.
  ///   - image: the part of it that names the image.
  mutating func take(_ text: String, _ image: String, name: String) {
    switch ImageText(image) {
    case .reference(let reference): add(reference, name)
    case .problem(let code, let reason): problem(code, name, reason)
    }
  }

  mutating func add(_ reference: String, _ name: String) {
    found.images.append(FoundImage(reference: reference, place: place(name)))
  }

  mutating func problem(_ code: ImageProblem.Code, _ name: String, _ reason: String) {
    found.problems.append(ImageProblem(code, at: place(name), ForeignText.clean(reason)))
  }

  /// A text of which nothing around says that it is an image, but which looks like nothing else.
  mutating func mention(_ text: String) {
    let image = text.hasPrefix("docker://") ? String(text.dropFirst("docker://".count)) : text
    guard ImageLikeness.isUnmistakable(image), found.images.last?.place.route != route,
      !found.problems.suffix(8).contains(where: { $0.place.route == route })
    else { return }
    problem(.unclear, lastKey, "'\(image)' may be an image that is started from there: name it as well if it is")
  }

  static func isContainer(_ members: [String: JSON]) -> Bool {
    members["image"]?.string != nil && !marks.isDisjoint(with: members.keys)
  }

  // MARK: Where it is

  mutating func step<Result>(_ step: DocumentStep, _ body: (inout ManifestSearch) -> Result) -> Result {
    route.append(step)
    defer { route.removeLast() }
    return body(&self)
  }

  var lastKey: String {
    for case .key(let key) in route[depth...].reversed() { return key }
    return "?"
  }

  /// From the object on.
  var path: String {
    route[depth...].reduce(into: "") { text, step in
      switch step {
      case .key(let key): text += (text.isEmpty ? "" : ".") + key
      case .index(let index): text += "[\(index)]"
      }
    }
  }

  private func place(_ name: String) -> ManifestPlace {
    ManifestPlace(
      source: source?.name ?? "?", namespace: source?.namespace, path: ForeignText.clean(path),
      container: ForeignText.clean(name), route: route)
  }
}
