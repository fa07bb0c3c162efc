/// One page of a list. Objects that cannot be decoded are left out of its items.
struct ListPage<Item: Decodable & Sendable>: Decodable, Sendable {
  private enum CodingKeys: CodingKey { case metadata, items }

  struct Metadata: Decodable, Sendable {
    var resourceVersion: String?
    var `continue`: String?
    /// Nil where a server does not tell.
    var remainingItemCount: Int?
  }

  var metadata: Metadata?
  let items: [Item]
  let undecodable: [UndecodableObject]

  init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    metadata = try fields.decodeIfPresent(Metadata.self, forKey: .metadata)
    var items: [Item] = []
    var undecodable: [UndecodableObject] = []
    // Null where Go's server has none.
    for item in try fields.decodeIfPresent([Lenient<Item>].self, forKey: .items) ?? [] {
      switch item {
      case .object(let object): items.append(object)
      case .undecodable(let object): undecodable.append(object)
      }
    }
    self.items = items
    self.undecodable = undecodable
  }

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
        items += page.items
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
    let page: ListPage<Item> = try await send(request)
    for object in page.undecodable { skipped.note(object, of: request) }
    return page
  }
}
