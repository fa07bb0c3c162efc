import Kubernetes

extension Resource {
  /// Bytes of the object on its way to the API server; 0 for one that has no JSON, which none of ours lacks.
  var encodedSize: Int { (try? RequestBody.bytes(of: TypedResource(self)).count) ?? 0 }
}
