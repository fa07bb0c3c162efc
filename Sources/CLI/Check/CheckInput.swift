import ArgumentParser
import Checking
import Commands
import Documents
import ImageModel
import ImageSources
import Kubernetes
import Operator
import PrepullAPI
import Warming
import Workloads

/// The images of a check with the places where they are named, gathered from wherever they are.
struct CheckInput: Sendable {
  /// A workload, and where its template was read.
  struct Workload: Sendable {
    enum Origin: Sendable { case file, cluster }

    var template: WorkloadTemplate
    let origin: Origin
  }

  struct NamedPrepull: Sendable {
    let source: String
    let namespace: String?
    let settings: PrepullSettings
    var images: [String]
    let isOfFile: Bool
  }

  private(set) var subjects: [CheckSubject] = []
  /// Places where no image can be taken from.
  private(set) var findings: [CheckFinding] = []
  /// What the files' workloads ask of nodes and secrets, and whether that is known of everything in them.
  private(set) var workloads: [Workload] = []
  private(set) var isPlacementKnown = true
  /// Prepulls of files and of the cluster, each with the images that it names.
  private(set) var prepulls: [NamedPrepull] = []
  /// Secrets that the files bring with them, by namespace and name.
  private(set) var ownSecrets: Set<String> = []
  /// What else is to be said of the files, a line each.
  private(set) var remarks: [String] = []
  private var places: [Reference: Int] = [:]
  /// Images to put in the place of a container's own, by its name; and those that were put.
  private let replacements: [String: String]
  private var replaced: Set<String> = []

  /// Reads arguments and files.
  ///
  /// - Parameter hasMore: whether the cluster will name images too.
  /// - Throws: `ValidationError` for files that cannot be read, arguments that are no references, and for no image at
  ///   all where the cluster is not to name one either.
  init(_ images: ImageArguments, _ options: WorkloadOptions, hasMore: Bool) throws {
    replacements = try options.replacementsByContainer()
    var faults: [String] = []
    for given in try images.given() {
      do {
        let reference = try Reference(parsing: given.text)
        let origin = ImageOrigin(file: given.file == "-" ? nil : given.file, line: given.line)
        add(given.text, reference, given.file == nil ? [] : [origin])
      } catch {
        faults.append(given.place + error.description)
      }
    }
    guard faults.isEmpty else { throw ValidationError(faults.joined(separator: "\n       ")) }
    for file in try options.files.flatMap(ManifestFolder.files) { try addManifests(in: file) }
    guard !subjects.isEmpty || !findings.isEmpty || hasMore || !sources.isEmpty else {
      if let file = (options.files + images.files).first {
        throw ValidationError("there is no image in \(InputFile.name(of: file))")
      }
      throw ValidationError(
        "name at least one image, for example nginx:1.27, or give --from-file, -f, --workload or --prepull")
    }
    if options.workloads.isEmpty { try checkReplacements() }
  }

  // MARK: Where images come from

  private mutating func addManifests(in file: String) throws {
    let name = InputFile.name(of: file)
    var objects = 0
    remarks += try ManifestFiles.eachDocument(
      of: try InputFile.text(of: file, option: "-f"), name: name, places: true
    ) { objects += try addManifest($0, in: file, name) }
    try ManifestFiles.requireObjects(objects, in: name)
  }

