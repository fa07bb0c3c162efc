import Documents
package import ImageModel
import NIOHTTP1
import Networking

extension RegistryClient {
  /// How far a list of tags is followed.
  package struct TagLimits: Hashable, Sendable {
    /// Asked for; registries may give fewer.
    package var pageSize = 1000
    package var tags = 250_000
    /// Pages one after the other that bring nothing new.
    package var emptyPages = 10
    /// Bytes of one page: some registries give the whole list in one.
    package var pageBytes = 32 << 20

    package init() {}
  }

  /// All tags of a repository, page by page, each tag once: tens of thousands may come.
  ///
  /// A mirror that can list them is asked first, as for manifests; all pages come from the same place. Source: the
  /// distribution specification, "Listing Tags".
  ///
  /// - Parameter repository: its tag and digest do not matter.
  package func tags(of repository: Reference, limits: TagLimits = TagLimits()) async throws -> [String] {
    try await attempting("list the tags of", repository.name) {
      var passedBy: [String] = []
      for endpoint in try Endpoint.all(for: repository.registry, configuration) {
        do {
          guard endpoint.serves("tags/list") else { continue }
          if let problem = absent.problem(of: endpoint) { throw problem }
          return try await tags(of: repository, at: endpoint, limits)
        } catch let problem as RegistryProblem where endpoint.isMirror {
          absent.note(problem, of: endpoint)
          passedBy.append(problem.detail)
        } catch var problem as RegistryProblem {
          if !passedBy.isEmpty { problem.detail += " (mirrors before it: \(passedBy.joined(separator: "; ")))" }
          if problem.code == .notFound { problem.remedy = Self.withoutTags }
          throw problem
        }
      }
      throw RegistryProblem(.notFound, "there is no registry to ask")
    }
  }

  private static let withoutTags = "Check the name of the repository; a few registries have no lists of tags."

  private func tags(of repository: Reference, at endpoint: Endpoint, _ limits: TagLimits) async throws -> [String] {
    var (tags, known, asked): ([String], Set<String>, Set<String>) = ([], [], [])
    var query = "n=\(limits.pageSize)"
    var empty = 0
    while asked.insert(query).inserted {
      let (page, next): ([String], NextPage)
      do {
        (page, next) = try await self.page(query, of: repository, at: endpoint, limits)
      } catch let problem as RegistryProblem where problem.status == 400 && asked.count == 1 {
        // It does not like the number: it shall say how many it gives.
        query = ""
        continue
      }
      let new = page.filter { known.insert($0).inserted }
      tags += new
      guard tags.count <= limits.tags else {
        throw RegistryProblem(.tooLarge, "it has more than \(limits.tags) tags")
      }
      empty = new.isEmpty ? empty + 1 : 0
      switch next {
      case .none: return tags
      case .query(let following): query = following
      case .broken(let what): throw RegistryProblem(.fault, "\(endpoint.address) \(what)")
      }
      guard empty < limits.emptyPages else { break }
    }
    throw RegistryProblem(.fault, "the pages of \(endpoint.address) lead in a circle after \(tags.count) tags")
  }

  /// One page, asked for again while that may help.
  private func page(
    _ query: String, of repository: Reference, at endpoint: Endpoint, _ limits: TagLimits
  ) async throws -> (tags: [String], next: NextPage) {
    var attempt = 1
    while true {
      do {
        let call = Call(item: "tags/list", query: query.isEmpty ? nil : query, headers: ["Accept": "application/json"])
        let response = try await send(call, repository: repository.repository, to: endpoint)
        let next = NextPage(response.headers["Link"], host: endpoint.address.host)
        let bytes = try await response.collect(upTo: limits.pageBytes)
        return (try Self.names(in: bytes, response), next)
      } catch let problem as RegistryProblem {
        attempt += 1
        let error = RegistryError(problem, operation: "list the tags of", subject: repository.name)
        do { try await pause(before: attempt, after: error) } catch is RegistryError { throw problem }
      }
    }
  }

  private static func names(
    in bytes: [UInt8], _ response: RegistryTransport.Response
  ) throws(RegistryProblem) -> [String] {
    let type = response.headers.first(name: "Content-Type")
    guard !ServerText.isHTML(bytes, type: type), let answer = try? JSON(parsing: bytes), answer.object != nil else {
      throw RegistryProblem(
        .fault, "\(response.host) answered with something that is no list of tags", remedy: withoutTags)
    }
    // Of a repository without tags some say null.
    return (answer["tags"]?.array ?? []).compactMap(\.string).filter { isTag($0) }
  }

  /// Whether a text may be a tag, so that nothing else ever becomes a reference.
  private static func isTag(_ text: String) -> Bool {
    guard let first = text.utf8.first, text.utf8.count <= 128, first != UInt8(ascii: "."), first != UInt8(ascii: "-")
    else { return false }
    return text.utf8.allSatisfy { byte in
      (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte)
        || byte == UInt8(ascii: "_") || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-")
    }
  }
}
