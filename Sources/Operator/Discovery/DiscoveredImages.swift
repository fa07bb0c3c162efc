package import Kubernetes

/// Which workloads' images a Prepull adds to its own.
package struct DiscoveryRequest: Hashable, Sendable {
  package let namespaces: Set<String>
  /// Of the workloads' own labels, and of the pods'; all must be met.
  package let selector: [NodeRequirement]
  /// Earlier revisions of each workload whose images are wanted too.
  package let history: Int

  package init(namespaces: Set<String>, selector: [NodeRequirement] = [], history: Int = 0) {
    self.namespaces = namespaces
    self.selector = selector
    self.history = history
  }
}

/// An image that workloads use, and which.
package struct DiscoveredImage: Hashable, Sendable {
  /// As the workloads write it.
  package let reference: String
  /// `Deployment web/front (app)`, `pods of Deployment web/front (proxy)`; of many the first few, then how many more.
  package let wantedBy: [String]

  package init(reference: String, wantedBy: [String]) {
    self.reference = reference
    self.wantedBy = wantedBy
  }
}

/// What discovery found for a Prepull.
package struct DiscoveredImages: Hashable, Sendable {
  /// By reference.
  package var images: [DiscoveredImage] = []
  /// False while a kind could not be listed even once: there may be more, and what was found in earlier lives of the
  /// controller is to be kept.
  package var isComplete = true
  /// Why what is known may be old or incomplete: `cannot list cronjobs in the namespace 'web': …`.
  package var problem: String?

  package init() {}
}
