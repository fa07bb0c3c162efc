import Foundation
import Testing

@testable import Dashboard

@Suite("The files of the page", .timeLimit(.minutes(1))) struct PageFilesTests {
  private static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "Sources/Dashboard/Page")

  @Test("The program has them as they are: run scripts/page after a change")
  func current() throws {
    let names = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path)
    #expect(Set(names) == Set(PageFiles.all.keys))
    for name in names {
      let text = try String(contentsOf: Self.folder.appending(path: name), encoding: .utf8)
      #expect(PageFiles.all[name] == text, "\(name) is another in the program")
    }
  }

  /// Names of clusters can try to be HTML: what makes HTML of a text is not used.
  @Test("No script makes HTML of a text, and nothing is loaded from elsewhere")
  func safety() throws {
    for (name, text) in PageFiles.all where name.hasSuffix(".js") || name.hasSuffix(".html") {
      for word in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"] {
        #expect(!text.contains(word), "\(name) uses \(word)")
      }
      for match in text.matches(of: /https?:\/\/[^"' ]+/) {
        #expect(String(match.0) == "http://www.w3.org/2000/svg", "\(name) names \(match.0)")
      }
    }
    #expect(PageFiles.all["index.html"]?.contains("style=") == false)
  }

  // MARK: Colours

  /// The custom properties of one block of the style sheet.
  private func colours(dark: Bool) throws -> [String: String] {
    let css = try #require(PageFiles.all["page.css"])
    let blocks = css.matches(of: /:root[^{]*\{([^}]*)\}/).map { String($0.1) }
    let block = try #require(dark ? blocks.dropFirst().first : blocks.first)
    return Dictionary(block.matches(of: /--([a-z]+): (#[0-9a-f]{6})/).map { (String($0.1), String($0.2)) }) { $1 }
  }

  /// WCAG 2.2: from 1 to 21.
  private func contrast(_ one: String, _ other: String) throws -> Double {
    func luminance(_ text: String) throws -> Double {
      let value = try #require(Int(text.dropFirst(), radix: 16))
      let parts = [value >> 16 & 255, value >> 8 & 255, value & 255].map { part -> Double in
        let share = Double(part) / 255
        return share <= 0.04045 ? share / 12.92 : pow((share + 0.055) / 1.055, 2.4)
      }
      return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]
    }
    let (a, b) = (try luminance(one), try luminance(other))
    return (max(a, b) + 0.05) / (min(a, b) + 0.05)
  }

  @Test("Texts and shapes have the contrast that WCAG AA asks for", arguments: [false, true])
  func palette(dark: Bool) throws {
    let colours = try colours(dark: dark)
    func check(_ name: String, on ground: String, _ least: Double) throws {
      let ratio = try contrast(try #require(colours[name]), try #require(colours[ground]))
      #expect(ratio >= least, "\(name) on \(ground): \(ratio)")
    }
    for ground in ["ground", "panel", "hover"] {
      for name in ["ink", "muted", "accent", "failed", "stale"] { try check(name, on: ground, 4.5) }
    }
    // Shapes, and the outlines of what is operated.
    for name in ["warm", "pulling", "pending", "unsupported", "control"] { try check(name, on: "panel", 3) }
    try check("mark", on: "failed", 3)
    // Neighbours in the matrix differ by more than their hue.
    try check("warm", on: "mark", 3)
  }
}
