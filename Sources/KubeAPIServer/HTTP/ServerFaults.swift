import Synchronization

/// What is made to go wrong at an API server, and how often it was asked.
package final class ServerFaults: Sendable {
  private struct State {
    var delay: Duration?
    var watchLifetime: Duration?
    var refusals: [String: @Sendable (AccessAttempt) -> Bool] = [:]
    var answers: [@Sendable (RequestKey) -> StatusError?] = []
    var counts: [RequestKey: Int] = [:]
  }

  private let state = Mutex(State())

  /// Every request waits so long before it is looked at; nil for not at all.
  package func delay(_ duration: Duration?) { state.withLock { $0.delay = duration } }

  /// Every watch that begins from now on ends after this time; nil for the client's own limit.
  package func closeWatches(after lifetime: Duration?) { state.withLock { $0.watchLifetime = lifetime } }

  /// Refuses what a rule holds of, whatever roles say; nil ends the rule of that name.
  package func refuse(_ name: String, where rule: (@Sendable (AccessAttempt) -> Bool)?) {
    state.withLock { $0.refusals[name] = rule }
  }

  /// Answers requests with the error that `rule` has for them, as an overloaded or broken server does; earlier rules win.
  package func answer(by rule: @escaping @Sendable (RequestKey) -> StatusError?) {
    state.withLock { $0.answers.append(rule) }
  }

  /// How often the server was asked for what, the refused and failed requests too.
  package var requestCounts: [RequestKey: Int] {
    get { state.withLock(\.counts) }
    set { state.withLock { $0.counts = newValue } }
  }

  func refuses(_ attempt: AccessAttempt) -> Bool {
    state.withLock { state in state.refusals.values.contains { $0(attempt) } }
  }

  var currentDelay: Duration? { state.withLock(\.delay) }
  var watchLifetime: Duration? { state.withLock(\.watchLifetime) }

  func count(_ key: RequestKey) { state.withLock { $0.counts[key, default: 0] += 1 } }

  func failure(of key: RequestKey) -> StatusError? {
    state.withLock { state in
      for rule in state.answers { if let error = rule(key) { return error } }
      return nil
    }
  }
}