  /// - Returns: how many objects are in the document.
  private mutating func addManifest(_ document: YAMLDocument, in file: String, _ name: String) throws -> Int {
    let found = ManifestImages.find(in: document.json)
    let own = addTemplates(of: document.json)
    if let items = document.json["items"]?.array {
      for (index, object) in items.enumerated() {
        try addPrepull(object, in: file, document, at: [.key("items"), .index(index)])
      }
    } else {
      try addPrepull(document.json, in: file, document, at: [])
    }
    // Of what no template names, nobody knows where it will run.
    let described = Set(own.flatMap(\.images).compactMap(\.reference))
    if !Set(found.references).isSubset(of: described) { isPlacementKnown = false }
    let containers = Set(own.flatMap(\.images).map(\.name))
    func origin(_ place: ManifestPlace) -> ImageOrigin {
      ImageOrigin(
        file: file == "-" ? nil : file, line: document.line(of: place.route), object: place.source, path: place.path)
    }
    for image in found.images {
      take(
        replacement(of: image.container) ?? image.reference, origin(image.place),
        isEverywhere: !described.contains(image.reference))
    }
    for problem in found.problems {
      if let other = replacement(of: problem.place.container) {
        take(other, origin(problem.place), isEverywhere: !containers.contains(problem.place.container))
      } else {
        findings.append(CheckFinding(problem, origins: [origin(problem.place)]))
      }
    }
    return found.objects
  }

  /// What pods of the document's objects ask of nodes, and the secrets that come with them; of kinds whose pods are not
  /// described as Kubernetes' own are, there is no template.
  private mutating func addTemplates(of json: JSON) -> [WorkloadTemplate] {
    let own = (try? WorkloadTemplate.all(in: json)) ?? []
    workloads += own.map { Workload(template: $0, origin: .file) }
    for object in (json["items"]?.array ?? [json]) where object["kind"] == "Secret" {
      let metadata = object["metadata"]
      ownSecrets.insert("\(metadata?["namespace"]?.string ?? "")/\(metadata?["name"]?.string ?? "")")
    }
    return own
  }

  /// - Parameter place: of the object in the document.
  /// - Throws: `ValidationError` for a Prepull that the operator would not take.
  private mutating func addPrepull(
    _ object: JSON, in file: String, _ document: YAMLDocument, at place: [DocumentStep]
  ) throws {
    guard object["kind"] == .string(Prepull.kind), object["apiVersion"] == .string(Prepull.apiVersion) else { return }
    let metadata = object["metadata"]
    let name = ForeignText.clean(metadata?["name"]?.string ?? "?")
    let form = PrepullForm(object, name: name)
    let origin = ImageOrigin(file: file == "-" ? nil : file, line: document.line, object: "prepull/\(name)")
    findings += form.findings { route in
      var origin = origin
      origin.line = document.line(of: place + route)
      return origin
    }
    do throws(SpecError) {
      let spec = try form.spec()
      try add(name, metadata?["namespace"]?.string, spec, [], origin, isOfFile: true)
    } catch {
      throw ValidationError("\(InputFile.name(of: file)):\(document.line), prepull/\(name): \(form.complaint(error))")
    }
  }

  /// A Prepull's own images, and those that the operator found for it.
  ///
  /// - Throws: `SpecError` for a spec that the operator would not take.
  private mutating func add(
    _ name: String, _ namespace: String?, _ spec: Prepull.Spec, _ discovered: [String],
    _ origin: ImageOrigin = ImageOrigin(), isOfFile: Bool = false
  ) throws(SpecError) {
    let source = "prepull/\(name)"
    let settings = try PrepullSettings(spec)
    // A machine may have no files of zones.
    var zones = ZoneFiles()
    if (try? zones.rules("Europe/Berlin")) != nil { _ = try zones.windows(settings.windows) }
    var origin = origin
    origin.object = source
    let images = settings.images + discovered.filter { !settings.images.contains($0) }
    for text in images { take(text, origin, isEverywhere: false) }
    prepulls.append(
      NamedPrepull(source: source, namespace: namespace, settings: settings, images: images, isOfFile: isOfFile))
  }

  // MARK: What sources give

  /// A source of a Prepull of a file.
  struct Source: Sendable {
    /// Of the Prepull in `prepulls`.
    let prepull: Int
    let source: PrepullSettings.Source
  }

  /// Those of the files' Prepulls; what the sources of the cluster's own gave is known.
  var sources: [Source] {
    prepulls.enumerated().flatMap { index, prepull in
      prepull.isOfFile ? prepull.settings.sources.map { Source(prepull: index, source: $0) } : []
    }
  }

