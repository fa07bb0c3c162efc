import Documents

/// A walk through a document that knows at each spot in which object it is and how it got there.
struct ManifestSearch {
  private(set) var found = ManifestImages()
  private var source: (name: String, namespace: String?, isOwn: Bool)?
  /// From the document on.
  private var route: [DocumentStep] = []
  /// How many steps lead to the object.
  private var depth = 0

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
  private static let skipped: Set = ["apiVersion", "kind", "metadata", "status"]

  mutating func visit(_ value: JSON) {
    switch value {
    case .array(let elements):
      for (index, element) in elements.enumerated() { step(.index(index)) { $0.visit(element) } }
    case .object(let members):
      if let kind = members["kind"]?.string, members["apiVersion"]?.string != nil {
        visit(object: value, kind: kind, members)
      } else {
        if source != nil, Self.isContainer(members) { container(members, of: nil, fallback: lastKey) }
        visit(members: members)
      }
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
    guard !Self.opaque.contains(kind) else { return }
    let name = object[path: "metadata", "name"]?.string ?? object[path: "metadata", "generateName"]?.string
    let outer = (source, depth)
    let group = members["apiVersion"]?.string?.split(separator: "/").first ?? ""
    source = (
      "\(kind.lowercased())/\(name ?? "?")", object[path: "metadata", "namespace"]?.string,
      ["v1", "apps", "batch"].contains(group)
    )
    depth = route.count
    visit(members: members.filter { !Self.skipped.contains($0.key) })
    (source, depth) = outer
  }

  private mutating func visit(members: [String: JSON]) {
    let keys = members.keys.sorted { (Self.rank(of: $0), $0) < (Self.rank(of: $1), $1) }
    for key in keys {
      guard let value = members[key] else { continue }
      step(.key(key)) { search in
        guard search.source != nil else { return search.visit(value) }
        switch value {
        case .array(let elements) where Self.lists.contains(key): search.containers(elements, of: key)
        case .array(let elements) where key == "volumes": search.volumes(elements)
        case .object(let container) where Self.single.contains(key):
          search.container(container, of: nil, fallback: key)
          search.visit(members: container)
        case .string(let address) where key == "storageUri" && address.hasPrefix("oci://"):
          // A model that KServe mounts as an image ("modelcar").
          search.take(address, String(address.dropFirst("oci://".count)), name: "model")
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
  private mutating func container(_ members: [String: JSON], of list: String?, fallback: String) {
    let name = members["name"]?.string ?? fallback
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
  private mutating func take(_ text: String, _ image: String, name: String) {
    switch ImageText(image) {
    case .reference(let reference):
      found.images.append(FoundImage(reference: reference, place: place(name)))
    case .problem(let code, let reason):
      problem(code, name, reason)
    }
  }

  private mutating func problem(_ code: ImageProblem.Code, _ name: String, _ reason: String) {
    found.problems.append(ImageProblem(code, at: place(name), reason))
  }

  private static func isContainer(_ members: [String: JSON]) -> Bool {
    members["image"]?.string != nil && !marks.isDisjoint(with: members.keys)
  }

  // MARK: Where it is

  private mutating func step<Result>(_ step: DocumentStep, _ body: (inout ManifestSearch) -> Result) -> Result {
    route.append(step)
    defer { route.removeLast() }
    return body(&self)
  }

  private var lastKey: String {
    for case .key(let key) in route[depth...].reversed() { return key }
    return "?"
  }

  private func place(_ name: String) -> ManifestPlace {
    let text = route[depth...].reduce(into: "") { text, step in
      switch step {
      case .key(let key): text += (text.isEmpty ? "" : ".") + key
      case .index(let index): text += "[\(index)]"
      }
    }
    return ManifestPlace(
      source: source?.name ?? "?", namespace: source?.namespace, path: text, container: name, route: route)
  }
}
