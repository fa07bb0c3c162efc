import Networking
import AsyncHTTPClient
import Documents
import NIOCore
import NIOHTTP1

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The objects of a kind, kept up to date for ever: lists, watches, and heals what can heal.
///
/// It reads only when it is asked for the next event, so nothing piles up in it; leaving the loop or cancelling the task
/// closes the connection. It throws what will not heal, if it may give up: no permission, refused credentials, a kind
/// that is not there. An object that cannot be decoded is left out, and reported by the client.
package struct WatchSequence<R: Resource>: AsyncSequence, Sendable {
  package typealias Element = WatchEvent<R>

  let client: KubernetesClient
  let namespace: String?
  let selection: [(name: String, value: String)]
  let backOff: RetryPolicy
  let pageSize: Int
  let startsNow: Bool
  let givesUp: Bool
  let onProgress: @Sendable (WatchProgress) -> Void

  package func makeAsyncIterator() -> AsyncIterator { AsyncIterator(self) }

  /// Performs what `WatchMachine` says.
  package struct AsyncIterator: AsyncIteratorProtocol {
    private static var refusalsBorne: Int { 5 }

    private let sequence: WatchSequence
    private var machine: WatchMachine
    private var action: WatchMachine.Action
    private var items: [R] = []
    private var stream: WatchStream?
    private var failure: APIError?
    private var hasListed = false
    private var hasWatched = false
    private var refusals = 0
    /// Objects that cannot be decoded, and whether an earlier state of each may have been handed on.
    private var undecodable: [String: Bool] = [:]

    fileprivate init(_ sequence: WatchSequence) {
      self.sequence = sequence
      machine = WatchMachine(backOff: sequence.backOff)
      action = machine.start
    }

    package mutating func next() async throws -> WatchEvent<R>? {
      while true {
        try Task.checkCancellation()
        if let event = try await step() { return event }
      }
    }

    /// Does one action; the event that came out of it, if any.
    private mutating func step() async throws -> WatchEvent<R>? {
      let client = sequence.client
      switch action {
      case .list(let token):
        if token == nil { (items, undecodable) = ([], [:]) }
        do {
          var request = request(.list)
          // One object of any kind is enough to learn the version, and the quickest to find.
          if sequence.startsNow { request.query = [] }
          let size = sequence.startsNow ? 1 : sequence.pageSize
          let page: ListPage<R> = try await client.page(request, after: token, size: size)
          if !sequence.startsNow {
            items += page.items
            for object in page.undecodable { undecodable[object.key] = false }
          }
          let next = sequence.startsNow ? nil : page.next
          advance(.page(resourceVersion: page.metadata?.resourceVersion ?? "", next: next))
        } catch let error as APIError {
          return fail(error)
        }
      case .publish:
        advance(.waited)
        defer { items = [] }
        return .restarted(items)
      case .watch(let version):
        do {
          stream = try await WatchStream(request(.watch, from: version), client)
          advance(.opened)
        } catch let error as APIError {
          return fail(error)
        }
      case .read:
        do {
          return try await read()
        } catch let error as APIError {
          return fail(error)
        }
      case .wait(let duration):
        stream = nil
        try await client.clock.sleep(duration)
        advance(.waited)
      case .end:
        throw failure ?? CancellationError()
      }
      return nil
    }

    private mutating func read() async throws -> WatchEvent<R>? {
      switch try await stream?.next(as: R.self) {
      case nil:
        stream = nil
        advance(.closed)
        return nil
      case .bookmark(let version)?:
        advance(.bookmark(resourceVersion: version))
        return nil
      case .applied(let object)?:
        forget(object.metadata)
        advance(.changed(resourceVersion: object.metadata.resourceVersion ?? ""))
        return .applied(object)
      case .deleted(let object)?:
        forget(object.metadata)
        advance(.changed(resourceVersion: object.metadata.resourceVersion ?? ""))
        return .deleted(object)
      case .undecodable(let object, let change)?:
        leaveOut(object, change)
        return nil
      case .failed(let error)?: return fail(error)
      }
    }

    /// Goes on without an object. Where it is gone and was handed on before, only a list can say so.
    private mutating func leaveOut(_ object: UndecodableObject, _ change: WatchStream.Change) {
      sequence.client.skipped.note(object, of: request(.watch))
      advance(.changed(resourceVersion: object.resourceVersion ?? ""))
      let mayBeKnown = undecodable[object.key] ?? (change != .added)
      undecodable[object.key] = change == .deleted ? nil : mayBeKnown
      guard change == .deleted, mayBeKnown, !sequence.startsNow else { return }
      stream = nil
      advance(.failed(.expired))
    }

    private mutating func forget(_ metadata: ObjectMeta) {
      guard !undecodable.isEmpty else { return }
      undecodable["\(metadata.namespace ?? "")/\(metadata.name ?? "")"] = nil
    }

    private mutating func advance(_ input: WatchMachine.Input) {
      switch input {
      case .page: (hasListed, refusals) = (true, 0)
      case .opened:
        (hasWatched, refusals) = (true, 0)
        sequence.onProgress(.watching)
      default: break
      }
      action = machine.event(input, random: sequence.client.clock.random())
    }

    /// Hands a failure to the machine; one that is waited for is reported, and one that means listing again is not.
    private mutating func fail(_ error: APIError) -> WatchEvent<R>? {
      stream = nil
      failure = error
      var kind = WatchMachine.Failure(error)
      if kind == .final {
        refusals += 1
        // A server that has just started refuses what it allows once its roles are loaded.
        let wasAllowed = error.verb == "watch" ? hasWatched : hasListed
        if !sequence.givesUp || wasAllowed && refusals < Self.refusalsBorne {
          kind = .transient(retryAfter: error.retryAfter)
        }
      }
      advance(.failed(kind))
      guard case .wait(let duration) = action else { return nil }
      sequence.onProgress(.failed(error))
      return .failed(error, retryingAfter: duration)
    }

    private func request(_ verb: APIRequest.Verb, from version: String? = nil) -> APIRequest {
      var request = APIRequest(verb, DynamicResource(R.self), namespace: sequence.namespace)
      request.query = sequence.selection
      if let version {
        let seconds = Swift.max(1, sequence.client.watchTimeout.components.seconds)
        request.query += [
          ("watch", "true"), ("allowWatchBookmarks", "true"), ("resourceVersion", version),
          ("timeoutSeconds", "\(seconds)"),
        ]
      }
      return request
    }
  }
}

