import HTTPTypes
import Hummingbird
package import ImageModel
package import KubeAPIServer
import NIOCore
import ServiceLifecycle
import Synchronization

/// Runs a registry in memory on a loopback socket: it speaks the OCI distribution protocol, remembers what it was
/// asked, and misbehaves on demand.
package func withEmbeddedRegistry<Result>(
  tls identity: CertificateAuthority.Identity? = nil, _ body: (EmbeddedRegistry) async throws -> Result
) async throws -> Result {
  let registry = EmbeddedRegistry()
  return try await withLoopbackServer(tls: identity, respond: { try await registry.respond(to: $0) }) { port in
    registry.listens(on: port)
    return try await body(registry)
  }
}

/// A registry in memory; see `withEmbeddedRegistry`.
package final class EmbeddedRegistry: Sendable {
  /// Who may read.
  package enum Access: Sendable {
    case open
    case basic(username: String, password: String)
    /// Any of several users, by their passwords.
    case users([String: String])
    /// With the tokens of a server of their own.
    case bearer(any TokenIssuer)
  }

  private struct Stored {
    var mediaType: String
    var bytes: [UInt8]
    var digest: Digest
  }

  private struct Rule {
    let id: Int
    var matches: @Sendable (RecordedRequest) -> Bool
    var fault: RegistryFault
    var remaining: Int
  }

  private struct State {
    var port = 0
    var access = Access.open
    /// By the beginning of the repository; the longest that fits counts.
    var accessByPrefix: [String: Access] = [:]
    var blobs: [Digest: [UInt8]] = [:]
    var manifests: [String: [String: Stored]] = [:]
    /// Lists that are given in place of the true ones.
    var tags: [String: [String]] = [:]
    var tagsOfPage = 10_000
    var rules: [Rule] = []
    var links: RegistryLinks?
    var requests = RecentRequests()
    var lastRule = 0
  }

  private let state = Mutex(State())

  package var port: Int { state.withLock { $0.port } }
  /// The registry part of references to its images.
  package var host: String { "127.0.0.1:\(port)" }
  /// The last ``RecentRequests/limit`` requests, those refused included.
  package var requests: [RecordedRequest] { state.withLock { $0.requests.all } }

  func listens(on port: Int) {
    state.withLock { $0.port = port }
  }

  package func clearRequests() {
    state.withLock { $0.requests = RecentRequests() }
  }

  /// - Parameter prefix: only for repositories that begin with this.
  package func require(_ access: Access, under prefix: String? = nil) {
    state.withLock { state in
      if let prefix { state.accessByPrefix[prefix] = access } else { state.access = access }
    }
  }

  /// Stores `image` so that `host/repository:tag` names it; returns that reference.
  @discardableResult
  package func add(_ image: SampleImage, to repository: String = "test/image", tag: String = "v1") -> Reference {
    for blob in image.blobs { add(blob) }
    for manifest in image.manifests { add(manifest: manifest, to: repository, tag: nil) }
    return add(manifest: image.root, to: repository, tag: tag)
  }

  package func add(_ blob: SampleImage.Blob) {
    state.withLock { $0.blobs[blob.descriptor.digest] = blob.bytes }
  }

  /// Stores any bytes as a manifest.
  @discardableResult
  package func add(
    manifest: SampleImage.Blob, to repository: String = "test/image", tag: String? = "v1"
  ) -> Reference {
    let digest = manifest.descriptor.digest
    let stored = Stored(mediaType: manifest.descriptor.mediaType, bytes: manifest.bytes, digest: digest)
    state.withLock {
      $0.manifests[repository, default: [:]][digest.description] = stored
      if let tag { $0.manifests[repository, default: [:]][tag] = stored }
    }
    return Reference(registry: host, repository: repository, tag: tag, digest: tag == nil ? digest : nil)
  }

  /// Answers the requests that match with a fault, the next `times` of them; earlier rules win.
  ///
  /// - Returns: what `endFault` takes.
  @discardableResult
  package func inject(
    _ fault: RegistryFault, times: Int = .max,
    where matches: @escaping @Sendable (RecordedRequest) -> Bool = { _ in true }
  ) -> Int {
    state.withLock { state in
      state.rules.removeAll { $0.remaining <= 0 }
      state.lastRule += 1
      state.rules.append(Rule(id: state.lastRule, matches: matches, fault: fault, remaining: times))
      return state.lastRule
    }
  }

  /// Ends one fault, and leaves all others.
  package func endFault(_ id: Int) {
    state.withLock { state in state.rules.removeAll { $0.id == id } }
  }

  /// Sends bodies no faster than a link of each reader's own (distinguished by its `User-Agent`) and one that all share
  /// carry them; in bytes a second, nil for no limit. Each answer begins after the latency.
  package func limit(reader: Int64?, registry: Int64?, latency: Duration = .zero) {
    limit(by: RegistryLinks(.init(nodeBandwidth: reader, registryBandwidth: registry, latency: latency)))
  }

  /// Sends bodies over these links.
  func limit(by links: RegistryLinks) { state.withLock { $0.links = links } }

  package func clearFaults() {
    state.withLock { $0.rules = [] }
  }
}

