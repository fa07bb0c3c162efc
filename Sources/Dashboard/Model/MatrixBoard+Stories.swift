package import Documents
import Kubernetes
import PrepullAPI
import Warming

/// What the page tells of one node, of one image, and of runs. Times are seconds since 1970.
extension MatrixBoard {
  /// - Returns: nil where there is no such node.
  package func nodeStory(_ name: String, isBrief: Bool = false) -> JSON? {
    guard let row = rows[name] else { return nil }
    let record = records.objects[.init(name: name)]?.status
    let cells = cells(of: facts(name)).sorted { $0.key < $1.key }
    var story = row.json
    story["images"] = .array(cells.map { json($0.value, of: columns.columns[$0.key].name) })
    if isBrief { return story }
    let node = nodes.objects[.init(name: name)]
    story["runtime"] = JSON(node?.status?.nodeInfo?.containerRuntimeVersion ?? record?.agent?.runtime)
    story["agent"] = JSON(record?.agent?.version)
    story["firstWarm"] = JSON(moment: record?.firstWarmAt)
    // Agents prove what they hold all the time, and write when it changes.
    story["verified"] = record?.isAllOfAgent == true ? .null : JSON(moment: record?.verifiedAt)
    story["heard"] = live.heard[name].map(JSON.number) ?? .null
    story["taints"] = .array(facts(name).taints.map { .string($0.description) })
    story["gates"] = .array(
      (record?.gates ?? []).map { gate in
        [
          "taint": .string(gate.startupTaint), "since": JSON(moment: gate.since), "opened": JSON(moment: gate.openedAt),
          "reason": JSON(gate.reason),
        ]
      })
    var entries = log.entries(node: name)
    for condition in record?.agent?.conditions ?? [] where condition.status == "False" && condition.type == "Ready" {
      entries.append(StoryLog.Entry(condition))
    }
    story["events"] = .array(entries.map(\.json))
    return story
  }

  /// - Returns: nil where nobody wants such an image.
  package func imageStory(_ image: String) -> JSON? {
    guard let index = columns.place(of: image) else { return nil }
    let column = columns.columns[index]
    var states: [Coverage.State: Int] = [:]
    var digests: [String: Int] = [:]
    var failures: [[String]: [String]] = [:]
    var pulls: [Double] = []
    for name in rows.keys.sorted() {
      guard rows[name]?.cells[index] != MatrixRow.nothing, let cell = cells(of: facts(name))[index] else { continue }
      states[cell.state, default: 0] += 1
      if let digest = cell.digest { digests[digest, default: 0] += 1 }
      if let seconds = cell.pullSeconds { pulls.append(seconds) }
      if cell.state == .failed {
        failures[[cell.message ?? "no reason is known", cell.remedy ?? ""], default: []].append(name)
      }
    }
    pulls.sort()
    let order: [Coverage.State] = [.warm, .pulling, .pending, .stale, .failed, .unsupported]
    return [
      "name": .string(column.name), "digest": JSON(column.digest), "message": JSON(column.message),
      "bytes": column.bytes.map(JSON.integer) ?? .null,
      "wantedBy": .array(column.plans.map { columns.plans[$0] }.filter { $0.ended == nil }.map { .string($0.key) }),
      "claim": columns.claim(on: image)?.json ?? .null,
      "states": .object(
        Dictionary(uniqueKeysWithValues: order.map { ($0.rawValue, .integer(Int64(states[$0] ?? 0))) })),
      "pulls": pulls.isEmpty
        ? .null
        : [
          "least": .number(pulls[0]), "median": .number(pulls[pulls.count / 2]),
          "most": .number(pulls[pulls.count - 1]),
        ],
      "digests": .array(
        digests.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map {
          ["digest": .string($0.key), "nodes": .integer(Int64($0.value))]
        }),
      "failures": .array(
        failures.sorted { ($1.value.count, $0.key[0]) < ($0.value.count, $1.key[0]) }.map {
          ["message": .string($0.key[0]), "remedy": .string($0.key[1]), "nodes": .array($0.value.map(JSON.string))]
        }),
      "events": .array(log.entries(image: column.name).map(\.json)),
    ]
  }

  /// The runs, newest first, and all turns of one of them.
  ///
  /// - Parameter id: of the run; where there is none of this name, the one that the page stands beside, else the newest.
  package func runsStory(_ id: String, now: Double) -> JSON {
    let runs = live.runs.sorted { ($1.value.begun, $0.key) < ($0.value.begun, $1.key) }
    guard let first = runs.first(where: { isOwn($0.value) }) ?? runs.first else {
      return ["now": .number(now), "runs": []]
    }
    let chosen = runs.first { $0.key == id } ?? first
    let run = chosen.value
    let turns = run.turns.sorted { ($0.value.begin, $0.key) < ($1.value.begin, $1.key) }
    let waves = SeedWaves(turns.map(\.value)).labels(seeds: seeds(of: run))
    return [
      "now": .number(now),
      "runs": .array(
        runs.map {
          [
            "id": .string($0.key), "name": .string($0.value.name), "begun": .number($0.value.begun),
            "ended": $0.value.ended.map(JSON.number) ?? .null,
          ]
        }),
      "run": [
        "id": .string(chosen.key), "name": .string(run.name), "namespace": .string(run.namespace),
        "kind": run.kind == .run ? "run" : "Prepull", "images": .array(run.images.map(JSON.string)),
        "begun": .number(run.begun), "ended": run.ended.map(JSON.number) ?? .null,
        "waiting": .integer(Int64(waiting(run))),
        "bytes": isOwn(run) ? .integer(ownRun?.pulledBytes ?? 0) : .null,
        "nodes": .array(
          turns.enumerated().map { index, place in
            let (node, turn) = place
            return [
              "name": .string(node), "begin": .number(turn.begin), "pull": turn.pull.map(JSON.number) ?? .null,
              "done": turn.done.map(JSON.number) ?? .null, "outcome": JSON(outcome(of: turn, on: node, in: run)),
              "wave": JSON(waves[index]),
            ]
          }),
      ],
    ]
  }

  private func json(_ cell: MatrixCell, of image: String) -> JSON {
    [
      "image": .string(image), "state": .string(cell.state.rawValue), "digest": JSON(cell.digest),
      "since": JSON(moment: cell.since), "pullSeconds": cell.pullSeconds.map(JSON.number) ?? .null,
      "message": JSON(cell.message), "remedy": JSON(cell.remedy), "retry": JSON(moment: cell.retryAt),
      "progress": JSON(cell.progressText),
      "wantedBy": .array(cell.wantedBy.map(JSON.string)),
    ]
  }
}

extension WarmNode.Status {
  /// Whether the node's agent answers for all images that are wanted there.
  fileprivate var isAllOfAgent: Bool {
    guard let agent else { return false }
    return Set((images ?? []).map(\.image)).isSubset(of: (agent.images ?? []).map(\.image))
  }
}

extension StoryLog.Entry {
  fileprivate init(_ condition: APICondition) {
    self.init(
      time: Moment(condition.lastTransitionTime)?.seconds ?? 0, text: "The agent: \(condition.reason)",
      detail: condition.message, isWarning: true)
  }
}

extension JSON {
  init(_ text: String?) { self = text.map(JSON.string) ?? .null }

  /// Seconds since 1970.
  init(moment text: String?) { self = text.flatMap(Moment.init).map { .number($0.seconds) } ?? .null }
}
