import Documents
import ImageSources
import Terminal

/// How `prepull images` prints what a source gives. Pure.
struct SourceReport: Sendable {
  let source: ImageSource
  let finding: SourceFinding

  func lines(style: Style, columns: Int?) -> [String] {
    guard let first = finding.images.first else { return [] }
    let title =
      switch first.figure {
      case .value: "VALUE"
      case .version: "VERSION"
      case .created: "CREATED"
      }
    var table = Table([.init("IMAGE", shrinksTo: 20), .init(title, .right)])
    for image in finding.images {
      table.add([VisibleText.sanitised(image.reference), VisibleText.sanitised(Self.text(image.figure))])
    }
    return table.draw(style: style, columns: columns)
  }

  /// `{"source", "images": [{"image", "value" | "version" | "created"}], "remarks": […]}`
  var json: JSON {
    [
      "source": .string(source.name),
      "images": .array(
        finding.images.map { image in
          var json: JSON = ["image": .string(image.reference)]
          switch image.figure {
          case .value(let value): json["value"] = Int64(exactly: value).map(JSON.integer) ?? .number(value)
          case .version(let version): json["version"] = .string(version)
          case .created(let time): json["created"] = .string(time)
          }
          return json
        }),
      "remarks": .array(finding.remarks.map(JSON.string)),
    ]
  }

  private static func text(_ figure: SourceFinding.Image.Figure) -> String {
    switch figure {
    case .value(let value): Int64(exactly: value).map { "\($0)" } ?? "\((value * 1000).rounded() / 1000)"
    case .version(let version): version
    case .created(let time): time
    }
  }
}
