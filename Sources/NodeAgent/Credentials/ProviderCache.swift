import ImageModel
import Networking
import Registry

/// What credential providers answered, as long as it holds; each is asked once by all who want the same.
///
/// Invariant: an answer is kept under the key that its provider said it holds for, and no longer than it said.
actor ProviderCache {
  private struct Key: Hashable {
    let provider: CredentialProvider
    /// Of `image`, `registry` or `global`: the image, the registry, or nothing.
    let what: String
  }

  private struct Entry {
    let answer: ProviderAnswer
    let until: ContinuousClock.Instant
  }

  private static let mostEntries = 1_000

  private let clock: SystemClock
  private var entries: [Key: Entry] = [:]
  private let flights = SingleFlight<Key, ProviderAnswer>()

  init(clock: SystemClock) { self.clock = clock }

  /// - Parameter ask: runs the provider for the image.
  func answer(
    of provider: CredentialProvider, for reference: Reference,
    ask: @escaping @Sendable (String) async throws -> ProviderAnswer
  ) async throws -> ProviderAnswer {
    if let answer = known(provider, reference) { return answer }
    // Until it has answered nobody knows what its answer holds for: those who wait here may find it afterwards.
    let image = reference.name
    let answer = try await flights.value(for: Key(provider: provider, what: image)) { try await ask(image) }
    keep(answer, of: provider, for: reference)
    return answer
  }

  private func known(_ provider: CredentialProvider, _ reference: Reference) -> ProviderAnswer? {
    for what in ["image \(reference.name)", "registry \(reference.registry)", "global"] {
      if let entry = entries[Key(provider: provider, what: what)], clock.now() < entry.until { return entry.answer }
    }
    return nil
  }

  private func keep(_ answer: ProviderAnswer, of provider: CredentialProvider, for reference: Reference) {
    let life = answer.cacheDuration ?? provider.defaultCacheDuration
    guard life > .zero else { return }
    let what =
      switch answer.cacheKey {
      case .image: "image \(reference.name)"
      case .registry: "registry \(reference.registry)"
      case .global: "global"
      }
    let now = clock.now()
    if entries.count >= Self.mostEntries { entries = entries.filter { now < $0.value.until } }
    guard entries.count < Self.mostEntries else { return }
    entries[Key(provider: provider, what: what)] = Entry(answer: answer, until: now.advanced(by: life))
  }
}
