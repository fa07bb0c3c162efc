package import Documents

extension KubernetesClient {
  /// An answer of any path below the server's address, `/version`.
  package func getJSON(_ path: String) async throws -> JSON { try await send(APIRequest(get: path)) }

  /// An object of a kind that is known only at run time, with all its fields.
  package func object(_ resource: DynamicResource, _ name: String, in namespace: String? = nil) async throws -> JSON {
    try await send(APIRequest(.get, resource, namespace: namespace, name: name))
  }

  /// What an object says about itself, without what is in it: the way to see that a secret is there and not read it.
  package func metadata(
    of resource: DynamicResource, _ name: String, in namespace: String? = nil
  ) async throws -> ObjectMeta {
    struct Partial: Decodable { let metadata: ObjectMeta }
    var request = APIRequest(.get, resource, namespace: namespace, name: name)
    request.accept = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
    let partial: Partial = try await send(request)
    return partial.metadata
  }

  /// The names of objects of such a kind, of the first page of them: enough to choose from.
  package func names(of resource: DynamicResource, in namespace: String? = nil) async throws -> [String] {
    try await heads(of: resource, in: namespace, labels: nil).compactMap(\.metadata.name)
  }

  /// The labels of such objects.
  package func labels(
    of resource: DynamicResource, in namespace: String? = nil, labels: String
  ) async throws -> [StringMap] {
    try await heads(of: resource, in: namespace, labels: labels).compactMap(\.metadata.labels)
  }

  /// How many objects of such a kind there are: the server's own count, of which one object is read; at least that where
  /// it does not tell.
  package func count(_ resource: DynamicResource) async throws -> Int {
    var request = APIRequest(.list, resource, namespace: nil)
    request.accept = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"
    let page: ListPage<Head> = try await page(request, after: nil, size: 1)
    return page.items.count + (page.metadata?.remainingItemCount ?? (page.next == nil ? 0 : 1))
  }

  private struct Head: Decodable, Sendable { let metadata: ObjectMeta }

  private func heads(of resource: DynamicResource, in namespace: String?, labels: String?) async throws -> [Head] {
    var request = APIRequest(.list, resource, namespace: namespace)
    request.query = Self.selection(labels, nil)
    request.accept = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"
    let page: ListPage<Head> = try await page(request, after: nil, size: 500)
    return page.items
  }

  /// All objects of such a kind.
  package func objects(
    _ resource: DynamicResource, in namespace: String? = nil, labels: String? = nil, fields: String? = nil
  ) async throws -> [JSON] {
    var request = APIRequest(.list, resource, namespace: namespace)
    request.query = Self.selection(labels, fields)
    let (items, _): ([JSON], String) = try await list(request, pageSize: 500)
    return items
  }

  /// Replaces an object by one that was read and changed; its `resourceVersion` makes it fail when somebody else was
  /// quicker.
  package func replace(_ object: JSON, as resource: DynamicResource, subresource: String? = nil) async throws -> JSON {
    var request = APIRequest(
      .update, resource, namespace: object[path: "metadata", "namespace"]?.string,
      name: object[path: "metadata", "name"]?.string ?? "", subresource: subresource)
    request.query = [("fieldManager", "prepull")]
    request.body = RequestBody.bytes(of: object)
    return try await send(request)
  }

  /// Makes, or brings up to date, an object of such a kind by server-side apply.
  package func apply(
    _ object: JSON, as resource: DynamicResource, fieldManager: String = "prepull", force: Bool = true,
    dryRun: Bool = false
  ) async throws -> JSON {
    var request = APIRequest(
      .apply, resource, namespace: object[path: "metadata", "namespace"]?.string,
      name: object[path: "metadata", "name"]?.string ?? "")
    request.query = [("fieldManager", fieldManager), ("force", "\(force)")] + (dryRun ? [("dryRun", "All")] : [])
    request.contentType = "application/apply-patch+yaml"
    request.body = RequestBody.bytes(of: object)
    return try await send(request)
  }

  /// Deletes an object of such a kind, and only the one of this uid. That it is not there is an error.
  package func delete(
    _ resource: DynamicResource, _ name: String, in namespace: String? = nil, uid: String? = nil
  ) async throws {
    var request = APIRequest(.delete, resource, namespace: namespace, name: name)
    request.body = RequestBody.bytes(of: Self.deletion(.background, nil, uid: uid))
    let _: JSON = try await send(request)
  }

  /// The version of the API server: `v1.36.2`.
  package func serverVersion() async throws -> String {
    ForeignText.clean(try await getJSON("/version")["gitVersion"]?.string ?? "unknown", limit: 60)
  }
}