  /// Adds what a source gave.
  mutating func add(_ images: [String], of source: Source) {
    var origin = ImageOrigin()
    origin.object = "\(prepulls[source.prepull].source), \(source.source.source.name)"
    for image in images where !prepulls[source.prepull].images.contains(image) {
      take(image, origin, isEverywhere: false)
      prepulls[source.prepull].images.append(image)
    }
  }

  /// Says that a source gave nothing.
  mutating func add(_ code: CheckCode, _ problem: String, _ remedy: String, of source: Source) {
    var origin = ImageOrigin()
    origin.object = prepulls[source.prepull].source
    let text = problem.contains(source.source.source.place) ? problem : "\(source.source.source.name): \(problem)"
    findings.append(CheckFinding(code, text, remedy, origins: [origin]))
  }

  // MARK: What the cluster adds

  /// All images and workloads, those that the cluster names too.
  ///
  /// - Throws: `ValidationError` for a Prepull that the operator would not take, and for --image without its container.
  func joined(with cluster: CheckCluster) throws -> CheckInput {
    var joined = self
    for prepull in cluster.prepulls {
      do {
        try joined.add(prepull.name, cluster.namespace, prepull.spec, prepull.discovered)
      } catch {
        throw ValidationError("prepull/\(prepull.name): \(error)")
      }
      joined.findings += prepull.sources.map { CheckFinding($0, of: prepull.name) }
    }
    for workload in cluster.workloads where workload.origin == .cluster { joined.addImages(of: workload.template) }
    joined.workloads = cluster.workloads
    try joined.checkReplacements()
    joined.place()
    return joined
  }

  /// On which nodes the Prepulls and the workloads run, in this order, as far as the user wants them.
  func placements(within choice: NodeChoice) -> [Placement] {
    prepulls.map { prepull in
      var nodes = prepull.settings.nodes
      nodes.selector += choice.selector
      nodes.names = choice.names
      nodes.exclude = choice.exclude
      nodes.tolerations += choice.tolerations
      nodes.includeCordoned = choice.includeCordoned
      return Placement(prepull.source, nodes: nodes, needsEachNode: false)
    }
      + workloads.map { workload in
        var nodes = choice
        nodes.narrow(to: WorkloadSet([workload.template]))
        return Placement(workload.template.source, nodes: nodes, needsEachNode: true)
      }
  }

  /// The secrets that the pods will pull with, each once, but for those that a manifest brings along.
  ///
  /// - Parameters:
  ///   - given: names of secrets in `namespace`.
  ///   - namespace: of what has none of its own.
  func secrets(and given: [String], in namespace: String) -> [(namespace: String, name: String)] {
    let ofWorkloads = workloads.flatMap { workload in
      workload.template.pullSecrets.map { (namespace: workload.template.namespace ?? namespace, name: $0) }
    }
    return once(ofWorkloads + named(by: prepulls, and: given, in: namespace))
  }

  /// Those that the pods of one Prepull will pull with.
  func secrets(
    of prepull: NamedPrepull, and given: [String], in namespace: String
  ) -> [(namespace: String, name: String)] {
    once(named(by: [prepull], and: given, in: namespace))
  }

  private func named(
    by prepulls: [NamedPrepull], and given: [String], in namespace: String
  ) -> [(namespace: String, name: String)] {
    prepulls.flatMap { prepull in
      prepull.settings.imagePullSecrets.map { (namespace: prepull.namespace ?? namespace, name: $0) }
    } + given.map { (namespace: namespace, name: $0) }
  }

  private func once(_ secrets: [(namespace: String, name: String)]) -> [(namespace: String, name: String)] {
    var seen: Set<String> = []
    return secrets.filter { secret in
      ![secret.namespace, ""].contains { ownSecrets.contains("\($0)/\(secret.name)") }
        && seen.insert("\(secret.namespace)/\(secret.name)").inserted
    }
  }

  /// The repositories whose tags are asked for.
  var repositories: [Reference] {
    prepulls.flatMap(\.settings.sources).compactMap { source -> Reference? in
      if case .tags(let tags) = source.source { try? Reference(parsing: tags.repository) } else { nil }
    }
  }