extension EmbeddedRegistry {
  func respond(to request: Request) async throws -> Response {
    let record = try await RecordedRequest(request)
    let (access, latency) = state.withLock {
      $0.requests.append(record)
      return (Self.access(to: record.path, $0), $0.links?.latency ?? .zero)
    }
    if latency > .zero { try await cancelWhenGracefulShutdown { try await Task.sleep(for: latency) } }
    if let refusal = refusal(of: record, request.method, access) { return refusal }
    let fault = fault(for: record)
    switch fault {
    case .status(let status, let headers, let body):
      return .plain(status, headers: headers.map { ($0, $1) }, body: Array(body.utf8), to: request.method)
    case .redirect(let target, let status):
      return .plain(status, headers: [("Location", target)])
    case .hang:
      try await stall()
    default: break
    }
    return answer(to: record, method: request.method, fault: fault)
  }

  func fault(for request: RecordedRequest) -> RegistryFault? {
    state.withLock { state in
      guard let index = state.rules.firstIndex(where: { $0.remaining > 0 && $0.matches(request) }) else { return nil }
      state.rules[index].remaining -= 1
      return state.rules[index].fault
    }
  }

  private static func access(to path: String, _ state: State) -> Access {
    guard let repository = parts(of: path)?.repository,
      let prefix = state.accessByPrefix.keys.filter({ repository.hasPrefix($0) }).max(by: { $0.count < $1.count })
    else { return state.access }
    return state.accessByPrefix[prefix] ?? state.access
  }

  private func refusal(
    of request: RecordedRequest, _ method: HTTPRequest.Method, _ access: Access
  ) -> Response? {
    let challenge: String
    switch access {
    case .open: return nil
    case .basic, .users:
      if access.admits(request.authorization) { return nil }
      challenge = "Basic realm=\"sandbox registry\""
    case .bearer(let server):
      let repository = Self.parts(of: request.path)?.repository
      let token = request.authorization.flatMap { $0.hasPrefix("Bearer ") ? String($0.dropFirst(7)) : nil }
      if let token, server.accepts(token, repository: repository) { return nil }
      let scope = repository.map { ",scope=\"repository:\($0):pull\"" } ?? ""
      let error = token == nil ? "" : ",error=\"invalid_token\""
      challenge = "Bearer realm=\"\(server.realm)\",service=\"\(server.service)\"\(scope)\(error)"
    }
    return .plain(
      401, headers: [("WWW-Authenticate", challenge), ("Content-Type", "application/json")],
      body: Self.error("UNAUTHORIZED", "authentication required"), to: method)
  }

  private func answer(to request: RecordedRequest, method: HTTPRequest.Method, fault: RegistryFault?) -> Response {
    guard method == .get || method == .head else { return .plain(405) }
    if request.path == "/v2/" {
      return .plain(
        200, headers: [("Docker-Distribution-Api-Version", "registry/2.0"), ("Content-Type", "application/json")],
        body: Array("{}".utf8))
    }
    guard let (repository, kind, name) = Self.parts(of: request.path) else { return .plain(404) }
    if kind == "tags" { return list(of: repository, request, method, fault) }
    if kind == "manifests" {
      guard let manifests = state.withLock({ $0.manifests[repository] }) else {
        return missing("NAME_UNKNOWN", "repository name not known to registry", method)
      }
      guard let manifest = manifests[name] else { return missing("MANIFEST_UNKNOWN", "manifest unknown", method) }
      return serve(manifest.bytes, type: manifest.mediaType, digest: manifest.digest, request, method, fault)
    }
    guard let digest = try? Digest(parsing: name), let bytes = state.withLock({ $0.blobs[digest] }) else {
      return missing("BLOB_UNKNOWN", "blob unknown to registry", method)
    }
    return serve(bytes, type: "application/octet-stream", digest: digest, request, method, fault)
  }

  /// What the tags of a repository are, in order; nil where there is no such repository.
  func tags(of repository: String) -> [String]? {
    state.withLock { $0.tags[repository] ?? $0.manifests[repository]?.keys.filter { !$0.contains(":") }.sorted() }
  }

  /// Lists tags of a repository that lead to nothing, in place of its own: as many as one likes.
  package func list(_ tags: [String], of repository: String) {
    state.withLock { $0.tags[repository] = tags.sorted() }
  }

  /// The most tags on a page, whatever a reader asks for.
  package func limit(tagsOfPage count: Int) {
    state.withLock { $0.tagsOfPage = count }
  }

  var tagsOfPage: Int { state.withLock { $0.tagsOfPage } }

