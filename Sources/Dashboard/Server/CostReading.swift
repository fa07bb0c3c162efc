import Documents
import Kubernetes
import Usage

/// What images cost a cluster, read when somebody looks: it takes all pods and events of the cluster.
actor CostReading {
  /// Between two readings.
  private static let least = 20.0

  private let reader: UsageReader
  private let manifest: @Sendable ([ImageUsage]) throws -> String
  private var last: (time: Double, survey: Survey)?
  private var current: Reading?
  private var turn = 0

  private struct Survey {
    let ranking: UsageRanking
    let outcome: UsageReader.Outcome
  }

  private struct Reading {
    let turn: Int
    let task: Task<Survey, any Error>
    /// Who waits for it; it ends when the last of them leaves.
    var readers = 1
  }

  /// - Parameter among: the namespaces that count; nil for all.
  init(
    _ client: KubernetesClient, namespace: String?, among: Set<String>? = nil,
    manifest: @escaping @Sendable ([ImageUsage]) throws -> String
  ) {
    var scope = UsageReader.Scope(namespace: namespace)
    scope.among = among
    reader = UsageReader(client: client, scope: scope)
    self.manifest = manifest
  }

  /// What it was within the last seconds, with what is wanted now.
  func read(_ columns: MatrixColumns) async throws -> JSON { try Self.json(await survey(), columns, manifest) }

  /// One reading at a time, for all who ask meanwhile.
  private func survey() async throws -> Survey {
    let now = LiveMatrix.now
    if let last, now - last.time < Self.least { return last.survey }
    if let current {
      self.current?.readers += 1
      return try await wait(for: current)
    }
    let task = Task { [reader] in
      var record = UsageRecord()
      let outcome = try await reader.read(into: &record, since: now - 3600, eventsSince: now - 3600, now: now)
      let ranking = UsageRanking(outcome.survey, record.history, since: now - 3600, now: now)
      return Survey(ranking: ranking, outcome: outcome)
    }
    turn += 1
    let reading = Reading(turn: turn, task: task)
    current = reading
    return try await wait(for: reading)
  }

  private func wait(for reading: Reading) async throws -> Survey {
    do {
      let survey = try await withTaskCancellationHandler {
        try await reading.task.value
      } onCancel: {
        Task { await self.leave(reading.turn) }
      }
      if current?.turn == reading.turn { (last, current) = ((LiveMatrix.now, survey), nil) }
      return survey
    } catch {
      if current?.turn == reading.turn { current = nil }
      throw error
    }
  }

  private func leave(_ turn: Int) {
    guard var reading = current, reading.turn == turn else { return }
    reading.readers -= 1
    current = reading.readers > 0 ? reading : nil
    if reading.readers == 0 { reading.task.cancel() }
  }

  private static func json(
    _ survey: Survey, _ columns: MatrixColumns, _ manifest: ([ImageUsage]) throws -> String
  ) throws -> JSON {
    let outcome = survey.outcome
    let shown = survey.ranking.images.prefix(200)
    let missing = shown.filter {
      $0.canBeWarmed && $0.failing == 0 && $0.waitPerHour > .zero
        && columns.claim(on: $0.reference)?.isKeeping != true
    }
    return [
      "nodes": .integer(Int64(outcome.survey.nodes.values.reduce(0, +))), "pods": .integer(Int64(outcome.survey.pods)),
      "images": .array(
        shown.map { image in
          [
            "image": .string(image.reference), "nodes": .integer(Int64(image.nodes)),
            "eligible": .integer(Int64(image.eligibleNodes)), "startsPerHour": .number(image.startsPerHour),
            "coldChance": .number(image.coldChance),
            "pullSeconds": image.pullTime.map { .number($0 / .seconds(1)) } ?? .null,
            "isGuessed": .bool(image.isPullTimeGuessed), "waitSecondsPerHour": .number(image.waitPerHour / .seconds(1)),
            "users": .array(image.users.prefix(20).map(JSON.string)),
            "claim": columns.claim(on: image.reference)?.json ?? .null,
          ]
        }),
      "workloads": .array(
        outcome.survey.nextPods().prefix(200).map { next in
          [
            "workload": .string(next.workload), "nodes": .integer(Int64(next.warmNodes)),
            "eligible": .integer(Int64(next.nodes)), "lacking": .array(next.lacking.prefix(5).map(JSON.string)),
          ]
        }),
      "remarks": .array(outcome.remarks.map(JSON.string)),
      "manifest": missing.isEmpty ? "" : .string(try manifest(Array(missing.prefix(10)))),
    ]
  }
}
