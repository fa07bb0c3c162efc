/// One request that was sent to the API server, for counting: each try by itself, watches when they begin.
package struct RequestReport: Hashable, Sendable {
  /// As roles name it: `get`, `watch`, `patch`.
  package let verb: String
  /// `pods`, `pods/status`, `leases.coordination.k8s.io`; empty for what is not about objects.
  package let resource: String
  /// The HTTP status; nil when no answer came.
  package let status: Int?

  init(_ request: APIRequest, status: Int?) {
    verb = request.verb.permission
    self.status = status
    var parts = request.resource.split(separator: "/", omittingEmptySubsequences: false)
    if !request.group.isEmpty { parts[0] += ".\(request.group)" }
    resource = request.resource.hasPrefix("/") ? "" : parts.joined(separator: "/")
  }
}