  /// Says of each image which of the placements it is for.
  private mutating func place() {
    func put(_ text: String, _ placement: Int) {
      guard let reference = try? Reference(parsing: text), let place = places[reference],
        !subjects[place].placements.contains(placement)
      else { return }
      subjects[place].placements.append(placement)
    }
    for (index, prepull) in prepulls.enumerated() {
      for text in prepull.images { put(text, index) }
    }
    for (index, workload) in workloads.enumerated() {
      for image in workload.template.images {
        if let text = replacements[image.name] ?? image.reference { put(text, prepulls.count + index) }
      }
    }
  }

  /// Images of a workload of the cluster.
  private mutating func addImages(of template: WorkloadTemplate) {
    for image in template.images {
      let origin = ImageOrigin(object: template.source)
      if let text = replacement(of: image.name) ?? image.reference, !text.isEmpty {
        take(text, origin, isEverywhere: false)
      } else {
        findings.append(
          CheckFinding(
            .noImage, "container '\(image.name)' has no image", "Name it with --image \(image.name)=….",
            origins: [origin]))
      }
    }
  }

  /// A text that the cluster or a manifest gives as an image.
  private mutating func take(_ text: String, _ origin: ImageOrigin, isEverywhere: Bool) {
    do {
      add(text, try Reference(parsing: text), [origin], isEverywhere: isEverywhere)
    } catch {
      findings.append(CheckFinding(.badReference, error.description, "Correct it there.", origins: [origin]))
    }
  }

  private mutating func add(
    _ given: String, _ reference: Reference, _ origins: [ImageOrigin], isEverywhere: Bool = true
  ) {
    if let place = places[reference] {
      subjects[place].origins += origins
      if isEverywhere { subjects[place].isEverywhere = true }
    } else {
      places[reference] = subjects.count
      var subject = CheckSubject(given: given, reference: reference, origins: origins)
      subject.isEverywhere = isEverywhere
      subjects.append(subject)
    }
  }

  // MARK: --image

  private mutating func replacement(of container: String) -> String? {
    guard let other = replacements[container] else { return nil }
    replaced.insert(container)
    return other
  }

  /// - Throws: `ValidationError` for a replacement of a container that there is not.
  private func checkReplacements() throws {
    guard let name = replacements.keys.sorted().first(where: { !replaced.contains($0) }) else { return }
    throw ValidationError("there is no container '\(name)' whose image to replace: check --image")
  }
}

extension CheckFinding {
  /// A source of a Prepull of the cluster that gives the operator nothing.
  fileprivate init(_ source: Prepull.SourceStatus, of prepull: String) {
    let problem =
      source.message ?? source.reason ?? "the operator has not said yet what it gives"
    let list = source.images.map { images in
      "; its last good list stays: \(Quantity.count(images.count, "image"))"
        + (source.updatedAt.map { " of \($0)" } ?? "")
    }
    self.init(
      .sourceFailed, "\(source.source) of prepull/\(prepull): \(ForeignText.clause(problem))\(list ?? "")",
      "See how it stands: \(Program.name) status \(prepull)", origins: [ImageOrigin(object: "prepull/\(prepull)")])
  }

  fileprivate init(_ problem: ImageProblem, origins: [ImageOrigin]) {
    let (code, remedy): (CheckCode, String) =
      switch problem.code {
      case .empty: (.noImage, "Write the image there, or give it with --image \(problem.place.container)=….")
      case .variable: (.variable, "Check what is applied: give the manifest after everything was filled in.")
      case .identifier: (.noName, "Write the repository before the digest: registry/name@sha256:….")
      case .malformed: (.badReference, "Correct it there.")
      case .parts: (.imageParts, "Name the image that will run as well: prepull check IMAGE, or with --from-file.")
      case .unclear: (.maybeImage, "If it is an image, name it as well: prepull check IMAGE, or with --from-file.")
      }
    self.init(code, problem.reason, remedy, origins: origins)
  }
}
