import Logging
import NIOHTTP1
import Networking

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Finds out whether a host that may speak plain HTTP does so.
///
/// All other hosts are asked over https and nothing else. Here `GET /v2/` is sent over HTTP, without credentials, once
/// per host: a TLS server refuses those five letters at once (with an alert, or status 400), while an HTTP server might
/// wait for the rest of a TLS greeting. Invariant: `known` holds only what a host has answered.
actor SchemeFinder {
  private static let limit = Duration.seconds(3)

  private let transport: RegistryTransport
  private let configuration: RegistryConfiguration
  private var known: [HostAddress: String] = [:]
  private let flights = SingleFlight<HostAddress, String>()

  init(transport: RegistryTransport, configuration: RegistryConfiguration) {
    self.transport = transport
    self.configuration = configuration
  }

  func scheme(of address: HostAddress) async throws -> String {
    guard configuration.allowsPlainHTTP(address) else { return "https" }
    if let scheme = known[address] { return scheme }
    return try await flights.value(for: address) { [self] in try await find(address) }
  }

  private func find(_ address: HostAddress) async throws -> String {
    guard let url = URL(string: "http://\(address)/v2/") else { return "https" }
    do {
      let request = RegistryTransport.Request(url: url)
      let response = try await transport.send(request, within: Self.limit, followsRedirects: false)
      await response.discard()
      let leadsToTLS = response.headers.first(name: "Location")?.lowercased().hasPrefix("https:") ?? false
      return remember(response.status == 400 || leadsToTLS ? "https" : "http", for: address)
    } catch let problem as RegistryProblem {
      switch problem.code {
      // Without a port, https is another port than http and may yet be open.
      case .refused, .unreachable, .noSuchHost, .timedOut:
        guard address.port == nil else { throw problem }
        return "https"
      default: return remember("https", for: address)
      }
    }
  }

  private func remember(_ scheme: String, for address: HostAddress) -> String {
    known[address] = scheme
    return scheme
  }
}