extension WatchMachine.Failure {
  init(_ error: APIError) {
    switch error.code {
    case .gone: self = .expired
    case .unauthorized, .forbidden, .notFound, .methodNotAllowed, .credentials, .tls: self = .final
    default: self = .transient(retryAfter: error.retryAfter)
    }
  }
}

extension KubernetesClient {
  /// Lists the objects of a kind and then tells what happens to them, for ever.
  ///
  /// - Parameters:
  ///   - namespace: nil for all namespaces.
  ///   - labels: a label selector.
  ///   - fields: a field selector.
  ///   - startsNow: reports only what happens from now on, without reading what is there: each list is empty. For
  ///     events, of which there may be very many, and of which none is worth reading twice.
  ///   - givesUp: whether what will not heal by itself ends the sequence; else it is tried again like all else, as
  ///     somebody may correct it.
  ///   - onProgress: gets whether the watch works, also when it has nothing to tell; to be quick.
  package func watch<R: Resource>(
    _ type: R.Type = R.self, in namespace: String? = nil, labels: String? = nil, fields: String? = nil,
    pageSize: Int = 500, startsNow: Bool = false, givesUp: Bool = true,
    onProgress: @escaping @Sendable (WatchProgress) -> Void = { _ in }
  ) -> WatchSequence<R> {
    WatchSequence(
      client: self, namespace: namespace, selection: Self.selection(labels, fields), backOff: watchBackOff,
      pageSize: pageSize, startsNow: startsNow, givesUp: givesUp, onProgress: onProgress)
  }
}
