import Documents
import Foundation
import TestKit

/// One page of a browser.
struct BrowserPage: Sendable {
  let browser: Browser
  private let session: String

  /// Opens an address.
  ///
  /// - Parameters:
  ///   - size: in pixels of the style sheet.
  ///   - dark: what the system prefers.
  static func open(
    _ address: String, in browser: Browser, size: (width: Int, height: Int) = (1280, 800), dark: Bool = false
  ) async throws -> BrowserPage {
    let target = try await browser.send("Target.createTarget", ["url": "about:blank"])
    let attached = try await browser.send(
      "Target.attachToTarget", ["targetId": target["targetId"] ?? .null, "flatten": true])
    let page = BrowserPage(browser: browser, session: attached["sessionId"]?.string ?? "")
    for domain in ["Page", "Runtime", "Log"] { _ = try await page.send("\(domain).enable") }
    try await page.resize(size.width, size.height)
    _ = try await page.send(
      "Emulation.setEmulatedMedia",
      ["features": [["name": "prefers-color-scheme", "value": dark ? "dark" : "light"]]])
    try await page.send("Emulation.setFocusEmulationEnabled", ["enabled": true])
    try await page.go(address)
    return page
  }

  @discardableResult
  func send(_ method: String, _ parameters: JSON = [:]) async throws -> JSON {
    try await browser.send(method, parameters, session: session)
  }

  func go(_ address: String) async throws { try await send("Page.navigate", ["url": .string(address)]) }

  func resize(_ width: Int, _ height: Int) async throws {
    try await send(
      "Emulation.setDeviceMetricsOverride",
      [
        "width": .integer(Int64(width)), "height": .integer(Int64(height)), "deviceScaleFactor": 1, "mobile": false,
      ])
  }

  /// The value of an expression, promises awaited.
  func evaluate(_ expression: String) async throws -> JSON {
    let answer = try await send(
      "Runtime.evaluate", ["expression": .string(expression), "awaitPromise": true, "returnByValue": true])
    if let details = answer["exceptionDetails"] { throw Browser.Failure(description: "\(expression): \(details.text)") }
    return answer[path: "result", "value"] ?? .null
  }

  /// What the page says of itself: `window.prepull.inspect()`; nil before its scripts have run.
  func inspect() async throws -> JSON? {
    let value = try await evaluate("window.prepull ? prepull.inspect() : null")
    return value.isNull ? nil : value
  }

  func wait(_ what: String, until condition: String) async throws {
    try await eventually(what, within: .seconds(20)) { (try? await evaluate("Boolean(\(condition))")) == .bool(true) }
  }

  func text(_ selector: String) async throws -> String {
    try await evaluate("document.querySelector(\(JSON.string(selector).text))?.innerText ?? ''").string ?? ""
  }

  func press(_ key: String, text: String? = nil) async throws {
    for type in ["keyDown", "keyUp"] {
      var event: JSON = ["type": .string(type), "key": .string(key), "code": .string(key)]
      if type == "keyDown", let text { event["text"] = .string(text) }
      try await send("Input.dispatchKeyEvent", event)
    }
  }

  func type(_ text: String) async throws {
    for character in text { try await press(String(character), text: String(character)) }
  }

  func move(_ x: Double, _ y: Double, isClick: Bool = false) async throws {
    let types = isClick ? ["mouseMoved", "mousePressed", "mouseReleased"] : ["mouseMoved"]
    for type in types {
      try await send(
        "Input.dispatchMouseEvent",
        [
          "type": .string(type), "x": .number(x), "y": .number(y), "button": isClick ? "left" : "none",
          "clickCount": isClick ? 1 : 0,
        ])
    }
  }

  /// A picture of what is seen, as PNG.
  func picture() async throws -> Data {
    let answer = try await send("Page.captureScreenshot", ["format": "png"])
    return Data(base64Encoded: answer["data"]?.string ?? "") ?? Data()
  }
}
