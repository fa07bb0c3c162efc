package import ImageModel
import Kubernetes

/// Gives each image of a pod a container name that tells which image it is: `nginx-1-27`.
package struct ContainerNames {
  private var taken: Set<String>

  /// `reserved` are the names of the pod's other containers.
  package init(reserved: Set<String>) { taken = reserved }

  /// A DNS label that no other container of the pod has.
  package mutating func name(for image: WantedImage) -> String {
    let wanted = [image.shortName, image.reference.tag].compactMap(\.self).joined(separator: "-")
    let base = NamingRule.label(from: wanted, limit: 58) ?? "image"
    var name = base
    var count = 1
    while !taken.insert(name).inserted {
      count += 1
      name = "\(base)-\(count)"
    }
    return name
  }
}

extension WantedImage {
  /// The last component of the repository: `nginx` of `docker.io/library/nginx:1.27`.
  var shortName: String {
    String(reference.repository.split(separator: "/").last ?? "image")
  }
}
