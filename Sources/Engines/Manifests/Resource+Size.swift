import Kubernetes

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension Resource {
  /// Bytes of the object on its way to the API server; 0 for one that has no JSON, which none of ours lacks.
  var encodedSize: Int { (try? JSONEncoder().encode(TypedResource(self)).count) ?? 0 }
}
