import ImageModel
import Logging
import Networking
import Registry

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What opens repositories, found once for all nodes that ask, and kept while a token has more than a minute to live.
actor AccessBook {
  enum Grant: Sendable {
    case open
    case token(String, expires: Date)
    case password(username: String, password: String)
  }

  private struct Key: Hashable {
    let reference: Reference
    let documents: [PullSecretReader.Content.Document]
  }

  private struct Entry {
    let grant: Grant
    let until: ContinuousClock.Instant
  }

  /// What a token has left when it is given out at least, for one that lives longer.
  static let reserve = Duration.seconds(60)
  /// How long an answer without a token holds.
  private static let memory = Duration.seconds(30)
  private static let mostEntries = 2_000

  private let registry: RegistryConfiguration
  private let clock: SystemClock
  private let logger: Logger
  private var entries: [Key: Entry] = [:]
  private let flights = SingleFlight<Key, Entry>()

  init(registry: RegistryConfiguration, clock: SystemClock, logger: Logger) {
    self.registry = registry
    self.clock = clock
    self.logger = logger
  }

  /// - Parameter documents: of pull secrets; the most specific login in them is tried first.
  /// - Throws: `RegistryError`.
  func grant(for reference: Reference, _ documents: [PullSecretReader.Content.Document]) async throws -> Grant {
    let key = Key(reference: reference, documents: documents)
    if let entry = entries[key], clock.now() < entry.until { return entry.grant }
    let entry = try await flights.value(for: key) { [registry, clock, logger] in
      try await Self.ask(key, registry, clock, logger)
    }
    let now = clock.now()
    if entries.count >= Self.mostEntries { entries = entries.filter { now < $0.value.until } }
    if entries.count < Self.mostEntries { entries[key] = entry }
    return entry.grant
  }

  private static func ask(
    _ key: Key, _ registry: RegistryConfiguration, _ clock: SystemClock, _ logger: Logger
  ) async throws -> Entry {
    let credentials = try PullSecretCredentials(key.documents.map { ($0.name, $0.bytes, $0.isLegacy) })
    let client = RegistryClient(configuration: registry, credentials: credentials, logger: logger)
    let (begin, date) = (clock.now(), clock.date())
    let access: RepositoryAccess
    do {
      access = try await client.pullAccess(to: key.reference)
    } catch {
      try? await client.shutdown()
      throw error
    }
    try? await client.shutdown()
    return switch access {
    case .open: Entry(grant: .open, until: begin.advanced(by: memory))
    case .password(let username, let password):
      Entry(grant: .password(username: username, password: password), until: begin.advanced(by: memory))
    case .token(let text, let life):
      Entry(
        grant: .token(text, expires: date.addingTimeInterval(Double(life.components.seconds))),
        until: begin.advanced(by: life - reserve))
    }
  }
}
