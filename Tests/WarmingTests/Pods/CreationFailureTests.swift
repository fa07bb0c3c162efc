@testable import Warming
import ImageModel
import Kubernetes
import Testing

@Suite("Why a puller pod could not be made", .timeLimit(.minutes(1)))
struct CreationFailureTests {
  private func failure(
    _ code: APIError.Code, of author: PodRefusal.Author, detail: String = "it is so", causes: [APIError.Cause] = [],
    retryAfter: Duration? = nil
  ) -> CreationFailure {
    var error = APIError(
      code, verb: "create", resource: "pods", name: "p", isRetryable: false, detail: detail)
    error.causes = causes
    error.retryAfter = retryAfter
    return CreationFailure(error, of: author)
  }

  private func final(
    _ code: APIError.Code, of author: PodRefusal.Author, causes: [APIError.Cause] = []
  ) -> WarmFailure? {
    if case .final(let failure) = failure(code, of: author, causes: causes) { failure } else { nil }
  }

  @Test(
    "What heals by itself is asked for again, as late as the server wants",
    arguments: [
      .unreachable, .interrupted, .timedOut, .tooManyRequests, .serverError, .conflict, .gone, .alreadyExists,
    ] as [APIError.Code], [PodRefusal.Author.options, .podTemplate])
  func passing(code: APIError.Code, author: PodRefusal.Author) {
    #expect(failure(code, of: author) == .passing(after: .seconds(2)))
    #expect(failure(code, of: author, retryAfter: .seconds(9)) == .passing(after: .seconds(9)))
  }

  @Test("A quota that is used up waits for other pods to end")
  func crowded() {
    for author in [PodRefusal.Author.options, .podTemplate] {
      guard case .crowded(let failure) = failure(.quotaExceeded, of: author) else {
        Issue.record("\(author)")
        continue
      }
      #expect(failure.code == "quotaExceeded" && failure.detail.contains("it is so"))
    }
  }

  @Test(
    "All else is the same for every node, and names what its author can set",
    arguments: [
      (.quotaDemands, "--request", "spec.podTemplate.resources"),
      (.limitRange, "--limit", "spec.podTemplate.resources"),
      (.webhookDenied, "--label", "spec.podTemplate"),
    ] as [(APIError.Code, String, String)])
  func remedies(code: APIError.Code, option: String, field: String) throws {
    let ofRun = try #require(final(code, of: .options))
    let ofPrepull = try #require(final(code, of: .podTemplate))
    #expect(ofRun.remedy.contains(option) && ofPrepull.remedy.contains(field))
  }

  @Test(
    "Where nothing that can be said of the pods helps, the API's own advice stands",
    arguments: [.forbidden, .unauthorized, .podSecurity, .namespaceTerminating, .notFound, .tls] as [APIError.Code])
  func others(code: APIError.Code) throws {
    let failures = try [PodRefusal.Author.options, .podTemplate].map { try #require(final(code, of: $0)) }
    #expect(failures[0] == failures[1])
    #expect(failures[0].code == code.rawValue)
  }

  @Test("What is wrong with every container is told once")
  func causes() throws {
    let causes = (0..<3).map {
      APIError.Cause(field: "spec.containers[\($0)].resources.limits", message: "must be more")
    }
    for author in [PodRefusal.Author.options, .podTemplate] {
      let failure = try #require(final(.invalid, of: author, causes: causes))
      #expect(failure.detail == "cannot create pods: spec.containers.resources.limits: must be more")
    }
  }
}
