import Documents
import HTTPTypes
import Hummingbird
import NIOCore

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension APIServer {
  /// A reader too slow for so many changes is ended, as a watch cache ends it.
  private static let watchBuffer = 8_192

  func watch(_ call: APICall, on channel: any Channel) throws -> Response {
    guard call.subresource == nil, !APIDiscovery.isReview(call.definition) else {
      throw StatusError.methodNotAllowed()
    }
    let resource = call.resource
    let filter = try call.filter()
    let version = call.query["resourceVersion"] ?? ""
    guard let revision = version.isEmpty ? 0 : Int(version) else {
      throw StatusError.badRequest(
        "Invalid value: \"\(version)\": strconv.ParseUint: parsing \"\(version)\": invalid syntax")
    }
    let isInitial = call.query.flag("sendInitialEvents")
    do throws(StatusError) {
      let source =
        revision == 0 || isInitial
        ? store.open(resource, namespace: call.namespace, filter, limit: nil, isBookmarked: isInitial)
        : try store.resume(
          resource, namespace: call.namespace, filter, after: revision, limit: Self.watchBuffer)
      return stream(call, source, of: resource, isInitial: isInitial, on: channel)
    } catch {
      // The real one says so in the stream, too.
      let line = JSON.object(["type": "ERROR", "object": error.status]).bytes() + [UInt8(ascii: "\n")]
      return Self.response(200, "application/json", line)
    }
  }

  private func stream(
    _ call: APICall, _ source: OpenWatch, of resource: ResourceName, isInitial: Bool, on channel: any Channel
  ) -> Response {
    let registration = connections.add(watch: source.end)
    let lifetime = lifetime(call)
    let form = call.form
    let connections = connections
    let wantsBookmarks = call.query.flag("allowWatchBookmarks")
    let interval = options.bookmarkInterval
    let store = store
    let include = call.query["includeObject"]
    // A client that hangs up ends its watch.
    channel.closeFuture.whenComplete { _ in source.end() }
    let body = ResponseBody { writer in
      defer {
        connections.remove(watch: registration)
        source.end()
      }
      var lines = WatchLines(
        definition: call.definition, version: call.version, form: form, include: include, now: store.now,
        isInitial: isInitial)
      async let _: Void = Self.keepTime(lifetime, every: interval) {
        if wantsBookmarks { store.bookmark(source.id, of: resource) }
      } end: {
        source.end()
      }
      for await event in source.events { try await writer.write(ByteBuffer(bytes: lines.line(event))) }
      try await writer.finish(nil)
    }
    return Response(
      status: .ok, headers: [.contentType: "application/json", .cacheControl: "no-cache, private"], body: body)
  }

  /// Calls `tick` every so often, and `end` when the time is up.
  private static func keepTime(
    _ lifetime: Duration, every interval: Duration, tick: @Sendable () -> Void, end: @Sendable () -> Void
  ) async {
    let clock = ContinuousClock()
    let deadline = clock.now.advanced(by: lifetime)
    while clock.now < deadline {
      do { try await clock.sleep(until: min(deadline, clock.now.advanced(by: interval))) } catch { return }
      tick()
    }
    end()
  }

  /// The client's limit or, without one, half an hour to an hour; less when faults say so.
  private func lifetime(_ call: APICall) -> Duration {
    let asked = call.query["timeoutSeconds"].flatMap { Int($0) } ?? 0
    let own: Duration = asked > 0 ? .seconds(asked) : .seconds(Int.random(in: 1_800...3_600))
    return faults.watchLifetime.map { min($0, own) } ?? own
  }
}

/// Turns changes into the lines of a watch.
struct WatchLines {
  let definition: ResourceDefinition
  let version: String
  let form: APICall.Form
  let include: String?
  let now: @Sendable () -> Date
  var isInitial: Bool
  private var hasColumns = false

  init(
    definition: ResourceDefinition, version: String, form: APICall.Form, include: String?,
    now: @escaping @Sendable () -> Date, isInitial: Bool
  ) {
    self.definition = definition
    self.version = version
    self.form = form
    self.include = include
    self.now = now
    self.isInitial = isInitial
  }

  mutating func line(_ event: StoredEvent) -> [UInt8] {
    var output = Array("{\"type\":\"\(event.kind.rawValue)\",\"object\":".utf8)
    if event.kind == .bookmark {
      var object = event.object.json
      object["apiVersion"] = .string(definition.apiVersion(version))
      if isInitial { object[path: "metadata", "annotations"] = ["k8s.io/initial-events-end": "true"] }
      isInitial = false
      if form == .table {
        // A bookmark is a table without rows that only says how far it got.
        object = [
          "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": object["metadata"] ?? [:],
          "columnDefinitions": .null, "rows": [],
        ]
      }
      object.write(to: &output)
    } else if form == .table {
      var table = ObjectTable(definition, version: version, include: include)
      table.version = String(event.object.revision)
      table.hasColumns = !hasColumns
      hasColumns = true
      table.json(of: [event.object.json], now: now()).write(to: &output)
    } else if form == .partial {
      ObjectTable.partial(event.object.json).write(to: &output)
    } else {
      event.object.write(to: &output, kind: definition.kind, apiVersion: definition.apiVersion(version))
    }
    output.append(contentsOf: "}\n".utf8)
    return output
  }
}
