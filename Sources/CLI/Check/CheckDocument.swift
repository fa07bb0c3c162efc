import Kubernetes
import Checking
import Documents
import ImageModel
import Registry
import Terminal

/// All that a check found, for programs. Fields are only ever added.
struct CheckDocument: Sendable {
  let report: CheckReport
  let estimate: CheckEstimate?
  let isGood: Bool

  var json: JSON {
    JSON(members: [
      ("ok", .bool(isGood)), ("platform", .string(report.platform.description)),
      ("sizeBytes", .integer(report.totalBytes)), ("uniqueBytes", .integer(report.uniqueBytes)),
      ("images", .array(report.images.map(image))), ("registries", .array(report.registries.map(registry))),
      ("cluster", report.survey == nil ? .null : cluster), ("estimate", estimate?.json ?? .null),
      ("findings", .array(report.findings.map(\.json))),
    ])
  }

  private func image(_ image: CheckReport.Image) -> JSON {
    let inspected = image.inspected
    let variants = (inspected?.variants ?? [:]).sorted { $0.key.description < $1.key.description }
    return JSON(members: [
      ("image", .string(image.subject.given)), ("reference", .string(image.subject.reference.description)),
      ("origins", .array(image.subject.origins.map(\.json))),
      ("level", report.level(of: image).map { .string($0.rawValue) } ?? .null),
      ("digest", inspected.map { .string($0.descriptor.digest.description) } ?? .null),
      ("mediaType", inspected.map { .string($0.descriptor.mediaType) } ?? .null),
      ("created", inspected?.created.map(JSON.string) ?? .null),
      ("platforms", .array((inspected?.platforms ?? []).map { .string($0.description) })),
      ("attestations", .integer(Int64(inspected?.attestations ?? 0))),
      ("traits", .array((inspected?.traits ?? []).sorted().map { .string($0.rawValue) })),
      ("sharedBytes", .integer(image.sharedBytes)),
      ("variants", .array(variants.map { variant($1, for: $0) })),
    ])
  }

  private func variant(_ variant: InspectedImage.Variant, for platform: Platform) -> JSON {
    let layers = variant.layers.map { layer -> JSON in
      [
        "digest": .string(layer.descriptor.digest.description), "mediaType": .string(layer.descriptor.mediaType),
        "sizeBytes": .integer(layer.descriptor.size), "unpackedBytes": .integer(layer.unpacked.bytes),
        "unpackedIsEstimate": .bool(!layer.unpacked.isKnown),
        "traits": .array(layer.form.traits.sorted().map { .string($0.rawValue) }),
      ]
    }
    return [
      "platform": .string(platform.description), "imagePlatform": .string(variant.platform.description),
      "digest": .string(variant.descriptor.digest.description), "sizeBytes": .integer(variant.size),
      "unpackedBytes": .integer(variant.unpacked.bytes), "unpackedIsEstimate": .bool(!variant.unpacked.isKnown),
      "layers": .array(layers),
    ]
  }

  private func registry(_ registry: CheckReport.RegistryFacts) -> JSON {
    JSON(members: [
      ("registry", .string(registry.name)), ("pullsNeeded", .integer(Int64(registry.pulls))),
      ("pullLimit", registry.rateLimit.map { .integer(Int64($0.limit)) } ?? .null),
      ("pullsLeft", registry.rateLimit.map { .integer(Int64($0.remaining)) } ?? .null),
      ("windowSeconds", registry.rateLimit?.window.map { .integer($0.components.seconds) } ?? .null),
    ])
  }

  private var cluster: JSON {
    func names(_ indices: [Int]) -> JSON { .array(indices.map { .string(report.images[$0].subject.given) }) }
    let kinds = report.needs?.kinds ?? []
    let isUnknown = report.uncounted > 0 && report.uncounted == report.images.count
    func fetch(_ bytes: Int64) -> JSON { isUnknown ? .null : .integer(bytes) }
    let needs = zip(kinds, report.needs?.counts ?? []).map { need, count -> JSON in
      [
        "nodes": .integer(Int64(count)), "bytesToFetch": fetch(need.bytes), "missing": names(need.missing),
        "present": names(need.present), "oldDigest": names(need.old),
      ]
    }
    let nodes = zip(report.wanted, report.needs?.kindOfNode ?? []).map { node, kind -> JSON in
      let need = kinds[kind]
      let disk = DiskNeed(need, node.runtime)
      return JSON(members: [
        ("node", .string(node.facts.name)), ("platform", .string(node.facts.platform.description)),
        ("runtime", node.runtime.map { .string($0.description) } ?? .null),
        ("bytesToFetch", fetch(need.bytes)), ("needs", .integer(Int64(kind))),
        ("listIsFull", .bool(node.isListFull)),
        ("diskNeeded", .integer(disk.likely.bytes)), ("diskNeededIsEstimate", .bool(!disk.likely.isKnown)),
        ("diskCapacity", node.capacity.map(JSON.integer) ?? .null),
        ("diskAllocatable", node.allocatable.map(JSON.integer) ?? .null),
        ("reportedImageBytes", .integer(node.reportedBytes)),
      ])
    }
    let others = (report.survey?.nodes ?? []).compactMap { node -> JSON? in
      switch node.verdict {
      case .wanted: nil
      case .skipped(let reason):
        ["node": .string(node.facts.name), "verdict": "skipped", "reason": .string(reason.description)]
      case .unsupported(let reason):
        ["node": .string(node.facts.name), "verdict": "unsupported", "reason": .string(reason)]
      }
    }
    return [
      // What nodes lack, once for all nodes that lack the same; `needs` of a node is the place here.
      "needs": .array(needs), "nodes": .array(nodes), "otherNodes": .array(others),
      "bytesToFetch": fetch(report.needs?.bytes ?? 0), "uncountedImages": .integer(Int64(report.uncounted)),
    ]
  }
}

extension CheckFinding {
  var json: JSON {
    JSON(members: [
      ("code", .string(code.rawValue)), ("level", .string(level.rawValue)), ("ignored", .bool(isIgnored)),
      ("image", image.map(JSON.string) ?? .null), ("message", .string(detail)), ("remedy", .string(remedy)),
      ("origins", .array(origins.map(\.json))),
    ])
  }

  /// `nginx:1.27 is named by a tag alone, which may move. Name it by its digest as well …`
  var text: String { VisibleText.sanitised((image.map { "\($0) " } ?? "") + "\(detail). \(remedy)") }
}

extension ImageOrigin {
  var json: JSON {
    JSON(members: [
      ("file", file.map(JSON.string) ?? .null), ("line", line.map { .integer(Int64($0)) } ?? .null),
      ("object", object.map(JSON.string) ?? .null), ("path", path.map(JSON.string) ?? .null),
    ])
  }
}
