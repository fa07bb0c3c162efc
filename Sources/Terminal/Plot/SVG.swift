/// A drawing that is put together element by element, in one coordinate unit per pixel.
///
/// It brings its ground and its colours for light and dark, and needs no font, script or other file.
struct SVG {
  /// Which end of a text is at its place.
  enum Anchor: String {
    case start, middle, end
  }

  let width: Double
  let height: Double
  let title: String
  /// For who cannot see it.
  let description: String
  private var elements: [String] = []

  init(width: Double, height: Double, title: String, description: String) {
    self.width = width
    self.height = height
    self.title = title
    self.description = description
  }

  /// What the classes of elements look like. Who does not know about dark schemes, sees the light one.
  private static let looks = """
    .plot text{font-family:system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;font-size:12px}
    .plot .code{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
    .plot .title{font-size:16px;font-weight:600}.plot .long{font-size:13px}
    .ground{fill:#ffffff}.ink{fill:#1f2328}.faint{fill:#59636e}.limit-text{fill:#a04100}
    .grid{stroke:#e3e7eb}.axis{stroke:#8c959f}
    .series{stroke:#0b5cad;stroke-width:2;fill:none;stroke-linejoin:round}.dot,.bar{fill:#0b5cad}
    .limit{stroke:#bc4c00;stroke-width:1.5;stroke-dasharray:6 4}.leader{stroke:#bc4c00}
    @media (prefers-color-scheme:dark){
    .ground{fill:#0d1117}.ink{fill:#e6edf3}.faint{fill:#9da7b1}.limit-text{fill:#f0a35e}
    .grid{stroke:#262c34}.axis{stroke:#6e7681}
    .series{stroke:#58a6ff}.dot,.bar{fill:#58a6ff}
    .limit,.leader{stroke:#f0883e}}
    """

  mutating func text(_ text: String, x: Double, y: Double, _ look: String, anchor: Anchor = .start) {
    let place = anchor == .start ? "" : " text-anchor=\"\(anchor)\""
    elements.append(
      "<text class=\"\(look)\" x=\"\(Self.number(x))\" y=\"\(Self.number(y))\"\(place)>"
        + "\(Self.escaped(text))</text>")
  }

  /// The title as a heading: smaller where it is long, cut where it is longer than the drawing.
  mutating func heading() {
    let look = title.count > 70 ? "ink title long" : "ink title"
    text(VisibleText.cut(VisibleText.sanitised(title), to: 94), x: 20, y: 32, look)
  }

  mutating func line(from start: (x: Double, y: Double), to end: (x: Double, y: Double), _ look: String) {
    elements.append(
      "<line class=\"\(look)\" x1=\"\(Self.number(start.x))\" y1=\"\(Self.number(start.y))\" "
        + "x2=\"\(Self.number(end.x))\" y2=\"\(Self.number(end.y))\"/>")
  }

  mutating func path(_ points: [(x: Double, y: Double)], _ look: String) {
    let places = points.map { "\(Self.number($0.x)),\(Self.number($0.y))" }.joined(separator: " ")
    elements.append("<polyline class=\"\(look)\" points=\"\(places)\"/>")
  }

  /// - Parameter hint: what is shown when the pointer rests on it.
  mutating func dot(x: Double, y: Double, hint: String) {
    elements.append(
      "<circle class=\"dot\" cx=\"\(Self.number(x))\" cy=\"\(Self.number(y))\" r=\"4\">"
        + "<title>\(Self.escaped(hint))</title></circle>")
  }

  mutating func bar(x: Double, y: Double, width: Double, height: Double, hint: String) {
    elements.append(
      "<rect class=\"bar\" x=\"\(Self.number(x))\" y=\"\(Self.number(y))\" width=\"\(Self.number(width))\" "
        + "height=\"\(Self.number(height))\" rx=\"2\"><title>\(Self.escaped(hint))</title></rect>")
  }

  /// The file.
  var document: String {
    let size = "width=\"\(Self.number(width))\" height=\"\(Self.number(height))\""
    let head = """
      <svg xmlns="http://www.w3.org/2000/svg" class="plot" role="img" aria-labelledby="title description" \(size) \
      viewBox="0 0 \(Self.number(width)) \(Self.number(height))">
      <title id="title">\(Self.escaped(title))</title>
      <desc id="description">\(Self.escaped(description))</desc>
      <style>
      \(Self.looks)
      </style>
      <rect class="ground" \(size)/>
      """
    return ([head] + elements + ["</svg>"]).joined(separator: "\n") + "\n"
  }

  /// A coordinate with one digit after the point at most.
  static func number(_ value: Double) -> String {
    guard value.isFinite, abs(value) < 1e6 else { return "0" }
    let tenths = Int((value * 10).rounded())
    let sign = tenths < 0 ? "-" : ""
    let rest = abs(tenths) % 10
    return "\(sign)\(abs(tenths) / 10)" + (rest == 0 ? "" : ".\(rest)")
  }

  /// Foreign text, without what XML does not allow or gives a meaning to.
  static func escaped(_ text: String) -> String {
    var result = ""
    for character in VisibleText.sanitised(text).unicodeScalars {
      switch character {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "\u{FFFE}", "\u{FFFF}": result += "\u{FFFD}"
      default: result.unicodeScalars.append(character)
      }
    }
    return result
  }
}
