package import ImageModel

/// Several places one after the other: the node's, then the operator.
package struct ChainedCredentials: ImageCredentials {
  private let places: [any ImageCredentials]

  package init(_ places: [any ImageCredentials]) { self.places = places }

  package func sources(for reference: Reference) async -> [LoginSource] {
    var all: [LoginSource] = []
    for place in places { all += await place.sources(for: reference) }
    return all
  }
}
