import Documents

extension KubernetesClient {
  package func get<R: Resource>(_ type: R.Type = R.self, _ name: String, in namespace: String? = nil) async throws -> R
  {
    try await send(APIRequest(.get, DynamicResource(type), namespace: namespace, name: name))
  }

  /// All objects of a kind, fetched in pages.
  ///
  /// - Parameters:
  ///   - namespace: nil for all namespaces.
  ///   - labels: a label selector, `a=b,c!=d`.
  ///   - fields: a field selector, `metadata.name=x`.
  package func list<R: Resource>(
    _ type: R.Type = R.self, in namespace: String? = nil, labels: String? = nil, fields: String? = nil,
    pageSize: Int = 500
  ) async throws -> (items: [R], resourceVersion: String) {
    var request = APIRequest(.list, DynamicResource(type), namespace: namespace)
    request.query = Self.selection(labels, fields)
    let (items, version): ([R], String) = try await list(request, pageSize: pageSize)
    return (items, version)
  }

  /// Reads all objects of a kind page by page, so that they need not all be held at once. Where the list has to begin
  /// again, pages come again.
  package func list<R: Resource>(
    _ type: R.Type, pageSize: Int, _ handle: ([R]) throws -> Void
  ) async throws {
    try await pages(type, pageSize: pageSize) { page, _ in try handle(page) }
  }

  /// Reads all objects of a kind page by page.
  ///
  /// - Parameters:
  ///   - namespace: nil for all namespaces.
  ///   - labels: a label selector.
  ///   - fields: a field selector.
  ///   - handle: gets each page, and whether it is the first: what came before is void then, as the list began again.
  package func pages<R: Resource>(
    _ type: R.Type, in namespace: String? = nil, labels: String? = nil, fields: String? = nil, pageSize: Int,
    _ handle: (_ page: [R], _ isFirst: Bool) throws -> Void
  ) async throws {
    var request = APIRequest(.list, DynamicResource(type), namespace: namespace)
    request.query = Self.selection(labels, fields)
    var token: String?
    var hasBegunAgain = false
    while true {
      do {
        let page: ListPage<R> = try await page(request, after: token, size: pageSize)
        try handle(page.items, token == nil)
        token = page.next
        guard token != nil else { return }
      } catch let error as APIError where error.code == .gone && token != nil && !hasBegunAgain {
        hasBegunAgain = true
        token = nil
      }
    }
  }

  /// Makes an object, in the namespace of its metadata.
  package func create<R: Resource>(
    _ object: R, fieldManager: String = "prepull", dryRun: Bool = false
  ) async throws -> R {
    try await send(Self.creation(of: object, fieldManager: fieldManager, dryRun: dryRun))
  }

  /// Makes an object of which nothing is to be known but what the server adds to its metadata: the rest of a large
  /// answer is not read.
  package func createForMetadata<R: Resource>(
    _ object: R, fieldManager: String = "prepull"
  ) async throws -> ObjectMeta {
    let head: ObjectHead = try await send(Self.creation(of: object, fieldManager: fieldManager, dryRun: false))
    return head.metadata
  }

  private static func creation<R: Resource>(
    of object: R, fieldManager: String, dryRun: Bool
  ) throws -> APIRequest {
    var request = APIRequest(.create, DynamicResource(R.self), namespace: object.metadata.namespace)
    request.name = object.metadata.name
    request.query = [("fieldManager", fieldManager)] + (dryRun ? [("dryRun", "All")] : [])
    request.body = try body(object)
    return request
  }

  /// Server-side apply: creates the object, or makes its fields be what they are here.
  ///
  /// - Parameters:
  ///   - subresource: `status`.
  ///   - force: takes over fields that somebody else manages.
  package func apply<R: Resource>(
    _ object: R, subresource: String? = nil, fieldManager: String = "prepull", force: Bool = true, dryRun: Bool = false
  ) async throws -> R {
    var request = APIRequest(
      .apply, DynamicResource(R.self), namespace: object.metadata.namespace, name: object.metadata.name ?? "",
      subresource: subresource)
    request.query =
      [("fieldManager", fieldManager), ("force", "\(force)")] + (dryRun ? [("dryRun", "All")] : [])
    request.contentType = "application/apply-patch+yaml"
    request.body = try Self.body(object)
    return try await send(request)
  }

  /// Changes a part of an object. A `resourceVersion` in the patch's metadata makes it fail when the object changed.
  ///
  /// - Parameter subresource: `status`.
  package func patch<R: Resource>(
    _ type: R.Type = R.self, _ name: String, in namespace: String? = nil, _ patch: Patch, subresource: String? = nil,
    fieldManager: String = "prepull"
  ) async throws -> R {
    var request = APIRequest(
      .patch, DynamicResource(type), namespace: namespace, name: name, subresource: subresource)
    request.query = [("fieldManager", fieldManager)]
    request.contentType = patch.contentType
    request.body = RequestBody.bytes(of: patch.body)
    return try await send(request)
  }

  /// Deletes an object. That it is not there is an error, for the caller to judge.
  ///
  /// - Parameters:
  ///   - uid: deletes only this very object, not another one of its name; the error is `conflict`.
  ///   - gracePeriod: seconds; the object's own when nil.
  package func delete<R: Resource>(
    _ type: R.Type, _ name: String, in namespace: String? = nil, uid: String? = nil,
    propagation: Propagation = .background, gracePeriod: Int? = nil
  ) async throws {
    var request = APIRequest(.delete, DynamicResource(type), namespace: namespace, name: name)
    request.body = RequestBody.bytes(of: Self.deletion(propagation, gracePeriod, uid: uid))
    _ = try await send(request)
  }

  /// Deletes all objects that the selectors choose.
  package func deleteAll<R: Resource>(
    _ type: R.Type, in namespace: String? = nil, labels: String, fields: String? = nil,
    propagation: Propagation = .background, gracePeriod: Int? = nil
  ) async throws {
    var request = APIRequest(.deletecollection, DynamicResource(type), namespace: namespace)
    request.query = Self.selection(labels, fields)
    request.body = RequestBody.bytes(of: Self.deletion(propagation, gracePeriod, uid: nil))
    _ = try await send(request)
  }

  static func selection(_ labels: String?, _ fields: String?) -> [(name: String, value: String)] {
    [("labelSelector", labels), ("fieldSelector", fields)].compactMap { name, value in
      value.nonEmpty.map { (name, $0) }
    }
  }

  static func deletion(_ propagation: Propagation, _ gracePeriod: Int?, uid: String?) -> JSON {
    var options: JSON = [
      "kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": .string(propagation.rawValue),
    ]
    options["gracePeriodSeconds"] = gracePeriod.map { .integer(Int64($0)) }
    options["preconditions"] = uid.map { ["uid": .string($0)] }
    return options
  }

  static func body(_ object: any Resource) throws -> [UInt8] {
    try RequestBody.bytes(of: TypedResource(object))
  }
}

/// An object of any kind, of which only the metadata is read.
private struct ObjectHead: Decodable {
  let metadata: ObjectMeta
}
