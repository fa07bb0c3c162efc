import Documents

extension ManifestSearch {
  /// Looks at the fields of an object for images, those in several fields too.
  mutating func fields(_ members: [String: JSON]) {
    variable(members)
    guard let source, !source.isOwn else {
      if Self.isContainer(members) { container(members, of: nil, fallback: lastKey) }
      annotations(members)
      return
    }
    if members["kind"] == "DockerImage", let name = members["name"]?.string {
      return step(.key("name")) { $0.text(name, named: $0.path) }
    }
    let keys = members.keys.sorted()
    for key in keys {
      guard let field = ImageField(key: key), field.part == .image, let text = members[key]?.string, !text.isEmpty
      else { continue }
      let parts = ImageParts(members, prefix: field.prefix, image: key)
      let isStrong = key == "image" && Self.isContainer(members)
      let likeness = ImageLikeness(text)
      let owner = path.isEmpty ? key : path
      if parts.areSeveral || parts.isBase || ImageParts.openDigest(of: text) != nil
        || (parts.hasVersion && likeness != .none && !ImageLikeness.isWhole(text))
      {
        state(parts, at: key)
      } else if isStrong, isApart(text) {
        container(members, of: nil, fallback: lastKey)
      } else if isStrong || likeness != .none || text.hasPrefix("docker://") {
        step(.key(key)) { $0.text(text, named: owner, isContainer: isStrong) }
      }
    }
    place(members, keys)
    // A repository with its tag, without a word of an image.
    let repositories = keys.filter { ImageField(key: $0)?.part == .repository }
    for key in repositories {
      guard let field = ImageField(key: key) else { continue }
      let parts = ImageParts(members, prefix: field.prefix, image: "")
      let hasImage = keys.contains { other in
        ImageField(key: other).map { $0.part == .image && $0.prefix == field.prefix } ?? false
          && members[other]?.string?.isEmpty == false
      }
      if hasImage { continue }
      if parts.tag != nil || parts.digest != nil || parts.fault != nil {
        state(parts, at: key)
      } else if let version = parts.version, let repository = parts.repository, ImageParts.hasHost(repository),
        !ImageParts.isAddress(repository), ImageLikeness(repository) != .none
      {
        let name = path.isEmpty ? key : path
        step(.key(key)) {
          $0.problem(
            .parts, name, "whether '\(version)' is the tag of '\(repository)' is not known: write name:tag if it is")
        }
      } else if ImageField.normal(key).contains("image"), let repository = parts.repository {
        let name = path.isEmpty ? key : path
        step(.key(key)) {
          $0.problem(.parts, name, "'\(repository)' is where images are; which of them are run is not said there")
        }
      }
    }
  }

  /// Where images are and with which tag, and no word of which: KubeVirt's `imageRegistry` and `imageTag`, Istio's `hub`.
  private mutating func place(_ members: [String: JSON], _ keys: [String]) {
    for key in keys where ["imageregistry", "hub"].contains(ImageField.normal(key)) {
      let parts = ImageParts(members, image: "")
      guard let registry = parts.registry, parts.tag != nil || parts.digest != nil, parts.repository == nil,
        !keys.contains(where: { ImageField(key: $0).map { $0.part == .image && $0.prefix.isEmpty } ?? false })
      else { continue }
      let name = path.isEmpty ? key : path
      step(.key(key)) {
        $0.problem(.parts, name, "'\(registry)' is where images are; which of them are run is not said there")
      }
    }
  }

  /// `sidecar.istio.io/proxyImage: …` of a pod's template.
  private mutating func annotations(_ members: [String: JSON]) {
    for key in members.keys.sorted() where key.contains("/") && ImageField.isSingular(key) {
      guard let text = members[key]?.string, ImageLikeness(text) == .image else { continue }
      step(.key(key)) {
        $0.problem(.unclear, key, "'\(text)' may be an image that is put into the pod: name it as well if it is")
      }
    }
  }

  /// `--config-reloader-image=quay.io/…`: what a program is given to start pods of its own with.
  mutating func argument(_ text: String) {
    guard text.hasPrefix("-"), let equals = text.firstIndex(of: "="),
      text[..<equals].lowercased().contains("image")
    else { return }
    let value = String(text[text.index(after: equals)...])
    guard ImageLikeness(value) == .image, case .reference = ImageText(value) else { return }
    problem(
      .unclear, String(text[..<equals]),
      "'\(value)' may be an image that is started from there: name it as well if it is")
  }

  /// What stands under the key `image` as an object.
  ///
  /// - Returns: whether it is an image.
  mutating func image(_ members: [String: JSON]) -> Bool {
    var parts = ImageParts(members)
    parts.isImage = true
    for key in ["reference", "ref", "uri", "fullName"] where parts.image == nil && parts.repository == nil {
      parts.image = members[key]?.string.flatMap { $0.isEmpty ? nil : $0 }
    }
    if let name = members["name"]?.string, !name.isEmpty, parts.image == nil {
      if parts.repository == nil {
        guard parts.areSeveral || ImageLikeness(name) == .image else { return several(members) }
        parts.image = name
      } else if parts.repository.map(ImageParts.hasHost) == false {
        parts.image = name
      } else {
        parts.fault = "whether '\(name)' is a part of its name is not known: write name:tag into one field"
      }
    }
    guard parts.image != nil || parts.repository != nil else { return several(members) }
    state(parts, at: nil)
    return true
  }

