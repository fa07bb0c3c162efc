import Documents

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Objects as the table that `kubectl get` prints: `Table` of `meta.k8s.io/v1`.
struct ObjectTable: Sendable {
  /// A column and how its cell is made.
  struct Column: Sendable {
    let name: String
    var type = "string"
    var format = ""
    /// 0 always shown, 1 with `-o wide`.
    var priority = 0
    let cell: @Sendable (_ object: JSON, _ now: Date) -> JSON

    init(
      _ name: String, type: String = "string", format: String = "", priority: Int = 0,
      _ cell: @escaping @Sendable (JSON, Date) -> JSON
    ) {
      self.name = name
      self.type = type
      self.format = format
      self.priority = priority
      self.cell = cell
    }

    var definition: JSON {
      [
        "name": .string(name), "type": .string(type), "format": .string(format), "description": .string(name),
        "priority": .integer(Int64(priority)),
      ]
    }
  }

  let columns: [Column]
  /// `None`, `Metadata` or `Object`: what each row carries besides its cells.
  let include: String
  var version = ""
  /// Watches send the columns once.
  var hasColumns = true

  init(_ definition: ResourceDefinition, version: String, include: String?) {
    columns = Self.columns(of: definition, version: version)
    self.include = include.flatMap { $0.isEmpty ? nil : $0 } ?? "Metadata"
  }

  func json(of objects: [JSON], page: StorePage? = nil, now: Date) -> JSON {
    let rows = objects.map { object -> JSON in
      var row: JSON = ["cells": .array(columns.map { $0.cell(object, now) })]
      switch include {
      case "Object": row["object"] = object
      case "None": break
      default: row["object"] = Self.partial(object)
      }
      return row
    }
    return [
      "kind": "Table", "apiVersion": "meta.k8s.io/v1",
      "metadata": page?.metadata ?? ["resourceVersion": .string(version)],
      "columnDefinitions": hasColumns ? .array(columns.map(\.definition)) : .null, "rows": .array(rows),
    ]
  }

  static func partial(_ object: JSON) -> JSON {
    ["kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": object["metadata"] ?? [:]]
  }

  static func partialList(_ objects: [JSON], page: StorePage) -> JSON {
    [
      "kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1", "metadata": page.metadata,
      "items": .array(objects.map(partial)),
    ]
  }
}
