package import Documents

/// The images of manifests of any kind, found by shape.
///
/// A pod's containers and image volumes are found wherever they sit, so that resources which nobody here knows are read
/// as Kubernetes' own are: Argo Rollouts and Workflows, Knative Services, Tekton Tasks, KServe InferenceServices,
/// RayClusters. What looks like a container elsewhere is one too: an object with the text `image` beside a field that
/// only containers have.
package struct ManifestImages: Hashable, Sendable {
  /// In the order in which a node needs them within a pod: init containers, containers, volumes.
  package var images: [FoundImage] = []
  package var problems: [ImageProblem] = []
  /// Objects that were looked through, those within others too; none when nothing was a Kubernetes object.
  package var objects = 0
  /// What else is to be said of the manifests, a line each.
  package var remarks: [String] = []

  package init() {}

  /// Looks through one document: an object, a List, or an array of them.
  package static func find(in document: JSON) -> ManifestImages {
    var search = ManifestSearch()
    search.visit(document)
    return search.found
  }

  /// The references, each once, in the order in which they were found.
  package var references: [String] {
    var seen: Set<String> = []
    return images.map(\.reference).filter { seen.insert($0).inserted }
  }

  package static func += (one: inout ManifestImages, other: ManifestImages) {
    one.images += other.images
    one.problems += other.problems
    one.objects += other.objects
    one.remarks += other.remarks
  }
}

extension ManifestImages {
  /// What is in none of these templates: images by their object, and places without any.
  package func leaving(
    _ templates: [WorkloadTemplate]
  ) -> (templates: [WorkloadTemplate], problems: [ImageProblem]) {
    let read = Set(templates.map(\.source))
    let references = Set(templates.flatMap(\.images).compactMap(\.reference))
    var others: [WorkloadTemplate] = []
    for image in images where !references.contains(image.reference) {
      let own = WorkloadTemplate.Image(name: image.container, reference: image.reference)
      if let index = others.firstIndex(where: { $0.source == image.source }) {
        others[index].images.append(own)
      } else {
        others.append(WorkloadTemplate(of: image.source, namespace: image.place.namespace, images: [own]))
      }
    }
    return (others, problems.filter { !read.contains($0.place.source) })
  }
}
