import Documents
import HTTPTypes
import Hummingbird

extension EmbeddedRegistry {
  /// A page of the tags of a repository, as docker-registry 3 gives it: in order, from behind `last` on, `n` of them or as
  /// many as it gives at most, and where more follow, a `Link` without a host.
  func list(
    of repository: String, _ request: RecordedRequest, _ method: HTTPRequest.Method, _ fault: RegistryFault?
  ) -> Response {
    guard let tags = tags(of: repository) else {
      return missing("NAME_UNKNOWN", "repository name not known to registry", method)
    }
    var count = tagsOfPage
    if let text = request.parameter("n") {
      guard let number = Int(text), number >= 0 else {
        return .plain(
          400, headers: [("Content-Type", "application/json")],
          body: Self.error("PAGINATION_NUMBER_INVALID", "invalid number of results requested"), to: method)
      }
      count = min(count, number)
    }
    let last = request.parameter("last") ?? ""
    // Where it is no tag, those follow that would stand behind it.
    let rest = tags.drop { last >= $0 && !last.isEmpty }
    let page = rest.prefix(count)
    var headers = [("Content-Type", "application/json")]
    if page.count < rest.count, let end = page.last {
      headers.append(("Link", "</v2/\(repository)/tags/list?last=\(end)&n=\(count)>; rel=\"next\""))
    }
    switch fault {
    case .withoutHeader(let name): headers.removeAll { $0.0 == name }
    case .headers(let others): headers = headers.filter { others[$0.0] == nil } + others.map { ($0, $1) }
    default: break
    }
    let body: JSON = ["name": .string(repository), "tags": .array(page.map(JSON.string))]
    return .plain(200, headers: headers, body: Array((body.text + "\n").utf8), to: method)
  }
}

extension RecordedRequest {
  /// A parameter of the query as it was written: numbers and tags need no decoding.
  package func parameter(_ name: String) -> String? {
    query.split(separator: "&").first { $0.hasPrefix("\(name)=") }.map { String($0.dropFirst(name.count + 1)) }
  }
}
