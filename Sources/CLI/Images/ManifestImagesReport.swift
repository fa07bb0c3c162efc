import Workloads
import Documents
import Terminal

/// How `prepull images -f` prints what manifests name. Pure.
struct ManifestImagesReport: Sendable {
  struct Row: Sendable {
    let reference: String
    let places: [ManifestPlace]
  }

  let rows: [Row]
  let problems: [ImageProblem]

  /// - Parameter top: at most this many images, in the order in which they were found.
  init(_ found: ManifestImages, top: Int?) {
    let places = Dictionary(grouping: found.images, by: \.reference).mapValues { $0.map(\.place) }
    rows = found.references.prefix(top ?? .max).map { Row(reference: $0, places: places[$0] ?? []) }
    problems = found.problems
  }

  func lines(style: Style, columns: Int?) -> [String] {
    let hasNamespaces = rows.contains { $0.places.contains { $0.namespace != nil } }
    var table = Table(
      [.init("IMAGE", shrinksTo: 20), .init("USED BY", shrinksTo: 12), .init("CONTAINER", shrinksTo: 9)]
        + (hasNamespaces ? [.init("NAMESPACE", shrinksTo: 9)] : []))
    for row in rows {
      for (index, place) in row.places.enumerated() {
        table.add([
          index == 0 ? VisibleText.sanitised(row.reference) : "", VisibleText.sanitised(place.source),
          VisibleText.sanitised(place.container), VisibleText.sanitised(place.namespace ?? ""),
        ])
      }
    }
    return rows.isEmpty ? [] : table.draw(style: style, columns: columns)
  }

  /// `{"images": [{"image", "usedBy": [{"source", "namespace", "path", "container"}]}], "problems": […]}`
  var json: JSON {
    [
      "images": .array(
        rows.map { ["image": .string($0.reference), "usedBy": .array($0.places.map { .object($0.members) })] }),
      "problems": .array(
        problems.map { problem in
          .object(
            problem.place.members.merging([
              "code": .string(problem.code.rawValue), "message": .string(problem.reason),
            ]) { $1 })
        }),
    ]
  }
}

extension ManifestPlace {
  fileprivate var members: [String: JSON] {
    [
      "source": .string(source), "namespace": namespace.map(JSON.string) ?? .null, "path": .string(path),
      "container": .string(container),
    ]
  }
}
