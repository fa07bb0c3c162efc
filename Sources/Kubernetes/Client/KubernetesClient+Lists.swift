/// One page of a list.
struct ListPage<Item: Decodable & Sendable>: Decodable, Sendable {
  struct Metadata: Decodable, Sendable {
    var resourceVersion: String?
    var `continue`: String?
  }

  var metadata: Metadata?
  /// Null where Go's server has none.
  var items: [Item]?

  var next: String? { metadata?.continue.nonEmpty }
}

extension KubernetesClient {
  /// All pages of a list. A continue token that expired (410) begins the list again, once.
  func list<Item: Decodable & Sendable>(
    _ request: APIRequest, pageSize: Int
  ) async throws -> (items: [Item], resourceVersion: String) {
    var items: [Item] = []
    var token: String?
    var hasBegunAgain = false
    while true {
      do {
        let page: ListPage<Item> = try await page(request, after: token, size: pageSize)
        items += page.items ?? []
        token = page.next
        guard token != nil else { return (items, page.metadata?.resourceVersion ?? "") }
      } catch let error as APIError where error.code == .gone && token != nil && !hasBegunAgain {
        hasBegunAgain = true
        items = []
        token = nil
      }
    }
  }

  func page<Item: Decodable & Sendable>(
    _ request: APIRequest, after token: String?, size: Int
  ) async throws -> ListPage<Item> {
    var request = request
    if size > 0 { request.query.append(("limit", "\(size)")) }
    if let token { request.query.append(("continue", token)) }
    return try await send(request)
  }
}