  /// Images under keys of an object's own: `{application: …, init: …}`, `{custom: …}`.
  ///
  /// - Returns: whether there are any.
  private mutating func several(_ members: [String: JSON]) -> Bool {
    var isAny = false
    for (key, value) in members.sorted(by: { $0.key < $1.key }) {
      guard let text = value.string, ImageLikeness(text) == .image, text.contains(where: \.isLetter) else { continue }
      step(.key(key)) { $0.text(text, named: $0.path) }
      isAny = true
    }
    return isAny
  }

  /// What stands under a key like `images`: texts or objects, in a list or by names.
  mutating func images(_ value: JSON, name: String) {
    switch value {
    case .array(let elements):
      for (index, element) in elements.enumerated() {
        step(.index(index)) { search in
          switch element {
          // Argo CD's: old=new:tag.
          case .string(let text): search.text(text.split(separator: "=").last.map(String.init) ?? text, named: name)
          case .object(let members) where members["newTag"] != nil || members["newName"] != nil:
            search.replacement(members)
          case .object(let members) where members["image"] == nil && members["name"]?.string == nil:
            if !search.image(members) { search.visit(element) }
          default: search.visit(element)
          }
        }
      }
    case .object(let members):
      if ImageParts(members).areSeveral, image(members) { return }
      for (key, member) in members.sorted(by: { $0.key < $1.key }) {
        let normal = ImageField.normal(key)
        guard !normal.hasSuffix("policy"), !normal.contains("secret") else { continue }
        step(.key(key)) { search in
          switch member {
          case .string(let text): search.text(text, named: search.path)
          case .object(let image): if !search.image(image) { search.images(member, name: search.path) }
          case .array: search.images(member, name: search.path)
          default: break
          }
        }
      }
    default: break
    }
  }

  /// Kustomize's `{name, newName, newTag, digest}`.
  private mutating func replacement(_ members: [String: JSON]) {
    var parts = ImageParts(members.filter { $0.key == "digest" })
    parts.isImage = true
    parts.image = members["newName"]?.string ?? members["name"]?.string
    switch members["newTag"] {
    case .string(let text): parts.tag = text.isEmpty ? nil : text
    case .integer(let number): parts.tag = String(number)
    case .number: parts.fault = "its newTag is a number, of which the end may be lost: put it in quotes"
    default: break
    }
    state(parts, at: nil)
  }

  /// A text that stands where an image may be.
  ///
  /// - Parameter isContainer: whether what stands beside it says that it is one.
  private mutating func text(_ text: String, named name: String, isContainer: Bool = false) {
    let text = text.hasPrefix("docker://") ? String(text.dropFirst("docker://".count)) : text
    if !isApart(text) {
      var parts = ImageParts()
      parts.image = text
      return put(parts, named: name)
    }
    switch ImageLikeness(text) {
    case .image: take(text, text, name: name)
    case _ where isContainer: take(text, text, name: name)
    case .unclear where source?.isOfMachines == false:
      problem(.unclear, name, "'\(text)' may be an image without a tag, or something else: write name:tag if it is one")
    case .unclear, .none: break
    }
  }

  /// Whether nothing around says that a part of the image stands elsewhere.
  private func isApart(_ text: String) -> Bool {
    if ImageParts.hasHost(text) || ImageLikeness(text) == .none { return true }
    return context.registry == nil && (context.tag == nil || ImageLikeness(text) == .image)
  }

  /// Takes what the parts give, with what stands around.
  mutating func state(_ parts: ImageParts, at key: String?) {
    let name = path.isEmpty ? key ?? "?" : path
    guard let key else { return put(parts, named: name) }
    step(.key(key)) { $0.put(parts, named: name) }
  }

  private mutating func put(_ parts: ImageParts, named name: String) {
    var parts = parts
    if let (key, registry) = context.registry, parts.registry != registry,
      !ImageParts.hasHost(parts.image ?? ""), !ImageParts.hasHost(parts.repository ?? "")
    {
      if parts.registry == nil, context.isForAll {
        parts.registry = registry
      } else {
        parts.fault =
          "whether the \(key) '\(registry)' above it is a part of it is not known: write all of it in one field"
      }
    }
    if parts.isBase, parts.version == nil { parts.version = context.version }
    if parts.tag == nil, parts.digest == nil, let tag = context.tag,
      ImageLikeness(parts.image ?? parts.repository ?? "") == .unclear
    {
      if context.isForAll {
        parts.tag = tag
      } else if parts.version == nil {
        parts.fault = "whether the tag '\(tag)' above it is its own is not known: write name:tag into one field"
      }
    }
    switch parts.whole() {
    case .reference(let reference): add(reference, name)
    case .problem(let code, let reason): problem(code, name, reason)
    case .none: break
    }
  }

  /// `{name: RELATED_IMAGE_PROXY, value: quay.io/…}`: what a program is given to start pods of its own with.
  private mutating func variable(_ members: [String: JSON]) {
    guard let name = members["name"]?.string, let value = members["value"]?.string,
      name.uppercased().contains("IMAGE"), ImageLikeness(value) == .image, case .reference = ImageText(value)
    else { return }
    step(.key("value")) {
      $0.problem(.unclear, name, "'\(value)' may be an image that is started from there: name it as well if it is")
    }
  }

  /// A text of several lines that may hold values or manifests.
  mutating func look(at text: String) {
    guard text.contains("\n"), text.contains("image:") || text.contains("repository:") else { return }
    problem(.unclear, path, "there may be images in this text, which is not read: render it first")
  }
}
