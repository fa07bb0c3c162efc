package import Documents
import ImageModel
import Kubernetes

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A node with all its cells, as the page gets it.
package struct MatrixRow: Hashable, Sendable {
  package var name: String
  package var zone = ""
  package var pool = ""
  package var type = ""
  package var platform = ""
  /// Seconds since 1970.
  package var joined: Double?
  /// What a person should see at once: `gated`, `cordoned`, `not ready`.
  package var flags: [String] = []
  /// By image, a byte for each: `w`arm, `p`ulling, `q`ueued, `s`tale, `f`ailed, `u`nsupported, `-` not wanted.
  package var cells: [UInt8] = []
  /// By image, 0 to 1; only of pulls that say so.
  package var progress: [Int: Double] = [:]

  package static let nothing = UInt8(ascii: "-")

  package init(name: String) { self.name = name }

  /// Labels by which clouds and tools tell pools of nodes, the first that is there counts.
  static let poolLabels = [
    "karpenter.sh/nodepool", "eks.amazonaws.com/nodegroup", "cloud.google.com/gke-nodepool",
    "kubernetes.azure.com/agentpool", "node.kubernetes.io/pool", "node-pool", "nodepool", "pool",
  ]

  init(_ facts: NodeFacts, joined: String?) {
    name = facts.name
    zone = facts.zone
    pool = Self.poolLabels.lazy.compactMap { facts.labels[$0] }.first ?? ""
    type = facts.labels["node.kubernetes.io/instance-type"] ?? ""
    platform = facts.architecture.isEmpty ? facts.os : facts.platform.description
    self.joined = joined.flatMap(Moment.init)?.seconds
    if !facts.isReady { flags.append("not ready") }
    if !facts.isSchedulable { flags.append("cordoned") }
  }

  package var json: JSON {
    var members: [String: JSON] = [
      "name": .string(name), "zone": .string(zone), "pool": .string(pool), "type": .string(type),
      "platform": .string(platform), "cells": .string(String(decoding: cells, as: UTF8.self)),
      "flags": .array(flags.map(JSON.string)), "joined": joined.map(JSON.number) ?? .null,
    ]
    if !progress.isEmpty {
      members["progress"] = .object(
        Dictionary(uniqueKeysWithValues: progress.map { ("\($0.key)", .number(($0.value * 100).rounded() / 100)) }))
    }
    return .object(members)
  }
}

/// A moment as objects write it, in seconds since 1970.
struct Moment {
  let seconds: Double

  init?(_ text: String) {
    guard let date = Timestamp.date(text) else { return nil }
    seconds = date.timeIntervalSince1970
  }
}
