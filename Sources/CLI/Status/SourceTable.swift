import Documents
import Kubernetes
import PrepullAPI
import Terminal

/// The sources of Prepulls, as `prepull status` shows them. Pure.
enum SourceTable {
  /// A line for each source: how many images its last good list has, and how old that is. Nothing without sources.
  ///
  /// - Parameter age: of a time.
  static func lines(_ prepulls: [Prepull], style: Style, columns: Int?, age: (String?) -> String) -> [String] {
    var table = Table([
      .init("NAME", shrinksTo: 12), .init("SOURCE", shrinksTo: 16), .init("IMAGES", .right), .init("LIST", .right),
      .init("STATE"),
    ])
    for prepull in prepulls {
      for source in prepull.status?.sources ?? [] {
        table.add([
          prepull.metadata.name ?? "", VisibleText.sanitised(source.source),
          source.images.map { "\($0.count)" } ?? "-", source.updatedAt == nil ? "-" : age(source.updatedAt),
          source.reason.map { style.paint(VisibleText.sanitised($0), .bad) } ?? style.paint("good", .good),
        ])
      }
    }
    return table.rows.isEmpty ? [] : [""] + table.draw(style: style, columns: columns)
  }

  static func json(of source: Prepull.SourceStatus) -> JSON {
    JSON(members: [
      ("source", .string(source.source)), ("images", .array((source.images ?? []).map(JSON.string))),
      ("updatedAt", source.updatedAt.map(JSON.string) ?? .null), ("reason", source.reason.map(JSON.string) ?? .null),
      ("message", source.message.map(JSON.string) ?? .null),
    ])
  }
}