  private func serve(
    _ bytes: [UInt8], type: String, digest: Digest, _ request: RecordedRequest, _ method: HTTPRequest.Method,
    _ fault: RegistryFault?
  ) -> Response {
    var content = bytes[...]
    var status = 200
    var headers = [("Content-Type", type), ("Docker-Content-Digest", digest.description)]
    if case .ignoreRange = fault {
    } else if let range = request.headers["range"].flatMap(ByteRange.init) {
      guard range.first < bytes.count else {
        return .plain(416, headers: [("Content-Range", "bytes */\(bytes.count)")])
      }
      let last = min(range.last ?? .max, bytes.count - 1)
      content = content[range.first...last]
      status = 206
      headers.append(("Content-Range", "bytes \(range.first)-\(last)/\(bytes.count)"))
    }
    switch fault {
    case .withoutHeader(let name): headers.removeAll { $0.0 == name }
    case .headers(let others): headers = headers.filter { others[$0.0] == nil } + others.map { ($0, $1) }
    case .corrupt where !content.isEmpty: content[content.startIndex] ^= 0xff
    default: break
    }
    var response = Response.plain(status, headers: headers, body: Array(content), to: method)
    guard method == .get else { return response }
    switch fault {
    case .stall(let count): response.body = partial(content, count) { try await stall() }
    case .slow(let rate): response.body = trickle(content, rate)
    case .truncate(let count): response.body = partial(content, count) { throw Cut() }
    case .withoutHeader("Content-Length"): response.body = partial(content, content.count) {}
    default:
      guard let links = state.withLock({ $0.links }) else { break }
      response.body = links.body(content, to: request.headers["user-agent"] ?? "")
    }
    return response
  }

  /// Sends the first `count` bytes under the length of the whole, and then does as `end` says.
  private func partial(
    _ content: ArraySlice<UInt8>, _ count: Int, end: @escaping @Sendable () async throws -> Void
  ) -> ResponseBody {
    let length = count == content.count ? nil : content.count
    return ResponseBody(contentLength: length) { writer in
      try await writer.write(ByteBuffer(bytes: content.prefix(count)))
      try await end()
      try await writer.finish(nil)
    }
  }

  /// Sends everything, `rate` bytes a second.
  private func trickle(_ content: ArraySlice<UInt8>, _ rate: Int) -> ResponseBody {
    ResponseBody(contentLength: content.count) { writer in
      var rest = content
      while !rest.isEmpty {
        try await writer.write(ByteBuffer(bytes: rest.prefix(max(1, rate / 20))))
        rest = rest.dropFirst(max(1, rate / 20))
        try await cancelWhenGracefulShutdown { try await Task.sleep(for: .milliseconds(50)) }
      }
      try await writer.finish(nil)
    }
  }

  func missing(_ code: String, _ message: String, _ method: HTTPRequest.Method) -> Response {
    .plain(404, headers: [("Content-Type", "application/json")], body: Self.error(code, message), to: method)
  }

  package static func error(_ code: String, _ message: String) -> [UInt8] {
    Array(#"{"errors":[{"code":"\#(code)","message":"\#(message)"}]}"#.utf8)
  }

  package static func basic(_ username: String, _ password: String) -> String {
    "Basic " + Base64.encode(Array("\(username):\(password)".utf8))
  }

  /// Splits `/v2/<repository>/<manifests or blobs>/<name>`, and `/v2/<repository>/tags/list`.
  private static func parts(of path: String) -> (repository: String, kind: String, name: String)? {
    let parts = path.split(separator: "/").map(String.init)
    guard parts.count >= 4, parts[0] == "v2" else { return nil }
    let kind = parts[parts.count - 2]
    guard kind == "manifests" || kind == "blobs" || kind == "tags" && parts.last == "list" else { return nil }
    return (parts[1..<parts.count - 2].joined(separator: "/"), kind, parts[parts.count - 1])
  }

  private struct Cut: Error {}
}

extension EmbeddedRegistry {
  /// A manifest as a registry would give it, without a request: for pulls that are only modelled.
  func stored(_ reference: Reference) -> (digest: Digest, mediaType: String, bytes: [UInt8])? {
    state.withLock { state in
      guard let found = state.manifests[reference.repository]?[reference.identifier] else { return nil }
      return (found.digest, found.mediaType, found.bytes)
    }
  }

  /// A layer, or the part of it that a `Range` header asks for; nil where there is none.
  func content(_ digest: Digest, _ range: String?) -> ArraySlice<UInt8>? {
    let found = state.withLock { state in
      state.blobs[digest] ?? state.manifests.values.lazy.compactMap { $0[digest.description]?.bytes }.first
    }
    guard let bytes = found else { return nil }
    guard let range = range.flatMap(ByteRange.init) else { return bytes[...] }
    return range.first < bytes.count ? bytes[range.first...min(range.last ?? .max, bytes.count - 1)] : nil
  }

  /// Whether a reader with this `Authorization` may read the repository.
  func admits(_ authorization: String?, to repository: String) -> Bool {
    let path = "/v2/\(repository)/manifests/any"
    return state.withLock({ Self.access(to: path, $0) }).admits(authorization)
  }
}
